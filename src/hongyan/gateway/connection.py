"""One open connection: its end of the protocol, who is behind it, and what it may hold."""

from typing import TYPE_CHECKING, Protocol

from hongyan.gateway.replies import error_reply
from hongyan.model.codes import CloseCode
from hongyan.model.errors import HongyanError
from hongyan.model.ids import DeviceId, UserId
from hongyan.protocol.frames import ClientFrame, ServerEvent, ServerFrame
from hongyan.protocol.server import ServerEnd

if TYPE_CHECKING:
    from hongyan.gateway.gateway import Gateway


FRESH_SUBMISSIONS = 32


class Wire(Protocol):
    """A transport that carries packets. Never waits."""

    def send_packet(self, packet: bytes) -> None:
        """Writes one packet; what the socket does not take at once is buffered."""
        ...

    def buffered_bytes(self) -> int:
        """How much is buffered."""
        ...

    def pause_reading(self) -> None:
        """Reads nothing until resumed."""
        ...

    def resume_reading(self) -> None:
        """Reads again."""
        ...

    def close(self, code: CloseCode) -> None:
        """Says goodbye with a code and closes once that is written; SLOW_CONSUMER drops what is buffered at once.

        Nothing more is received. What a peer does not read is held until `abort`: the gateway sees to that.
        """
        ...

    def abort(self) -> None:
        """Drops the socket and what is buffered. Nothing happens where it is gone."""
        ...


class Connection:
    """Small on purpose: fifteen thousand of them idle in one process.

    `fresh` counts down the first submissions: a client that was cut off repeats what it has no receipt for, and one that
    forgets to say so is looked up all the same.
    `frames` came in the window of the wheel that began at `window_s`.
    `pending` counts submissions without an answer, `requests` reads that run; `paused_at_s` is when the socket stopped taking
    more (0: it takes); `lane` holds frames that must wait for an earlier submission of the same connection.
    """

    __slots__ = (
        "device_id",
        "end",
        "frames",
        "fresh",
        "gateway",
        "gzip",
        "heard_at_s",
        "id",
        "lane",
        "paused_at_s",
        "pending",
        "requests",
        "user_id",
        "window_s",
        "wire",
    )

    def __init__(self, gateway: "Gateway", connection_id: int, wire: Wire, end: ServerEnd) -> None:
        self.gateway, self.id, self.wire, self.end = gateway, connection_id, wire, end
        self.user_id: UserId | None = None
        self.device_id: DeviceId | None = None
        self.gzip = False
        self.fresh = FRESH_SUBMISSIONS
        self.frames = 0
        self.window_s = 0.0
        self.pending = 0
        self.requests = 0
        self.heard_at_s = gateway.now_s
        self.paused_at_s = 0.0
        self.lane: list[ClientFrame] | None = None

    def reply(self, request: int, event: ServerEvent) -> None:
        """Sends one frame; large ones compressed if the client can read that."""
        packet = self.end.codec.encode([ServerFrame(request, event)])
        if self.gzip and len(packet) > self.gateway.options.gzip_bytes:
            packet = self.end.codec.compress(packet)
        self.send(packet)

    def refuse(self, request: int, error: HongyanError) -> None:
        """Tells of an error. A refused frame that wanted no reply is told as a push, so that nothing fails in silence."""
        self.gateway.metrics.refused(error.name)
        frame, held = ServerFrame(request, error_reply(error)), self.gateway.held
        if held is not None:
            held.append(frame)
        else:
            self.send(self.end.codec.encode([frame]))

    def send(self, packet: bytes) -> None:
        """Writes a packet. A connection that already has more than the hard bound in its buffer is closed instead.

        One packet more than the bound may thus wait: a large page alone does not make a slow consumer.
        """
        wire = self.wire
        if self.paused_at_s:
            gateway = self.gateway
            if wire.buffered_bytes() > gateway.options.write_buffer_hard_bytes:
                gateway.close(self, CloseCode.SLOW_CONSUMER)
                return
            if self in gateway.paused:
                gateway.paused[self] += len(packet)
        wire.send_packet(packet)

    def writing_paused(self) -> None:
        """The socket takes no more; the wheel watches whether it goes on."""
        self.paused_at_s = self.gateway.now_s
        self.gateway.paused[self] = self.wire.buffered_bytes()

    def writing_resumed(self) -> None:
        """The socket takes again."""
        self.paused_at_s = 0.0
        self.gateway.paused.pop(self, None)
