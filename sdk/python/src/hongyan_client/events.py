"""What `Client.events()` gives, and the bounded queue it comes from."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum

import msgspec

from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.personal import AnyValue
from hongyan.model.records import Entry
from hongyan_client.errors import ClientError, RefusedError


class ConnectionState(Enum):
    """Where the client stands with the server."""

    CONNECTING = "connecting"
    ONLINE = "online"
    WAITING = "waiting"


class EntryAdded(msgspec.Struct, frozen=True):
    """A conversation grew by its next entry, in order, whoever wrote it, this client's own ones too."""

    entry: Entry


class EntryRecalled(msgspec.Struct, frozen=True):
    """The message at `seq` was taken back; its placeholder stands there now."""

    conversation_id: ConversationId
    seq: int
    by_user_id: UserId


class EntryDeleted(msgspec.Struct, frozen=True):
    """The message at `seq` was deleted for everybody; its placeholder stands there now."""

    conversation_id: ConversationId
    seq: int
    by_user_id: UserId


class EntryEdited(msgspec.Struct, frozen=True):
    """The message at `seq` says something else now: look at it again."""

    conversation_id: ConversationId
    seq: int


class EntryReacted(msgspec.Struct, frozen=True):
    """A user reacted to the message at `seq`, or took that back."""

    conversation_id: ConversationId
    seq: int
    user_id: UserId
    emoji: str
    on: bool


class ConversationChanged(msgspec.Struct, frozen=True):
    """Something of a conversation changed (head, unread, name, membership, what is kept of it): look at it again.

    Also stands for events that were let go because nobody took them in time.
    """

    conversation_id: ConversationId


class PositionMoved(msgspec.Struct, frozen=True):
    """Another user has read, or received, up to here."""

    conversation_id: ConversationId
    user_id: UserId
    read_seq: int
    delivered_seq: int


class SignalReceived(msgspec.Struct, frozen=True):
    """A passing sign of another user, such as "typing"."""

    conversation_id: ConversationId
    sender_id: UserId
    kind: str


class SubmissionRefused(msgspec.Struct, frozen=True):
    """What was submitted, by a call that no longer waits or by an earlier run, was refused for good and let go."""

    conversation_id: ConversationId
    client_msg_id: ClientMsgId
    error: RefusedError


class ItemChanged(msgspec.Struct, frozen=True):
    """Something that this user keeps for himself changed, here or on another device; `value` None: it was deleted."""

    topic: str
    key: str
    value: AnyValue | None


class PresenceChanged(msgspec.Struct, frozen=True):
    """A user who is watched came or went. `last_seen_ms` is milliseconds since 1970, or 0: hidden, or not known."""

    user_id: UserId
    online: bool
    last_seen_ms: int = 0


class ConnectionChanged(msgspec.Struct, frozen=True):
    """The connection went up or down. `retry_in_s` says how long the client waits, when it does, and `reason` why."""

    state: ConnectionState
    reason: str = ""
    retry_in_s: float = 0


Event = (
    EntryAdded
    | EntryRecalled
    | EntryDeleted
    | EntryEdited
    | EntryReacted
    | ConversationChanged
    | PositionMoved
    | SignalReceived
    | SubmissionRefused
    | ItemChanged
    | PresenceChanged
    | ConnectionChanged
)


class EventQueue:
    """Events for one reader, at most `limit` of them.

    When it is full, a new event shrinks to "this conversation changed", once a conversation, until the reader has caught
    up; passing signs are let go, and of the connection, an item and a user's presence the last state is kept. So it never
    grows beyond `limit` and one event for each of these, and a reader who looks at what changed misses nothing.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._changed: dict[ConversationId, None] = {}
        self._last: dict[str, ConnectionChanged | ItemChanged | PresenceChanged] = {}
        self._wake = asyncio.Event()
        self._ended: ClientError | None = None
        self._closed = False
        self.coalesced = 0

    def put(self, event: Event) -> None:
        """Takes in an event; never waits."""
        if len(self._events) < self._limit and not self._behind:
            self._events.append(event)
        elif isinstance(event, ConnectionChanged | ItemChanged | PresenceChanged):
            self._last[_subject(event)] = event
        elif not isinstance(event, SignalReceived):
            self.coalesced += 1
            entry = event.entry if isinstance(event, EntryAdded) else event
            self._changed[entry.conversation_id] = None
        self._wake.set()

    def close(self, ended: ClientError | None = None) -> None:
        """No more will come: the reader gets what is there, and then `ended`, if that was it, or the end."""
        self._closed = True
        self._ended = ended
        self._wake.set()

    async def read(self) -> AsyncIterator[Event]:
        """Gives the events in order until the queue is closed. Raises what ended the client, if it was not closed."""
        while True:
            self._wake.clear()
            while self._events:
                yield self._events.popleft()
            if self._behind:
                self._catch_up()
            elif self._closed:
                break
            else:
                await self._wake.wait()
        if self._ended is not None:
            raise self._ended

    @property
    def _behind(self) -> bool:
        return bool(self._changed or self._last)

    def _catch_up(self) -> None:
        # Every event of these conversations that was let go is older than what the reader will look at now.
        self._events.extend(map(ConversationChanged, self._changed))
        self._changed.clear()
        self._events.extend(self._last.values())
        self._last.clear()


def _subject(event: ConnectionChanged | ItemChanged | PresenceChanged) -> str:
    """What an event is the state of."""
    match event:
        case ItemChanged():
            return f"item {event.topic} {event.key}"
        case PresenceChanged():
            return f"user {event.user_id}"
    return "connection"
