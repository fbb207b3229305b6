"""A line is a message unless it begins with a slash."""

import pytest

from hongyan.cli.chat import typed as ask
from hongyan.cli.chat.deeds import FORMS
from hongyan.cli.chat.errands import ERRANDS
from hongyan.cli.chat.keeping import KEEPINGS
from hongyan.cli.chat.typed import COMMANDS, Mistake, parse_line

READ: dict[str, object] = {
    "hello": ask.Said("hello"),
    "  indented": ask.Said("  indented"),
    "//etc/hosts is a file": ask.Said("/etc/hosts is a file"),
    "你好 /open bob": ask.Said("你好 /open bob"),
    "/open bob": ask.Open("bob"),
    "/open #read club ": ask.Open("#read club"),
    "/OPEN bob": ask.Open("bob"),
    "/more": ask.More(),
    "/show 12": ask.Show(12),
    "/paste a file.txt": ask.Paste("a file.txt"),
    '/group "Book club" bob carol': ask.Group("Book club", ("bob", "carol")),
    "/group #team": ask.Group("team", ()),
    "/add bob, carol": ask.Add(("bob", "carol")),
    "/remove bob": ask.Remove(("bob",)),
    "/leave": ask.Leave(),
    "/recall 3": ask.TakeBack(3),
    "/who": ask.Who(),
    "/list": ask.ListChats(),
    "/help": ask.Explain(),
    "/quit": ask.Quit(),
}


@pytest.mark.parametrize("line", READ)
def test_a_line_means(line: str) -> None:
    assert parse_line(line) == READ[line]


@pytest.mark.parametrize("line", ["", "   ", "\t"])
def test_an_empty_line_means_nothing(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    "line", ["/open", "/show", "/show x", "/show 0", "/recall -1", "/group", '/group "', "/add", "/remove ", "/paste"]
)
def test_a_command_without_what_it_needs_says_how_it_is_typed(line: str) -> None:
    word = line.split(maxsplit=1)[0]
    with pytest.raises(Mistake, match=f"^Type it as {word} .*[A-Z]"):
        parse_line(line)


def test_an_unknown_command_is_not_sent_as_a_message() -> None:
    with pytest.raises(Mistake, match="no /opne"):
        parse_line("/opne bob")


def test_every_kind_of_line_has_its_command() -> None:
    assert (
        len({type(meant) for meant in READ.values()}) == len(COMMANDS) - len(FORMS) - len(ERRANDS) - len(KEEPINGS) + 1
    )
