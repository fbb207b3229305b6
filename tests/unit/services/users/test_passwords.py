"""Passwords are compared off the loop, bounded, and in the same way for everybody."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from hongyan.model.codes import InvalidField, Overloaded
from hongyan.services.users.passwords import Passwords, check_password


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    """Cheap ones."""
    passwords = Passwords(memory_kib=64, iterations=1, queue=4)
    yield passwords
    await passwords.close()


async def test_a_password_matches_its_hash_and_no_other(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert await passwords.hash("correct horse") != hashed, "each has its own salt"
    assert await passwords.matches("correct horse", hashed)
    assert not await passwords.matches("correct horsE", hashed)


async def test_nobody_has_a_password(passwords: Passwords) -> None:
    assert not await passwords.matches("correct horse", None)
    assert not await passwords.matches("", None)


async def test_what_is_no_hash_matches_nothing(passwords: Passwords) -> None:
    for text in ("!", "", "$argon2id$", "correct horse", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"):
        assert not await passwords.matches("correct horse", text)


async def test_comparing_with_nobodys_costs_what_comparing_with_somebodys_does(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse")
    cost = hashed.split("$")[1:4]
    assert passwords._nobodys.split("$")[1:4] == cost
    assert len(passwords._nobodys) == len(hashed)


async def test_what_looks_the_same_is_the_same_however_it_was_typed(passwords: Passwords) -> None:
    assert await passwords.matches("caf\u00e9 1234", await passwords.hash("cafe\u0301 1234"))


async def test_beyond_the_bound_the_answer_is_overloaded_and_then_there_is_room_again(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(passwords, "_matches", lambda *_arguments: gate.wait(5))
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(passwords.matches("correct horse", None)) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as caught:
            await passwords.matches("correct horse", None)
        assert caught.value.retry_after_ms == 1_000
        gate.set()
    assert [task.result() for task in waiting] == [True] * 4
    assert await passwords.matches("correct horse", None)


async def test_who_goes_away_still_counts_until_the_thread_is_done(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(passwords, "_matches", lambda *_arguments: gate.wait(5))
    async with asyncio.TaskGroup() as group:
        gone = [group.create_task(passwords.matches("correct horse", None)) for _ in range(4)]
        await asyncio.sleep(0)
        for task in gone[:2]:
            task.cancel()
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await passwords.matches("correct horse", None)
        gate.set()


@pytest.mark.parametrize("password", ["", "1234567", "一二三四五六七", "x" * 1_025, "字" * 400, "\ud800 surrogate"])
def test_what_cannot_be_a_password_is_refused(password: str) -> None:
    with pytest.raises(InvalidField, match=r"^password is not valid"):
        check_password(password)


@pytest.mark.parametrize("password", ["12345678", "一二三四五六七八", "x" * 1_024, "🦢" * 8, "with spaces  "])
def test_what_can_be_a_password_is_taken(password: str) -> None:
    check_password(password)
