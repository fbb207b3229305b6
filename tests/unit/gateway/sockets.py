"""Clients on real sockets: a WebSocket by picows, and a TCP stream by asyncio."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from hongyan.protocol import frames
from hongyan.protocol.client import CLIENT_LIMITS, ClientCodec
from hongyan.protocol.codec import PROTO_CLIENT
from hongyan.protocol.framing import PacketSplitter, frame_packet


class Arrivals:
    """Packets as they come, and the end: its code on a WebSocket, None where there is none."""

    def __init__(self, codec: ClientCodec) -> None:
        self.codec = codec
        self.queue: asyncio.Queue[frames.ServerFrame | None] = asyncio.Queue()
        self.ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def take(self, packet: bytes) -> None:
        """A packet came."""
        for frame in self.codec.decode(packet, CLIENT_LIMITS):
            self.queue.put_nowait(frame)

    def end(self, code: int | None) -> None:
        """The connection ended."""
        if not self.ended.done():
            self.ended.set_result(code)
            self.queue.put_nowait(None)

    async def next(self) -> tuple[int, frames.ServerEvent]:
        """The next frame; an error when the connection ends before it."""
        frame = await self.queue.get()
        if frame is None:
            self.queue.put_nowait(None)
            raise ConnectionError(f"closed with {self.ended.result()}")
        return frame.reply_to, frame.event

    async def error(self) -> tuple[int, str]:
        """The next frame, which is an error."""
        to, event = await self.next()
        assert isinstance(event, frames.ErrorReply), event
        return to, event.name


class WsClient(WSListener):
    """A WebSocket client of either sub-protocol."""

    def __init__(self, codec: ClientCodec) -> None:
        self.codec, self.arrivals = codec, Arrivals(codec)
        self.kind = WSMsgType.TEXT if codec.is_text else WSMsgType.BINARY
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """See picows."""
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """See picows."""
        if frame.msg_type == WSMsgType.CLOSE:
            self.arrivals.end(frame.get_close_code())  # type: ignore[arg-type]  # an int, whatever picows says
            transport.disconnect()
        elif frame.msg_type == self.kind:
            self.arrivals.take(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """See picows."""
        self.arrivals.end(None)

    def pause_writing(self) -> None:
        """See picows."""

    def resume_writing(self) -> None:
        """See picows."""

    @property
    def wire(self) -> WSTransport:
        """The open transport."""
        assert self.transport is not None
        return self.transport

    def send(self, *commands: frames.ClientCommand, first: int = 1) -> None:
        """One packet of commands, numbered from `first`."""
        sent = [frames.ClientFrame(first + index, each) for index, each in enumerate(commands)]
        self.send_packet(self.codec.encode(sent))

    def send_packet(self, packet: bytes) -> None:
        """Any bytes as one message."""
        self.wire.send(self.kind, packet)

    def close(self) -> None:
        """Cuts the line."""
        self.wire.disconnect(graceful=False)

    async def connect(self, token: str, **connect: str | tuple[str, ...]) -> frames.Connected:
        """Says who we are, and gives the welcome."""
        self.send(frames.Connect(token, **connect))  # type: ignore[arg-type]  # a test's own fields
        _, welcome = await self.arrivals.next()
        assert isinstance(welcome, frames.Connected), welcome
        return welcome


@asynccontextmanager
async def websocket(url: str, codec: ClientCodec = PROTO_CLIENT) -> AsyncIterator[WsClient]:
    """An open WebSocket."""
    client = WsClient(codec)
    transport, _ = await ws_connect(
        lambda: client, url, extra_headers={"Sec-WebSocket-Protocol": codec.subprotocol}, use_aiofastnet=False
    )
    try:
        yield client
    finally:
        transport.disconnect(graceful=False)
        await client.arrivals.ended
        await transport.wait_disconnected()


class TcpClient(asyncio.Protocol):
    """A client on a raw stream."""

    def __init__(self) -> None:
        self.codec, self.arrivals = PROTO_CLIENT, Arrivals(PROTO_CLIENT)
        self.splitter = PacketSplitter(CLIENT_LIMITS.packet_bytes)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        for packet in self.splitter.feed(data):
            self.arrivals.take(packet)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self.arrivals.end(None)

    @property
    def wire(self) -> asyncio.Transport:
        """The open transport."""
        assert self.transport is not None
        return self.transport

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self.wire.write(data)

    def send(self, *commands: frames.ClientCommand, first: int = 1) -> None:
        """One packet of commands, numbered from `first`."""
        sent = [frames.ClientFrame(first + index, each) for index, each in enumerate(commands)]
        self.send_packet(self.codec.encode(sent))

    def send_packet(self, packet: bytes) -> None:
        """Any bytes as one packet."""
        self.write(frame_packet(packet))

    def close(self) -> None:
        """Cuts the line."""
        self.wire.abort()

    async def connect(self, token: str, **connect: str | tuple[str, ...]) -> frames.Connected:
        """Says who we are, and gives the welcome."""
        self.send(frames.Connect(token, **connect))  # type: ignore[arg-type]  # a test's own fields
        _, welcome = await self.arrivals.next()
        assert isinstance(welcome, frames.Connected), welcome
        return welcome


@asynccontextmanager
async def tcp(url: str) -> AsyncIterator[TcpClient]:
    """An open stream."""
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(TcpClient, address.hostname or "", address.port or 0)
    try:
        yield client
    finally:
        transport.abort()
        await client.arrivals.ended


async def handshake(url: str, headers: Mapping[str, str] | str) -> tuple[int, str]:
    """Status and text of the answer to an upgrade with these headers."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    key = base64.b64encode(os.urandom(16)).decode()
    text = headers if isinstance(headers, str) else "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(
        f"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n{text}\r\n".encode()
    )
    status = int((await reader.readline()).split()[1])
    rest = "" if status == 101 else (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return status, rest
