"""The server's end of one connection, without I/O."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Protocol

import msgspec

from hongyan.model.codes import NotAuthenticated, WrongState
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId
from hongyan.model.records import Submitted
from hongyan.protocol.frames import (
    ClientFrame,
    Connect,
    GetEntries,
    GetGroup,
    GetItems,
    GetMembers,
    GetPositions,
    Limits,
    MarkRequest,
    Ping,
    PutItems,
    Refused,
    ServerFrame,
    SignalRequest,
    Submit,
    Sync,
    WatchPresence,
)


class ServerCodec(Protocol):
    """Packets to records and back. Stateless: one serves all connections of its sub-protocol."""

    @property
    def subprotocol(self) -> str:
        """The WebSocket sub-protocol's name."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether packets are text messages of a WebSocket; else they are binary."""
        ...

    def decode(self, data: bytes | memoryview, limits: Limits) -> list[ClientFrame]:
        """The frames of a client's packet; Refused in place of those that cannot be accepted. Keeps nothing of `data`.

        Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames.
        """
        ...

    def encode(self, frames: Sequence[ServerFrame]) -> bytes:
        """One packet of all the frames, in order."""
        ...

    def push(self, entries: Sequence[bytes]) -> bytes:
        """A packet of one push of encoded entries."""
        ...

    def frame(self, encoded: bytes) -> bytes:
        """A packet of one frame that was encoded with `codec.encode_frame`."""
        ...

    def receipt(self, request: int, conversation_id: ConversationId, submitted: Submitted) -> bytes:
        """A packet of one receipt, the answer to the frame with the id `request`."""
        ...

    def join(self, packets: Iterable[bytes]) -> bytes:
        """Several packets as one; none of them compressed."""
        ...

    def compress(self, packet: bytes) -> bytes:
        """A packet as a compressed one, for clients with the capability "gzip"."""
        ...


class State(IntEnum):
    """How far a connection has come."""

    AWAITING_CONNECT = 1
    AUTHENTICATING = 2
    OPEN = 3
    DRAINING = 4
    CLOSED = 5


_WORK = frozenset(
    (
        Submit,
        MarkRequest,
        SignalRequest,
        Sync,
        GetEntries,
        GetMembers,
        GetGroup,
        GetPositions,
        PutItems,
        GetItems,
        WatchPresence,
        Ping,
    )
)

ALLOWED: dict[State, frozenset[type]] = {
    State.AWAITING_CONNECT: frozenset((Connect, Ping)),
    State.AUTHENTICATING: frozenset((Ping,)),
    State.OPEN: _WORK,
    # Whoever is asked to go elsewhere may finish what is under way: refusing would fail what could have succeeded.
    State.DRAINING: _WORK,
    State.CLOSED: frozenset(),
}


STRANGER_BYTES = 16_384
"""What a packet may hold, compressed or not, until the token was accepted: a connect fits four times."""


@lru_cache(maxsize=16)
def stranger_limits(limits: Limits) -> Limits:
    """The limits for those who are nobody yet: they shall not make the server work."""
    return msgspec.structs.replace(
        limits,
        packet_bytes=min(limits.packet_bytes, STRANGER_BYTES),
        inflated_bytes=min(limits.inflated_bytes, STRANGER_BYTES),
    )


class ServerEnd:
    """Decodes what comes, and says which commands may come now. Fifteen thousand of them idle: keep it small."""

    __slots__ = ("codec", "limits", "state")

    def __init__(self, codec: ServerCodec, limits: Limits) -> None:
        self.codec, self.limits = codec, limits
        self.state = State.AWAITING_CONNECT

    def receive(self, data: bytes | memoryview) -> list[ClientFrame]:
        """The frames of one packet; Refused in place of those that cannot be accepted now. None once closed.

        Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames: then the connection has to be closed.
        """
        if self.state is State.CLOSED:
            return []
        if self.state is State.OPEN:
            frames = self.codec.decode(data, self.limits)
            for frame in frames:
                if type(frame.command) is Connect:
                    break
            else:
                return frames
        else:
            frames = self.codec.decode(data, self._current_limits())
        return [self._admitted(frame) for frame in frames]

    def authenticated(self) -> None:
        """The token was accepted: everything but another connect may come."""
        self._move(State.OPEN, State.AUTHENTICATING)

    def drain(self) -> None:
        """The client was asked to go elsewhere."""
        self._move(State.DRAINING, State.OPEN, State.DRAINING)

    def close(self) -> None:
        """The connection is gone; what still comes is nobody's."""
        self.state = State.CLOSED

    def _current_limits(self) -> Limits:
        return self.limits if self.state is State.DRAINING else stranger_limits(self.limits)

    def _move(self, to: State, *expected: State) -> None:
        if self.state in expected:
            self.state = to
        elif self.state is not State.CLOSED:
            # A bug of the caller. A closed connection is none: it may close while its token is looked at.
            raise RuntimeError(f"a connection that is {self.state.name} cannot become {to.name}")

    def _admitted(self, frame: ClientFrame) -> ClientFrame:
        kind = type(frame.command)
        if kind is Refused:
            return frame
        if kind not in ALLOWED[self.state]:
            return ClientFrame(frame.id, Refused(self._refusal(kind)))
        if kind is Connect:
            self.state = State.AUTHENTICATING
        return frame

    def _refusal(self, kind: type) -> HongyanError:
        if kind is Connect:
            return WrongState(command="connect", state=self.state.name.lower())
        return NotAuthenticated()
