"""What is typed about the open chat for oneself becomes a keeping, or is answered with how it is typed."""

import pytest

from hongyan.cli.chat.deeds import FORMS
from hongyan.cli.chat.errands import ERRANDS
from hongyan.cli.chat.keeping import KEEPINGS, Keeping, draft_words
from hongyan.cli.chat.typed import COMMANDS, Mistake, parse_line
from hongyan_client import Draft


@pytest.mark.parametrize(
    "line",
    [
        "/top",
        "/silence",
        "/hide",
        "/label work 读书",
        "/label",
        "/draft dear Bob",
        "/draft",
        "/readers 3",
        "/clear really",
    ],
)
def test_a_line_about_the_open_chat_is_a_keeping_that_wants_one_open(line: str) -> None:
    keeping = parse_line(line)
    assert isinstance(keeping, Keeping)
    assert not keeping.anywhere


def test_a_message_is_reported_where_it_stands_and_a_user_anywhere() -> None:
    message, user = parse_line("/report 3 spam every day"), parse_line("/report @bob abuse")
    assert isinstance(message, Keeping)
    assert isinstance(user, Keeping)
    assert (message.anywhere, user.anywhere) == (False, True)


@pytest.mark.parametrize(
    "line",
    ["/readers", "/readers 0", "/forget x", "/clear", "/report", "/report 3", "/report 3 boring", "/report bob spam"],
)
def test_a_line_that_lacks_something_is_answered_with_how_it_is_typed(line: str) -> None:
    with pytest.raises(Mistake, match=f"Type it as {line.split(maxsplit=1)[0]}"):
        parse_line(line)


def test_no_word_is_taken_twice() -> None:
    assert not set(KEEPINGS) & (set(FORMS) | set(ERRANDS))
    assert set(KEEPINGS) <= set(COMMANDS)


def test_what_was_begun_is_shown_without_control_characters() -> None:
    assert draft_words(None) == ""
    assert draft_words(Draft("dear\x1b Bob")) == "You began: dear Bob"
