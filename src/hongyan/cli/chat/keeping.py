"""What a person does about the open chat for himself alone: how he sees it, drafts, who has read, reports. A word each."""

from collections.abc import Awaitable, Callable
from typing import cast, get_args

import msgspec

from hongyan.cli.chat.text import clean, clean_line
from hongyan_client import Client, Draft
from hongyan_client.people import ReasonName

Run = Callable[[Client, str], Awaitable[str]]
"""Does it about a conversation of this id, and gives the words to be shown. Raises ClientError."""

REASONS = get_args(ReasonName)


class Keeping(msgspec.Struct, frozen=True):
    """A command ready to be run; `anywhere` when no chat has to be open."""

    run: Run
    anywhere: bool = False


class KeepingForm(msgspec.Struct, frozen=True):
    """How it is typed, what it does, and its keeping made of the rest of the line. `build` raises ValueError."""

    arguments: str
    meaning: str
    build: Callable[[str], Keeping]


def _number(text: str) -> int:
    seq = int(text)
    if seq < 1:
        raise ValueError("entries are numbered from 1")
    return seq


def _top(_rest: str, *, on: bool) -> Keeping:
    async def run(client: Client, here: str) -> str:
        await client.set_pinned(here, on=on)
        return "It stands above the others now." if on else "It stands among the others again."

    return Keeping(run)


def _silence(_rest: str, *, on: bool) -> Keeping:
    async def run(client: Client, here: str) -> str:
        await client.set_muted(here, on=on)
        return "What is said here is not told any more while you are elsewhere." if on else "It is told again."

    return Keeping(run)


def _hide(_rest: str, *, on: bool) -> Keeping:
    async def run(client: Client, here: str) -> str:
        await client.hide(here, on=on)
        return (
            "It is out of the list until something new is said; /open finds it." if on else "It is in the list again."
        )

    return Keeping(run)


def _label(rest: str) -> Keeping:
    labels = rest.replace(",", " ").split()

    async def run(client: Client, here: str) -> str:
        await client.set_labels(here, labels)
        return f"Its labels: {clean_line(', '.join(labels))}." if labels else "It has no label any more."

    return Keeping(run)


def _unread(_rest: str) -> Keeping:
    async def run(client: Client, here: str) -> str:
        await client.mark_unread(here)
        return "It is shown as unread on your devices."

    return Keeping(run)


def _clear(rest: str) -> Keeping:
    if rest != "really":
        raise ValueError("it has to be meant")

    async def run(client: Client, here: str) -> str:
        await client.clear(here)
        return "All of it is taken away for you; the others keep it."

    return Keeping(run)


def _forget(rest: str) -> Keeping:
    seq = _number(rest)

    async def run(client: Client, here: str) -> str:
        await client.delete_for_me(here, seq)
        return f"Message {seq} is taken away for you; the others keep it."

    return Keeping(run)


def _draft(rest: str) -> Keeping:
    async def run(client: Client, here: str) -> str:
        if rest:
            await client.save_draft(here, rest)
            return "Kept for all your devices; /draft shows it, /undraft lets go of it."
        return draft_words(client.item(Draft, here)) or "Nothing was begun here: /draft TEXT keeps what you begin."

    return Keeping(run)


def _undraft(_rest: str) -> Keeping:
    async def run(client: Client, here: str) -> str:
        await client.save_draft(here, "")
        return "Nothing is begun here any more."

    return Keeping(run)


def draft_words(draft: Draft | None) -> str:
    """What was begun; "" for nothing."""
    return f"You began: {clean(draft.text)}" if draft is not None else ""


def _readers(rest: str) -> Keeping:
    seq = _number(rest)

    async def run(client: Client, here: str) -> str:
        found = await client.people.readers(here, seq)
        read = [reader.user_id for reader in found if reader.has_read]
        others = [reader.user_id for reader in found if not reader.has_read]
        return f"Read by: {', '.join(read) or 'nobody'}. Not yet by: {', '.join(others) or 'nobody'}."

    return Keeping(run)


def _report(rest: str) -> Keeping:
    what, reason, *note = rest.split(maxsplit=2)
    if reason not in REASONS:
        raise ValueError("no reason")
    why, words = cast("ReasonName", reason), "".join(note)
    seq = 0 if what.startswith("@") else _number(what)

    async def run(client: Client, here: str) -> str:
        if seq:
            number = await client.people.report_entry(here, seq, why, words)
        else:
            number = await client.people.report_user(what.removeprefix("@"), why, words)
        return f"Told to the moderators, as report {number}."

    return Keeping(run, anywhere=not seq)


KEEPINGS: dict[str, KeepingForm] = {
    "top": KeepingForm("", "keep this chat above the others", lambda rest: _top(rest, on=True)),
    "untop": KeepingForm("", "let it stand among them again", lambda rest: _top(rest, on=False)),
    "silence": KeepingForm("", "do not tell what is said in this chat", lambda rest: _silence(rest, on=True)),
    "unsilence": KeepingForm("", "tell it again", lambda rest: _silence(rest, on=False)),
    "hide": KeepingForm("", "out of the list until something new is said", lambda rest: _hide(rest, on=True)),
    "unhide": KeepingForm("", "back into the list", lambda rest: _hide(rest, on=False)),
    "label": KeepingForm("[LABEL…]", "this chat's labels; without one, none", _label),
    "unread": KeepingForm("", "show this chat as unread", _unread),
    "clear": KeepingForm("really", "take all of this chat away, for you alone", _clear),
    "forget": KeepingForm("N", "take message N away, for you alone", _forget),
    "draft": KeepingForm("[TEXT]", "keep what you begin for all your devices; without a text, show it", _draft),
    "undraft": KeepingForm("", "let go of it", _undraft),
    "readers": KeepingForm("N", "who has read message N, and who has not", _readers),
    "report": KeepingForm(f"N|@USER {'|'.join(REASONS)} [NOTE]", "tell the moderators", _report),
}
