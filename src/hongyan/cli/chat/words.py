"""What entries, chats and errors are called on a screen. Pure; whatever others wrote comes out clean."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from hongyan.cli.chat.happened import deed_words, person
from hongyan.cli.chat.text import clean, clean_line, preview
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId, ConversationKind, UserId, fixed_members
from hongyan.protocol.frames import Position
from hongyan_client import (
    Amended,
    Befriended,
    Card,
    ClientError,
    ConnectionChanged,
    ConnectionState,
    Conversation,
    Deleted,
    Entry,
    File,
    Image,
    Location,
    Message,
    OutcomeUnknownError,
    Recalled,
    RefusedError,
    SessionEndedError,
    Text,
    Video,
    Voice,
    content_of,
)
from hongyan_client.events import EntryAdded


class Line(msgspec.Struct, frozen=True):
    """An entry as it is shown. `spoken`: somebody's words; else it tells what happened. `mark` is a read mark, or ""."""

    seq: int
    time_ms: int
    sender_id: str
    text: str
    own: bool
    spoken: bool
    mark: str = ""


class Row(msgspec.Struct, frozen=True):
    """A chat as the list shows it."""

    title: str
    unread: int
    time_ms: int
    preview: str
    open: bool = False


def title_of(conversation_id: ConversationId, me: UserId, name: str = "") -> str:
    """What a chat is called: the other person, #group, or what one has with oneself or the system."""
    others = [user_id for user_id in fixed_members(conversation_id) if user_id != me]
    if others:
        return others[0]
    kind, _, rest = conversation_id.partition(":")
    if kind == "g":
        return f"#{clean_line(name) or rest}"
    return "saved" if kind == "u" else "notices"


def line_of(entry: Entry, me: UserId, mark: str = "") -> Line:
    """An entry as it is shown to `me`."""
    own, spoken = entry.sender_id == me, isinstance(entry.body, Message)
    return Line(entry.seq, entry.time_ms, entry.sender_id, says(entry, me), own, spoken, mark)


def says(entry: Entry, me: UserId) -> str:
    """An entry in words."""
    body, who = entry.body, person(entry.sender_id, me)
    match body:
        case Amended():
            edited = " (edited)" if body.edit_seq else ""
            reactions = "".join(f" [{clean_line(each.emoji)} {len(each.user_ids)}]" for each in body.reactions)
            return clean(_content(entry)) + edited + reactions
        case Message():
            return clean(_content(entry))
        case Recalled():
            return f"{person(body.by_user_id, me)} took message {entry.seq} back"
        case Deleted():
            return f"{person(body.by_user_id, me)} deleted message {entry.seq}"
        case Befriended():
            return "you are friends now"
    return f"{who} {deed_words(body, me)}"


def row_of(chat: Conversation, me: UserId, open_id: str = "") -> Row:
    """A chat as the list shows it."""
    title = title_of(chat.conversation_id, me, chat.name) + _seen_as(chat)
    last = chat.last
    if last is None:
        return Row(title, chat.unread, 0, "", chat.conversation_id == open_id)
    spoken = isinstance(last.body, Message)
    said = preview(says(last, me))
    named = spoken and (chat.kind is ConversationKind.GROUP or last.sender_id == me)
    shown = f"{person(last.sender_id, me)}: {said}" if named else said
    return Row(title, chat.unread, last.time_ms, shown, chat.conversation_id == open_id)


def _seen_as(chat: Conversation) -> str:
    """How a chat stands in the list, behind its title."""
    settings = chat.settings
    notes = [
        *(["left"] if not chat.member else []),
        *(["on top"] if settings.pin_order else []),
        *(["silent"] if settings.muted else []),
        *(["unread"] if settings.marked_unread else []),
        *map(clean_line, settings.labels),
    ]
    return f" ({', '.join(notes)})" if notes else ""


def mark_of(seq: int, positions: Iterable[Position], kind: ConversationKind) -> str:
    """How far others got with an own message: sent, ✓ delivered, ✓✓ read; in a group, by how many it was read."""
    known = list(positions)
    readers = sum(1 for position in known if position.read_seq >= seq)
    if readers and kind is ConversationKind.GROUP:
        return f"✓✓ read by {readers}"
    if readers:
        return "✓✓ read"
    delivered = any(position.delivered_seq >= seq for position in known)
    return "✓ delivered" if delivered else "sent"


def connection_words(event: ConnectionChanged) -> str:
    """The state of the connection."""
    if event.state is ConnectionState.ONLINE:
        return "online"
    if event.state is ConnectionState.CONNECTING:
        return "connecting…"
    return f"reconnecting in {max(1, round(event.retry_in_s))} s"


def outage_words(event: ConnectionChanged) -> str:
    """Why there is no connection."""
    reason = clean_line(event.reason).rstrip(".")
    return f"No connection{': ' if reason else ''}{reason}. It is tried again by itself."


def sentence_of(error: Exception) -> str:
    """An error as one sentence for the person at the screen."""
    match error:
        case RefusedError():
            text = error.sentence
        case OutcomeUnknownError():
            text = "The server did not answer in time; try again."
        case SessionEndedError():
            # The number is for programs.
            text = str(error).removesuffix(f" (close code {error.close_code})")
        case ClientError() | HongyanError():
            text = str(error)
        case OSError():
            text = f"{error.filename or 'It'} cannot be read: {(error.strerror or str(error)).lower()}"
        case _:
            text = str(error)
    text = clean_line(text)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ")")) else ".")


def is_news(event: EntryAdded, chat: Conversation, me: UserId) -> bool:
    """Whether an entry of a chat that is not open is worth a notice: another's, and the last of a burst."""
    return event.entry.sender_id != me and event.entry.seq == chat.head


def find_chat(name: str, chats: Sequence[Conversation], single: Callable[[str], ConversationId]) -> ConversationId:
    """The chat of a name: `#group`, a conversation's id, a person; a bare group's name where no person is spoken with.

    Raises LookupError with a sentence, and what `single` raises for what is no user id.
    """
    known = {chat.conversation_id: chat for chat in chats}
    if ConversationId(name) in known:
        return ConversationId(name)
    groups = [chat.conversation_id for chat in chats if chat.kind is ConversationKind.GROUP]
    wanted = clean_line(name.removeprefix("#"))
    named = [key for key in groups if wanted in (clean_line(known[key].name), key.removeprefix("g:"))]
    # A group may be called as a person is: a bare name is the person as soon as there is a chat with him.
    alone = None if name.startswith("#") else _person_chat(name, single, required=not named)
    if alone is not None and (alone in known or not named):
        return alone
    if not named:
        raise LookupError(f"You are in no group called #{wanted}.")
    if len(named) > 1:
        raise LookupError(f"Several groups are called #{wanted}: " + ", ".join(f"/open {key}" for key in named) + ".")
    return named[0]


def _person_chat(name: str, single: Callable[[str], ConversationId], *, required: bool) -> ConversationId | None:
    try:
        return single(name)
    except HongyanError:
        if required:
            raise
        return None


def _content(entry: Entry) -> str:
    view = content_of(entry)
    body = view.body if view is not None else None
    match body:
        case Text():
            return body.text
        case Image():
            return "[image]"
        case Voice():
            return f"[voice message, {body.duration_ms / 1000:.0f} s]"
        case Video():
            return "[video]"
        case File():
            return f"[file {clean_line(body.name)}]"
        case Location():
            return f"[location {clean_line(body.name or body.address)}]"
        case Card():
            return f"[card of {clean_line(body.name or body.user_id or body.group_id)}]"
    fallback = clean_line(getattr(body, "fallback", ""))
    return fallback or "[a message this version cannot show]"
