"""The client's end of one connection, without I/O; `proto/client.md` is the rule book, this is its mechanical part."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from hongyan.model.codes import CloseCode, ErrorCode
from hongyan.protocol.frames import (
    ClientCommand,
    ClientFrame,
    Connect,
    Connected,
    ErrorReply,
    GoAway,
    Limits,
    MarkRequest,
    Ping,
    ServerFrame,
    SignalRequest,
)

CLIENT_LIMITS = Limits(packet_bytes=64 << 20, frames_per_packet=1 << 20, inflated_bytes=64 << 20)
"""What a client takes in. A server bounds its own packets; these only keep a broken one from filling the memory."""

SILENT_HEARTBEATS = 2.5
"""So many intervals without a sign make the other end dead."""

_UNANSWERED = (MarkRequest, SignalRequest)
_MAX_ID = 2**32 - 1


class ClientCodec(Protocol):
    """Records to packets and back."""

    @property
    def subprotocol(self) -> str:
        """The WebSocket sub-protocol's name."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether packets are text messages of a WebSocket; else they are binary."""
        ...

    def encode(self, frames: Sequence[ClientFrame]) -> bytes:
        """One packet of all the frames, in order."""
        ...

    def decode(self, data: bytes | memoryview, limits: Limits) -> list[ServerFrame]:
        """The frames of a server's packet, without those of a newer server. `limits` are the client's own.

        Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames.
        """
        ...


class State(IntEnum):
    """How far a connection has come."""

    NEW = 1
    CONNECTING = 2
    OPEN = 3
    GOING_AWAY = 4
    CLOSED = 5


class AfterClose(IntEnum):
    """What a client does when its connection has ended."""

    RESUME = 1
    """Connect again after a delay and go on."""
    REFRESH = 2
    """Get a fresh access token first; when that is refused, log in."""
    STOP = 3
    """Not with the same device or software."""


class Received(msgspec.Struct, frozen=True, gc=False):
    """A frame, and the command that it answers: None for a push, or for an answer that nobody waits for."""

    command: ClientCommand | None
    frame: ServerFrame


class ClientEnd:
    """Numbers requests, and joins replies to them. `welcome` is what the server said when it let us in."""

    def __init__(self, codec: ClientCodec, limits: Limits = CLIENT_LIMITS) -> None:
        self.codec = codec
        self.state = State.NEW
        self.welcome: Connected | None = None
        self._limits = limits
        self._last_id = 0
        self._pending: dict[int, ClientCommand] = {}
        self._farewell: ErrorReply | GoAway | None = None
        self._clock = _Quiet()

    # Out

    def connect(self, connect: Connect) -> tuple[int, bytes]:
        """The first packet of a connection, and its request's id. Raises RuntimeError when it is not the first."""
        if self.state is not State.NEW:
            raise RuntimeError(f"a connection that is {self.state.name} cannot connect")
        self.state = State.CONNECTING
        return self._ask(connect)

    def request(self, command: ClientCommand) -> tuple[int, bytes]:
        """A packet of one command, and the id that its reply will bear; 0 for marks and signals, which have none.

        Raises RuntimeError before the server has let us in, and once the connection is closed.
        """
        self._check_open()
        return self._ask(command)

    def requests(self, commands: Sequence[ClientCommand]) -> tuple[list[int], bytes]:
        """One packet of several commands, and their ids. The server says how many frames a packet may hold.

        Raises RuntimeError as `request` does.
        """
        self._check_open()
        frames = [self._numbered(command) for command in commands]
        self._clock.spoke = True
        return [frame.id for frame in frames], self.codec.encode(frames)

    def heartbeat(self, now_s: float) -> bytes | None:
        """A ping's packet when nothing was sent for long; to be asked at least twice an interval of the heartbeat."""
        if self.state is not State.OPEN or not self._clock.is_ping_due(now_s, self._heartbeat_s()):
            return None
        return self._ask(Ping())[1]

    def is_silent(self, now_s: float) -> bool:
        """Whether the server has not been heard for so long that it is gone; to be asked as often as `heartbeat`."""
        return self._clock.is_silent(now_s, SILENT_HEARTBEATS * self._heartbeat_s())

    def forget(self, request: int) -> ClientCommand | None:
        """Waits no longer for a reply; its outcome is unknown, not failed. Gives the command, None when it was answered."""
        return self._pending.pop(request, None)

    def pending(self) -> dict[int, ClientCommand]:
        """The commands that have no reply yet, by id, in the order they were sent."""
        return dict(self._pending)

    # In

    def receive(self, data: bytes | memoryview) -> list[Received]:
        """The frames of one packet, all to be taken in before gaps are judged.

        Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames: then the connection is of no use.
        """
        self._clock.heard = True
        received = []
        for frame in self.codec.decode(data, self._limits):
            command = self._pending.pop(frame.reply_to, None) if frame.reply_to else None
            self._note(frame, command)
            received.append(Received(command, frame))
        return received

    def closed(self, code: int | None) -> AfterClose:
        """The connection has ended; what to do then. `code` is the WebSocket's close code, None where there was none.

        Without a code (TCP, a broken line) the server's last word counts: its error or its goaway.
        """
        self.state = State.CLOSED
        if code is None or not 4000 <= code <= 4999:
            return _after_farewell(self._farewell)
        return after_close(code)

    def _note(self, frame: ServerFrame, command: ClientCommand | None) -> None:
        event = frame.event
        if type(event) is Connected:
            self.welcome, self.state = event, State.OPEN
        elif type(event) is GoAway:
            self._farewell, self.state = event, State.GOING_AWAY
        elif type(event) is ErrorReply and (type(command) is Connect or _spoils_packet(frame.reply_to, event)):
            self._farewell = event

    def _check_open(self) -> None:
        if self.state not in (State.OPEN, State.GOING_AWAY):
            raise RuntimeError(f"a connection that is {self.state.name} takes no requests")

    def _ask(self, command: ClientCommand) -> tuple[int, bytes]:
        frame = self._numbered(command)
        self._clock.spoke = True
        return frame.id, self.codec.encode([frame])

    def _numbered(self, command: ClientCommand) -> ClientFrame:
        if isinstance(command, _UNANSWERED):
            return ClientFrame(0, command)
        self._last_id = self._last_id % _MAX_ID + 1
        self._pending[self._last_id] = command
        return ClientFrame(self._last_id, command)

    def _heartbeat_s(self) -> float:
        return self.welcome.heartbeat_ms / 1000 if self.welcome is not None else 0.0


class _Quiet:
    """Since when each side has been silent, as seen by whoever looks now and then."""

    __slots__ = ("_heard_at_s", "_spoke_at_s", "heard", "spoke")

    def __init__(self) -> None:
        self.heard = self.spoke = True
        self._heard_at_s = self._spoke_at_s = 0.0

    def is_ping_due(self, now_s: float, interval_s: float) -> bool:
        if self.spoke:
            self.spoke, self._spoke_at_s = False, now_s
        return 0 < interval_s <= now_s - self._spoke_at_s

    def is_silent(self, now_s: float, bound_s: float) -> bool:
        if self.heard:
            self.heard, self._heard_at_s = False, now_s
        return 0 < bound_s < now_s - self._heard_at_s


def after_close(code: int) -> AfterClose:
    """What a close code means. Codes of the WebSocket protocol itself, and unknown ones below 4500, mean: again."""
    if not 4500 <= code <= 4999:
        return AfterClose.RESUME
    return AfterClose.REFRESH if code == CloseCode.NOT_AUTHENTICATED else AfterClose.STOP


_PACKET_FAULTS = (
    ErrorCode.MALFORMED_FRAME,
    ErrorCode.PACKET_TOO_LARGE,
    ErrorCode.TOO_MANY_FRAMES,
    ErrorCode.INFLATED_TOO_LARGE,
)


def _spoils_packet(reply_to: int, error: ErrorReply) -> bool:
    """Whether the error is one that the server closes for; others without an id refuse a mark or a signal."""
    return not reply_to and error.code in _PACKET_FAULTS


_REFRESHABLE = (ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID, ErrorCode.NOT_AUTHENTICATED)


def _after_farewell(farewell: ErrorReply | GoAway | None) -> AfterClose:
    if not isinstance(farewell, ErrorReply) or not farewell.permanent:
        return AfterClose.RESUME
    return AfterClose.REFRESH if farewell.code in _REFRESHABLE else AfterClose.STOP
