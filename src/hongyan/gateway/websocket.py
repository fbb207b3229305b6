"""Packets on WebSocket messages, by picows: a callback a frame, no task and no queue a connection."""

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from multidict import CIMultiDict
from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # it is there; see _Visitor

from hongyan.gateway.connection import Connection
from hongyan.gateway.gateway import Gateway
from hongyan.gateway.hall import Hall, Leaving
from hongyan.gateway.listener import Listening, peer_of
from hongyan.model.codes import CloseCode, MalformedFrame, PacketTooLarge
from hongyan.protocol.codec import PROTO_SERVER
from hongyan.protocol.codec_json import JSON_SERVER
from hongyan.protocol.server import ServerCodec

_CODECS: dict[str, ServerCodec] = {"hongyan.v1+proto": PROTO_SERVER, "hongyan.v1+json": JSON_SERVER}
_READ_BUFFER_BYTES = 2_048  # picows' minimum: what an idle connection holds
_NO_HEADERS: CIMultiDict[str] = CIMultiDict()  # allow import-effect: an empty constant
_TEXT, _BINARY, _CONTINUATION, _CLOSE = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION, WSMsgType.CLOSE


class WsWire(WSListener):
    """Both the listener of a socket and the `Wire` of its connection: one object less, fifteen thousand times."""

    __slots__ = ("codec", "connection", "data_type", "fragments", "gateway", "transport")

    def __init__(self, gateway: Gateway, codec: ServerCodec) -> None:
        self.gateway, self.codec = gateway, codec
        self.data_type = _TEXT if codec.is_text else _BINARY
        self.connection: Connection | None = None
        self.fragments: bytearray | None = None
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self.transport = transport
        peer, forwarded = peer_of(transport.underlying_transport), transport.request.headers.get("X-Forwarded-For", "")
        self.gateway.hall.leave(transport.underlying_transport)
        # Nobody asks for the headers again; kept, they would be a fifth of an idle connection.
        transport.request.headers = transport.response.headers = _NO_HEADERS
        transport.underlying_transport.set_write_buffer_limits(high=self.gateway.options.write_buffer_bytes)
        self.connection = self.gateway.opened(self, self.codec, self.gateway.key_of(peer, forwarded))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame; whole messages, the rule, go on without a copy."""
        connection = self.connection
        if connection is None:
            return
        kind = frame.msg_type
        if kind == self.data_type and frame.fin and self.fragments is None:
            self.gateway.received(connection, frame.get_payload_as_memoryview())
        elif kind in (_TEXT, _BINARY, _CONTINUATION):
            self._take_fragment(connection, frame)
        elif kind == _CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def _take_fragment(self, connection: Connection, frame: WSFrame) -> None:
        kind, limit = frame.msg_type, self.gateway.options.limits.packet_bytes
        starts = kind != _CONTINUATION
        if (starts and kind != self.data_type) or starts == (self.fragments is not None):
            expected = "text" if self.codec.is_text else "binary"
            connection.refuse(0, MalformedFrame(reason=f"expected whole {expected} messages"))
            self.gateway.close(connection, CloseCode.BAD_FRAME)
            return
        if self.fragments is None:
            self.fragments = bytearray()
        self.fragments += frame.get_payload_as_memoryview()
        if len(self.fragments) > limit:
            connection.refuse(0, PacketTooLarge(size_bytes=len(self.fragments), limit_bytes=limit))
            self.gateway.close(connection, CloseCode.BAD_FRAME)
        elif frame.fin:
            message, self.fragments = bytes(self.fragments), None
            self.gateway.received(connection, message)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows' signature
        """The socket is gone."""
        if self.connection is not None:
            self.gateway.closed(self.connection)
        self.connection = None

    def pause_writing(self) -> None:
        """The write buffer is over its bound."""
        if self.connection is not None:
            self.connection.writing_paused()

    def resume_writing(self) -> None:
        """The write buffer drained."""
        if self.connection is not None:
            self.connection.writing_resumed()

    # Wire

    def send_packet(self, packet: bytes) -> None:
        """See Wire."""
        transport = self.transport
        if self.connection is not None and transport is not None and not transport.is_disconnected:
            transport.send(self.data_type, packet)

    def buffered_bytes(self) -> int:
        """See Wire."""
        return self.transport.underlying_transport.get_write_buffer_size() if self.transport else 0

    def pause_reading(self) -> None:
        """See Wire."""
        if self.transport is not None and not self.transport.is_disconnected:
            self.transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """See Wire."""
        if self.transport is not None and not self.transport.is_disconnected:
            self.transport.underlying_transport.resume_reading()

    def close(self, code: CloseCode) -> None:
        """See Wire."""
        transport, self.connection = self.transport, None
        if transport is None or transport.is_disconnected:
            return
        if code is CloseCode.SLOW_CONSUMER:
            transport.disconnect(graceful=False)
            return
        transport.send_close(code, code.name.lower().encode())  # type: ignore[arg-type]  # an application's code is an int
        transport.disconnect()

    def abort(self) -> None:
        """See Wire."""
        if self.transport is not None and not self.transport.is_disconnected:
            self.transport.disconnect(graceful=False)


def check_origin(request: WSUpgradeRequest, allowed: tuple[str, ...]) -> bool:
    """Whether a browser's page may connect: its own host, or one that was allowed. Other clients send no Origin."""
    origin = request.headers.get("Origin")
    if origin is None or origin in allowed:
        return True
    host = _host(f"//{request.headers.get('Host', '')}")
    return bool(host) and _host(origin) == host


def _host(url: str) -> str:
    """The host in an address, in small letters; empty where there is none to be found."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def listen_websocket(gateway: Gateway, host: str, port: int) -> Listening:
    """Accepts WebSocket connections on any path."""

    def accept(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener | None:
        if not check_origin(request, gateway.options.origins):
            return _refused(403, b"This origin is not allowed.\n")
        asked = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
        offered = [name.strip() for name in asked.split(",")]
        chosen = next((name for name in offered if name in _CODECS), None)
        if chosen is None:
            return _refused(400, b"Ask for the sub-protocol hongyan.v1+proto or hongyan.v1+json.\n")
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": chosen})
        return WSUpgradeResponseWithListener(response, WsWire(gateway, _CODECS[chosen]))

    loop = asyncio.get_running_loop()
    # uvloop's own transport: an idle connection holds 7 KB with it and 12 KB with aiofastnet's, at the same speed.
    server = await loop.create_server(_visitors(gateway, accept), host, port, backlog=4096, reuse_address=True)
    return Listening(server, "ws")


class _Visitor(WSProtocol):  # type: ignore[misc]  # its class is not in picows' stubs
    """picows' protocol of one socket, which the hall hears of while nothing was asked yet.

    `picows.ws_create_server` makes its protocols by itself, and so leaves no way to count them: this does what it does.
    """

    __slots__ = ("hall", "visitor")
    hall: Hall
    visitor: Leaving

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A socket is there."""
        super().connection_made(transport)
        self.visitor = transport
        self.hall.enter(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.hall.leave(self.visitor)
        super().connection_lost(exc)


def _visitors(
    gateway: Gateway, accept: Callable[[WSUpgradeRequest], WSUpgradeResponseWithListener | None]
) -> Callable[[], _Visitor]:
    # picows makes a child of a Logger for every connection, but takes an adapter as it is.
    logger = logging.LoggerAdapter(logging.getLogger("picows"), {})
    options = gateway.options
    no_client = (None, None, False)
    disconnect_on_exception, no_pings = True, (False, 10.0, 20.0, WSAutoPingStrategy.PING_WHEN_IDLE)
    # Up to this an answer of ours says what is wrong; beyond it picows closes at the header, with 1009.
    max_frame_bytes = 2 * options.limits.packet_bytes

    def visitor() -> _Visitor:
        made = _Visitor(
            *(*no_client, accept, logger, disconnect_on_exception, options.connect_timeout_s, *no_pings, True),
            *(max_frame_bytes, None, _READ_BUFFER_BYTES),
        )
        made.hall = gateway.hall
        return made

    return visitor


def _refused(status: int, sentence: bytes) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_error_response(status, sentence)
    return WSUpgradeResponseWithListener(response, None)
