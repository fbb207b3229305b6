"""Packets on a raw TCP stream: 4 bytes of length, then as many bytes."""

import asyncio
from collections.abc import Mapping
from typing import cast

from hongyan.gateway.connection import Connection
from hongyan.gateway.gateway import Gateway
from hongyan.gateway.listener import Listening, peer_of
from hongyan.gateway.replies import error_reply
from hongyan.model.codes import CloseCode, NotAuthenticated, Overloaded, TokenRevoked
from hongyan.model.errors import HongyanError
from hongyan.protocol.codec import PROTO_SERVER
from hongyan.protocol.frames import ServerFrame
from hongyan.protocol.framing import PacketSplitter, frame_packet

_FAREWELLS: Mapping[CloseCode, HongyanError] = {
    CloseCode.OVERLOADED: Overloaded(what="connections", retry_after_ms=1_000),
    CloseCode.CONNECT_TIMEOUT: NotAuthenticated(),
    CloseCode.LOGGED_OUT: TokenRevoked(),
    CloseCode.REPLACED: TokenRevoked(),
}


class TcpWire(asyncio.Protocol):
    """Both the protocol of a socket and the `Wire` of its connection."""

    __slots__ = ("connection", "gateway", "splitter", "transport")

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.splitter = PacketSplitter(gateway.options.limits.packet_bytes)
        self.connection: Connection | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=self.gateway.options.write_buffer_bytes)
        key = self.gateway.key_of(peer_of(self.transport))
        self.connection = self.gateway.opened(self, PROTO_SERVER, key)

    def data_received(self, data: bytes) -> None:
        """Bytes; any number of packets, and parts of them."""
        try:
            for packet in self.splitter.feed(data):
                if self.connection is None:
                    return
                self.gateway.received(self.connection, packet)
        except HongyanError as error:
            if self.connection is not None:
                self.connection.refuse(0, error)
                self.gateway.close(self.connection, CloseCode.BAD_FRAME)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The socket is gone."""
        if self.connection is not None:
            self.gateway.closed(self.connection)
        self.connection = self.transport = None

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
        if self.connection is not None and transport is not None and not transport.is_closing():
            transport.write(frame_packet(packet))

    def buffered_bytes(self) -> int:
        """See Wire."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def pause_reading(self) -> None:
        """See Wire."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """See Wire."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def close(self, code: CloseCode) -> None:
        """See Wire. TCP has no close frame: the reason goes as an error, where it did not go before."""
        transport, self.connection = self.transport, None
        if transport is None:
            return
        if code is CloseCode.SLOW_CONSUMER:
            transport.abort()
            return
        farewell = _FAREWELLS.get(code)
        if farewell is not None and not transport.is_closing():
            transport.write(frame_packet(PROTO_SERVER.encode([ServerFrame(0, error_reply(farewell))])))
        transport.close()

    def abort(self) -> None:
        """See Wire."""
        if self.transport is not None:
            self.transport.abort()


async def listen_tcp(gateway: Gateway, host: str, port: int) -> Listening:
    """Accepts TCP connections."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: TcpWire(gateway), host, port, backlog=4096, reuse_address=True)
    return Listening(server, "tcp")
