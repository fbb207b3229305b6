"""Where webhooks and the events they still have to hear of are kept, and how they are called."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from hongyan.model.ids import ConversationId


class WebhookRow(msgspec.Struct, frozen=True):
    """An address that wants to hear of events. Empty `events`: of all; with a `bot_id`: of that bot's commands too.

    `secret` signs; until `previous_until_ms` the one before it signs as well. `disabled_ms` is 0 while it is called, else
    `disabled_reason` says why it is not.
    """

    webhook_id: str
    key_id: str
    url: str
    secret: str
    events: tuple[str, ...]
    bot_id: str
    created_ms: int
    previous_secret: str = ""
    previous_until_ms: int = 0
    disabled_ms: int = 0
    disabled_reason: str = ""

    def __repr__(self) -> str:
        return f"WebhookRow(webhook_id={self.webhook_id!r}, url={self.url!r})"


class WebhookStore(Protocol):
    """Webhooks. What a call returned from is durable."""

    async def put(self, webhook: WebhookRow) -> None:
        """Keeps a webhook in place of what it was."""
        ...

    async def remove(self, webhook_id: str) -> bool:
        """Forgets a webhook and its deliveries; False when there is none."""
        ...

    async def webhooks(self) -> Sequence[WebhookRow]:
        """All of them, ascending by id."""
        ...


class DeliveryState(IntEnum):
    """What became of a delivery."""

    WAITING = 0
    DELIVERED = 1
    DEAD = 2


class DeliveryRow(msgspec.Struct, frozen=True):
    """One event for one webhook; what it says is read from the entry at `seq` when it is sent.

    `delivery_id` is given by the outbox and ascends. `since_ms` is when it began to wait; `status` and `problem` are of the
    last attempt. A command of a bot names the bot.
    """

    delivery_id: int
    webhook_id: str
    event_id: str
    type: str
    conversation_id: ConversationId
    seq: int
    bot_id: str
    since_ms: int
    state: int = DeliveryState.WAITING
    attempts: int = 0
    tried_ms: int = 0
    status: int = 0
    problem: str = ""


class Due(msgspec.Struct, frozen=True):
    """What can be sent now, by conversation and in order, and when the next can be; 0: nothing else waits."""

    lanes: Sequence[Sequence[DeliveryRow]]
    next_ms: int


class Attempted(msgspec.Struct, frozen=True):
    """What became of an attempt. A row that still waits holds its conversation back until `next_ms`."""

    delivery_id: int
    state: DeliveryState
    tried_ms: int
    status: int
    problem: str = ""
    next_ms: int = 0


class Outbox(Protocol):
    """Deliveries, in order by webhook and conversation. What a call returned from is durable."""

    async def position(self) -> int | None:
        """The log offset after the last record whose events are here; None when none was ever noted."""
        ...

    async def gather(self, rows: Sequence[DeliveryRow], next_offset: int) -> None:
        """Takes new events in, together with the position. An event that a webhook has already is passed over."""
        ...

    async def due(
        self, webhook_id: str, now_ms: int, busy: Sequence[ConversationId], limit: int, *, rows: int = 1
    ) -> Due:
        """The first `rows` waiting rows of each conversation that may go on, of `limit` at most; not of `busy` ones."""
        ...

    async def settle(self, attempts: Sequence[Attempted]) -> None:
        """Notes what became of attempts; the next of their conversations may come."""
        ...

    async def page(self, webhook_id: str, state: DeliveryState, after: int, limit: int) -> Sequence[DeliveryRow]:
        """Rows above an id, ascending by it."""
        ...

    async def replay(self, webhook_id: str, delivery_ids: Sequence[int], now_ms: int) -> int:
        """Lets rows wait again as if they were new, with their ids and places; returns how many there were."""
        ...

    async def waiting(self) -> Mapping[str, int]:
        """How many rows wait, by webhook; those with none are left out."""
        ...

    async def prune(self, before_ms: int, keep: int) -> None:
        """Forgets what ended before a time, and of what was delivered all but the newest `keep`."""
        ...


class Call(msgspec.Struct, frozen=True):
    """An HTTP POST to an integrator."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_s: float


class Reply(msgspec.Struct, frozen=True):
    """What came back: at most so many bytes of it as were asked for."""

    status: int
    retry_after_s: int
    body: bytes


Post = Callable[[Call], Awaitable[Reply]]
"""Calls an integrator; follows no redirects. Raises AddressRefused where the host may not be called, Unavailable for what
failed on the way."""
