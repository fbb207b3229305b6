"""Friend requests, where they are kept; and what two users are to each other, where it is read."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from hongyan.model.ids import ConversationId, UserId


class RequestState(IntEnum):
    """What became of a request. ACCEPTED: the two may not be friends yet; DONE: they are."""

    PENDING = 1
    ACCEPTED = 2
    DONE = 3
    REFUSED = 4
    WITHDRAWN = 5
    EXPIRED = 6


class RequestRow(msgspec.Struct, frozen=True):
    """That one user wants to be another's friend. `answered_ms` is 0 while nobody answered."""

    request_id: str
    from_user_id: UserId
    to_user_id: UserId
    note: str
    source: str
    state: int
    created_ms: int
    expires_ms: int
    answered_ms: int = 0


class RequestPage(msgspec.Struct, frozen=True):
    """Which requests are wanted: of a user or to him, made before those at (`before_ms`, `before_id`), newest first."""

    user_id: UserId
    incoming: bool
    pending_only: bool
    before_ms: int
    before_id: str
    limit: int


class RequestStore(Protocol):
    """Requests. What a call returned from is durable. Every method may raise Overloaded or StorageFull.

    A pending request whose `expires_ms` is not above the given time counts as expired, and is marked so on the way.
    """

    async def ask(self, request: RequestRow) -> RequestRow:
        """Adds a request; where one from the same to the same is pending, that one gets its note and end, and is returned."""
        ...

    async def request(self, request_id: str) -> RequestRow | None:
        """The request of that id."""
        ...

    async def pending_between(self, from_user_id: UserId, to_user_id: UserId, now_ms: int) -> RequestRow | None:
        """The request that waits for the second user's answer."""
        ...

    async def move(self, request_id: str, before: RequestState, after: RequestState, now_ms: int) -> bool:
        """Moves a request from one state to another; False when it is not in it. One caller wins."""
        ...

    async def page(self, asked: RequestPage, now_ms: int) -> Sequence[RequestRow]:
        """Requests, newest first."""
        ...

    async def open_counts(self, from_user_id: UserId, to_user_id: UserId, now_ms: int) -> tuple[int, int]:
        """How many requests of the one, and to the other, are pending."""
        ...

    async def accepted(self) -> Sequence[RequestRow]:
        """Those that were accepted and are not done."""
        ...

    async def forget(self, before_ms: int, of_user_id: UserId | None = None) -> int:
        """Removes those made before a time that are not pending; with a user, all of his. Returns how many."""
        ...


class RelationRow(msgspec.Struct, frozen=True):
    """What a user is in a conversation of two, as flags of `model.state`: FRIEND, BLOCKS."""

    conversation_id: ConversationId
    user_id: UserId
    flags: int


class RelationReader(Protocol):
    """Reads what delivery decided about users in conversations of two, as far as it is stored. The truth is the log's."""

    async def relations(self, user_id: UserId) -> Sequence[RelationRow]:
        """The user's rows with a flag, ascending by conversation."""
        ...

    async def between(self, conversation_ids: Sequence[ConversationId]) -> Sequence[RelationRow]:
        """The rows with a flag of these conversations, of any number."""
        ...
