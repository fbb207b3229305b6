"""What a person typed, as one of a few records. A line is a message unless it begins with `/`; `//` begins one with `/`."""

import shlex
from collections.abc import Callable

import msgspec

from hongyan.cli.chat.deeds import FORMS, Deed
from hongyan.cli.chat.errands import ERRANDS, Errand
from hongyan.cli.chat.keeping import KEEPINGS, Keeping


class Mistake(Exception):
    """What was typed cannot be done; the sentence says what to type instead."""


class Said(msgspec.Struct, frozen=True):
    """A message to the open chat."""

    text: str


class Open(msgspec.Struct, frozen=True):
    """Go to a person's or a group's chat."""

    name: str


class More(msgspec.Struct, frozen=True):
    """Older messages."""


class Show(msgspec.Struct, frozen=True):
    """One message in full."""

    seq: int


class Paste(msgspec.Struct, frozen=True):
    """Send what a file says."""

    path: str


class Group(msgspec.Struct, frozen=True):
    """Make a group."""

    name: str
    users: tuple[str, ...]


class Add(msgspec.Struct, frozen=True):
    """Take users into the open group."""

    users: tuple[str, ...]


class Remove(msgspec.Struct, frozen=True):
    """Put users out of the open group."""

    users: tuple[str, ...]


class Leave(msgspec.Struct, frozen=True):
    """Leave the open group."""


class TakeBack(msgspec.Struct, frozen=True):
    """Recall a message."""

    seq: int


class Who(msgspec.Struct, frozen=True):
    """Who is in the open chat."""


class ListChats(msgspec.Struct, frozen=True):
    """All chats."""


class Explain(msgspec.Struct, frozen=True):
    """What can be typed."""


class Quit(msgspec.Struct, frozen=True):
    """Good-bye."""


Typed = (
    Said
    | Open
    | More
    | Show
    | Paste
    | Group
    | Add
    | Remove
    | Leave
    | TakeBack
    | Who
    | ListChats
    | Explain
    | Quit
    | Deed
    | Errand
    | Keeping
)


class Usage(msgspec.Struct, frozen=True):
    """A command: what comes behind its word, what it does, and its record made of the rest of the line."""

    arguments: str
    meaning: str
    build: Callable[[str], Typed]


def parse_line(line: str) -> Typed | None:
    """What a line means; None for an empty one. Raises Mistake."""
    if not line.strip():
        return None
    if not line.startswith("/"):
        return Said(line)
    if line.startswith("//"):
        return Said(line[1:])
    word, _, rest = line[1:].partition(" ")
    usage = COMMANDS.get(word.strip().lower())
    if usage is None:
        raise Mistake(f"There is no /{word.strip()}; /help lists what there is.")
    try:
        return usage.build(rest.strip())
    except ValueError as error:
        raise Mistake(f"Type it as /{word.strip()} {usage.arguments}".rstrip() + ".") from error


def _one(text: str) -> str:
    if not text:
        raise ValueError("something is missing")
    return text


def _number(text: str) -> int:
    seq = int(text)
    if seq < 1:
        raise ValueError("entries are numbered from 1")
    return seq


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.replace(",", " ").split())
    if not names:
        raise ValueError("no name")
    return names


def _group(text: str) -> Group:
    name, *users = shlex.split(text)
    return Group(_one(name.removeprefix("#").strip()), tuple(users))


COMMANDS: dict[str, Usage] = {
    "open": Usage("NAME", "talk to a person, or to a group: /open bob, /open #team", lambda rest: Open(_one(rest))),
    "list": Usage("", "all chats, with what is unread", lambda _: ListChats()),
    "more": Usage("", "older messages of this chat", lambda _: More()),
    "show": Usage("N", "message N in full", lambda rest: Show(_number(rest))),
    "paste": Usage("FILE", "send the text of a file", lambda rest: Paste(_one(rest))),
    "recall": Usage("N", "take message N back", lambda rest: TakeBack(_number(rest))),
    "who": Usage("", "who is here, and how far they have read", lambda _: Who()),
    "group": Usage("NAME USER…", "make a group and open it; quote a name with spaces", _group),
    "add": Usage("USER…", "take people into this group", lambda rest: Add(_names(rest))),
    "remove": Usage("USER…", "put people out of this group", lambda rest: Remove(_names(rest))),
    "leave": Usage("", "leave this group", lambda _: Leave()),
    **{word: Usage(form.arguments, form.meaning, form.build) for word, form in FORMS.items()},
    **{word: Usage(form.arguments, form.meaning, form.build) for word, form in ERRANDS.items()},
    **{word: Usage(form.arguments, form.meaning, form.build) for word, form in KEEPINGS.items()},
    "help": Usage("", "this list", lambda _: Explain()),
    "quit": Usage("", "good-bye (Ctrl-D does it too)", lambda _: Quit()),
}
