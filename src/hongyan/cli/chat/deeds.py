"""What a person may do to the open chat beside talking: a word each, and the call of the SDK that it becomes."""

import time
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec

from hongyan_client import Commands, JoinLink, Sent
from hongyan_client.commands import RoleName

Done = Sent | JoinLink
Call = Callable[[Commands, str], Awaitable[Done]]
"""Does it in a conversation of this id. Raises ClientError."""


class Deed(msgspec.Struct, frozen=True):
    """A command ready to be called; `in_group` when it means nothing elsewhere, `anywhere` when no chat has to be open."""

    call: Call
    in_group: bool = False
    anywhere: bool = False


class Form(msgspec.Struct, frozen=True):
    """How it is typed, what it does, and its deed made of the rest of the line. `build` raises ValueError."""

    arguments: str
    meaning: str
    build: Callable[[str], Deed]


def done_words(done: Done) -> str:
    """What is said of it, where no entry tells it anyhow."""
    if isinstance(done, JoinLink):
        group = done.conversation_id.removeprefix("g:")
        return f"Whoever types this comes in: /join {group} {done.token} (/unlink {done.link_id} ends that)"
    return "" if done.seq else "Done; nobody sees anything of it."


def _split(rest: str, count: int) -> list[str]:
    """The first words and what remains. Raises ValueError where one is missing."""
    words = rest.split(maxsplit=count - 1)
    if len(words) != count:
        raise ValueError("something is missing")
    return words


def _number(text: str) -> int:
    seq = int(text)
    if seq < 1:
        raise ValueError("entries are numbered from 1")
    return seq


def _edit(rest: str) -> Deed:
    number, text = _split(rest, 2)
    seq = _number(number)
    return Deed(lambda client, here: client.edit(here, seq, text))


def _delete(rest: str) -> Deed:
    seq = _number(rest)
    return Deed(lambda client, here: client.delete(here, seq))


def _react(rest: str, *, on: bool) -> Deed:
    number, emoji = _split(rest, 2)
    seq = _number(number)
    return Deed(lambda client, here: client.react(here, seq, emoji, on=on))


def _pin(rest: str, *, on: bool) -> Deed:
    seq = _number(rest)
    return Deed(lambda client, here: client.pin(here, seq, on=on))


def _block(rest: str, *, on: bool) -> Deed:
    (user,) = _split(rest, 1)
    return Deed(lambda client, _here: client.block(user, on=on), anywhere=True)


def _role(rest: str) -> Deed:
    user, role = _split(rest, 2)
    if role not in ("admin", "member"):
        raise ValueError("no role")
    return Deed(lambda client, here: client.set_role(here, user, cast("RoleName", role)), in_group=True)


def _give(rest: str) -> Deed:
    (user,) = _split(rest, 1)
    return Deed(lambda client, here: client.transfer(here, user), in_group=True)


def _mute(rest: str) -> Deed:
    user, minutes = _split(rest, 2)
    until_ms = time.time_ns() // 1_000_000 + 60_000 * _number(minutes)
    return Deed(lambda client, here: client.mute(here, user, until_ms), in_group=True)


def _unmute(rest: str) -> Deed:
    (user,) = _split(rest, 1)
    return Deed(lambda client, here: client.mute(here, user, 0), in_group=True)


def _quiet(rest: str, *, on: bool) -> Deed:
    allowed = rest.replace(",", " ").split()
    return Deed(lambda client, here: client.mute_all(here, on=on, allowed=allowed), in_group=True)


def _rename(rest: str) -> Deed:
    name = rest.removeprefix("#").strip()
    if not name:
        raise ValueError("no name")
    return Deed(lambda client, here: client.set_group(here, name=name), in_group=True)


def _announce(rest: str) -> Deed:
    return Deed(lambda client, here: client.set_group(here, announcement=rest), in_group=True)


def _nick(rest: str) -> Deed:
    return Deed(lambda client, here: client.set_nickname(here, rest), in_group=True)


def _link(rest: str) -> Deed:
    minutes, uses = ([*map(int, rest.split()), 0, 0])[:2]
    expires_ms = time.time_ns() // 1_000_000 + 60_000 * minutes if minutes else 0
    return Deed(lambda client, here: client.make_join_link(here, expires_ms=expires_ms, uses=uses), in_group=True)


def _unlink(rest: str) -> Deed:
    (link_id,) = _split(rest, 1)
    return Deed(lambda client, here: client.revoke_join_link(here, link_id), in_group=True)


def _join(rest: str) -> Deed:
    group, token = _split(rest, 2)
    return Deed(lambda client, _here: client.join(_group_id(group), token), anywhere=True)


def _ask(rest: str) -> Deed:
    group, _, note = rest.partition(" ")
    if not group:
        raise ValueError("no group")
    return Deed(lambda client, _here: client.request_join(_group_id(group), note.strip()), anywhere=True)


def _let_in(rest: str, *, accept: bool) -> Deed:
    (user,) = _split(rest, 1)
    return Deed(lambda client, here: client.answer_join(here, user, accept=accept), in_group=True)


def _dismiss(rest: str) -> Deed:
    if rest != "really":
        raise ValueError("it has to be meant")
    return Deed(lambda client, here: client.dismiss(here), in_group=True)


def _group_id(text: str) -> str:
    return text if text.startswith("g:") else f"g:{text}"


FORMS: dict[str, Form] = {
    "edit": Form("N TEXT", "let your message N say this", _edit),
    "delete": Form("N", "take message N away for everybody", _delete),
    "react": Form("N EMOJI", "react to message N", lambda rest: _react(rest, on=True)),
    "unreact": Form("N EMOJI", "take a reaction back", lambda rest: _react(rest, on=False)),
    "pin": Form("N", "pin message N for everybody", lambda rest: _pin(rest, on=True)),
    "unpin": Form("N", "unpin it", lambda rest: _pin(rest, on=False)),
    "block": Form("USER", "take no messages from somebody", lambda rest: _block(rest, on=True)),
    "unblock": Form("USER", "take them again", lambda rest: _block(rest, on=False)),
    "rename": Form("NAME", "call this group something else", _rename),
    "announce": Form("TEXT", "put up a notice in this group; without a text, take it down", _announce),
    "nick": Form("NAME", "your name in this group", _nick),
    "role": Form("USER admin|member", "make somebody an admin, or a member again", _role),
    "give": Form("USER", "give this group to somebody", _give),
    "mute": Form("USER MINUTES", "let somebody be silent here", _mute),
    "unmute": Form("USER", "let him speak again", _unmute),
    "quiet": Form("[USER…]", "let only admins and these speak", lambda rest: _quiet(rest, on=True)),
    "unquiet": Form("", "let everybody speak", lambda rest: _quiet(rest, on=False)),
    "link": Form("[MINUTES [USES]]", "make a link into this group", _link),
    "unlink": Form("LINK", "end a link", _unlink),
    "join": Form("GROUP TOKEN", "come into a group by a link", _join),
    "ask": Form("GROUP [NOTE]", "ask to be let into a group", _ask),
    "approve": Form("USER", "let in somebody who asked", lambda rest: _let_in(rest, accept=True)),
    "reject": Form("USER", "do not let him in", lambda rest: _let_in(rest, accept=False)),
    "dismiss": Form("really", "end this group for everybody", _dismiss),
}
