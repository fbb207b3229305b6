"""Errors have a code, fields, and a sentence built from the fields; they are values as well as exceptions."""

import string
from collections.abc import Callable

import pytest

from hongyan.model.codes import (
    CLOSE_SENTENCES,
    ERRORS,
    CloseCode,
    ErrorCode,
    Internal,
    NotAMember,
    Overloaded,
    StorageFull,
    TokenExpired,
)
from hongyan.model.errors import CallerFault, HongyanError, PeerFault, UsFault, WorldFault


def example(leaf: type[HongyanError]) -> HongyanError:
    """An instance with a value in every field of its sentence."""
    names = {name for _, name, _, _ in string.Formatter().parse(leaf.sentence) if name}
    make: Callable[..., HongyanError] = leaf
    return make(**{name: f"<{name}>" for name in names})


def test_the_sentence_is_built_from_the_fields() -> None:
    error = NotAMember(conversation_id="g:books")
    assert str(error) == "You are not a member of g:books."
    assert error.fields == {"conversation_id": "g:books"}
    assert (error.code, error.name, error.permanent, error.http_status) == (3001, "not_a_member", True, 403)


def test_an_error_may_say_when_to_try_again() -> None:
    assert Overloaded(what="the log", retry_after_ms=500).retry_after_ms == 500
    assert Overloaded(what="the log").retry_after_ms == 0
    assert TokenExpired(retry_after_ms=5).retry_after_ms == 5


@pytest.mark.parametrize("leaf", ERRORS.values(), ids=lambda leaf: leaf.__name__)
def test_every_error_makes_its_sentence_and_says_who_caused_it(leaf: type[HongyanError]) -> None:
    error = example(leaf)
    assert "{" not in str(error)
    assert str(error).endswith(".")
    for value in error.fields.values():
        assert str(value) in str(error)
    assert sum(isinstance(error, fault) for fault in (CallerFault, PeerFault, UsFault, WorldFault)) == 1
    assert ERRORS[error.code] is leaf
    assert ErrorCode(error.code).name.lower() == error.name
    assert 400 <= error.http_status < 600


def test_who_caused_an_error_follows_its_range() -> None:
    """A caller's fault is 4xx over HTTP and never ours to log; ours and the world's are 5xx and worth another try."""
    for leaf in ERRORS.values():
        assert issubclass(leaf, CallerFault) == (leaf.http_status < 500)
        if not issubclass(leaf, CallerFault):
            assert not leaf.permanent


def test_every_code_has_its_error() -> None:
    assert set(ERRORS) == set(ErrorCode)


def test_close_codes_below_4500_resume() -> None:
    assert set(CLOSE_SENTENCES) == set(CloseCode)
    assert CloseCode.GOING_AWAY.resumable
    assert CloseCode.SLOW_CONSUMER.resumable
    assert not CloseCode.BAD_FRAME.resumable
    assert not CloseCode.LOGGED_OUT.resumable
    assert all(4000 <= code < 5000 for code in CloseCode)


@pytest.mark.parametrize("error", [StorageFull(), Internal(reference="0-7")])
def test_errors_are_raised_as_well(error: HongyanError) -> None:
    with pytest.raises(HongyanError) as raised:
        raise error
    assert raised.value is error
