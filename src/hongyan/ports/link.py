"""What joins the stages: direct calls in one process, batched streams apart."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from hongyan.model.codes import CloseCode
from hongyan.model.commands import AnyCommand
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, DeviceId, UserId
from hongyan.model.records import Submitted


class Identity(msgspec.Struct, frozen=True):
    """Who a token speaks for."""

    user_id: UserId
    device_id: DeviceId


class Submission(msgspec.Struct, frozen=True, gc=False):
    """A command on its way into a log. `gateway`, `connection` and `request` say where the receipt goes."""

    conversation_id: ConversationId
    sender_id: UserId
    client_msg_id: ClientMsgId
    command: AnyCommand
    resend: bool = False
    gateway: int = 0
    connection: int = 0
    request: int = 0


Authenticate = Callable[[str], Awaitable[Identity]]
"""A token to its identity. Raises TokenInvalid, TokenExpired, TokenRevoked."""

Later = Callable[[], Awaitable[None]]
"""What has still to be waited for. Nothing of it runs before it is called, so it may be dropped."""

Admit = Callable[[Submission], Later | None]
"""Checks a submission and appends it. Returns None when that is done, or what to wait for before this sender's next.

Raises the coded error of a refusal, at once or when awaited. The receipt comes by the Downlink.
"""


class OutEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry for a conversation's members. `connection` is the one that sent it: it gets the receipt instead."""

    seq: int
    encoded: bytes
    gateway: int
    connection: int


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What became of a submission, for the connection that sent it."""

    connection: int
    request: int
    result: Submitted | HongyanError


class MovedPosition(msgspec.Struct, frozen=True, gc=False):
    """A user's positions after they moved."""

    user_id: UserId
    read_seq: int
    delivered_seq: int


class Fanout(msgspec.Struct, gc=False):
    """One conversation's share of a batch for one gateway. `entries` are consecutive; all `recipients` may see each.

    `moved` positions go to all recipients, or each to its own user alone.
    """

    conversation_id: ConversationId
    recipients: Sequence[UserId]
    entries: Sequence[OutEntry]
    answers: Sequence[Answer]
    moved: Sequence[MovedPosition] = ()
    moved_to_all: bool = True


class Downlink(Protocol):
    """From delivery and admission down to a gateway's connections. Never waits: the gateway cuts a slow one."""

    def deliver(self, gateway: int, fanouts: Sequence[Fanout]) -> None:
        """Pushes and answers, in order."""
        ...

    def signal(self, recipients: Sequence[UserId], sign: tuple[ConversationId, UserId, str]) -> None:
        """A passing sign; may be dropped."""
        ...

    def notify(self, user_ids: Sequence[UserId], encoded: bytes, *, droppable: bool = False) -> None:
        """Pushes one frame, encoded once with `codec.encode_frame`, to these users' connections; the others miss it.

        A connection that is slow does not get a `droppable` one, such as presence.
        """
        ...

    def disconnect(self, user_id: UserId, device_id: DeviceId | None, code: CloseCode = CloseCode.LOGGED_OUT) -> None:
        """Closes a device's connections, or with None all of the user's; `code` says why."""
        ...
