"""One WebSocket: packets come in by callback, commands of one loop turn go out in one packet."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from hongyan.model.commands import EditMessage, SendMessage
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId
from hongyan.protocol.client import AfterClose, ClientEnd, Received
from hongyan.protocol.client import State as EndState
from hongyan.protocol.codec import PROTO_CLIENT
from hongyan.protocol.frames import (
    ClientCommand,
    Connect,
    Connected,
    ErrorReply,
    Limits,
    ServerEvent,
    Submit,
)
from hongyan_client.errors import ConnectionLostError, OutcomeUnknownError, RefusedError

FRAME_BYTES = 256
"""What a command takes on the wire, besides a message's content; rather too much than too little."""
MAX_FRAME_BYTES = 64 << 20
WRITE_BUFFER_BYTES = 1 << 20

_CONTINUATION, _BINARY, _CLOSE = WSMsgType.CONTINUATION, WSMsgType.BINARY, WSMsgType.CLOSE


class Ending(msgspec.Struct, frozen=True):
    """How a connection ended: what to do now, the close code (0: none came) and a sentence."""

    after: AfterClose
    code: int
    reason: str


class Connection(WSListener):
    """A socket and the client's end of the protocol on it. `ended` is done when it is over, however that came."""

    def __init__(self, take: "Callable[[Connection, Sequence[Received]], None]", resumed: Callable[[], None]) -> None:
        self.end = ClientEnd(PROTO_CLIENT)
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.writable = True
        self._loop = asyncio.get_running_loop()
        self._take, self._resumed = take, resumed
        self._transport: WSTransport | None = None
        self._limits = Limits()
        self._out: deque[tuple[ClientCommand, asyncio.Future[ServerEvent] | None]] = deque()
        self._waiting: dict[int, asyncio.Future[ServerEvent]] = {}
        self._submitted: dict[ClientMsgId, int] = {}
        self._fragments = bytearray()
        self._close_code: int | None = None
        self._last_error = ""

    async def open(self, url: str, connect: Connect, timeout_s: float) -> Connected:
        """Connects and says who we are. Raises RefusedError, ConnectionLostError."""
        try:
            async with asyncio.timeout(timeout_s):
                await ws_connect(
                    lambda: self,
                    url,
                    extra_headers={"Sec-WebSocket-Protocol": PROTO_CLIENT.subprotocol},
                    max_frame_size=MAX_FRAME_BYTES,
                    websocket_handshake_timeout=timeout_s,
                )
                if self._transport is None:
                    # picows returns as if all were well when the line breaks during the handshake.
                    raise ConnectionLostError("the connection broke during the handshake")
                request, packet = self.end.connect(connect)
                welcome = await self._reply(request, packet)
        except TimeoutError as error:
            self.abort("no answer came in time")
            raise ConnectionLostError(f"{url} did not answer within {timeout_s:g} s") from error
        except RefusedError as error:
            self.abort(error.sentence)
            raise
        except (OSError, WSError) as error:
            self.abort(str(error))
            raise ConnectionLostError(f"{url} cannot be reached: {error}") from error
        assert isinstance(welcome, Connected), "the server's answer to connect"
        return welcome

    # Out

    @property
    def is_open(self) -> bool:
        """Whether commands may go out."""
        return self.end.state in (EndState.OPEN, EndState.GOING_AWAY) and not self.ended.done()

    def post(self, command: ClientCommand) -> None:
        """Sends a command at the end of this turn of the loop; its reply comes with the other frames."""
        self._put(command, None)

    async def ask(self, command: ClientCommand, timeout_s: float) -> ServerEvent:
        """The reply to a question. Raises RefusedError, ConnectionLostError, or OutcomeUnknownError after the timeout."""
        if not self.is_open:
            raise ConnectionLostError("there is no connection")
        reply: asyncio.Future[ServerEvent] = self._loop.create_future()
        self._put(command, reply)
        try:
            async with asyncio.timeout(timeout_s):
                return _checked(await reply)
        except TimeoutError as error:
            raise OutcomeUnknownError(f"no answer came within {timeout_s:g} s") from error

    def tick(self, now_s: float) -> None:
        """To be called every second or so: keeps the line alive, and gives up one that is dead."""
        if self.ended.done():
            return
        if self.end.is_silent(now_s):
            self.abort("nothing was heard from the server for too long")
        elif (packet := self.end.heartbeat(now_s)) is not None:
            self._send(packet)
        self._forget_cancelled()

    def pause_reading(self) -> None:
        """Takes nothing in until resumed."""
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Takes in again."""
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.underlying_transport.resume_reading()

    def close(self) -> None:
        """Says goodbye."""
        if self._transport is not None and not self._transport.is_disconnected:
            self._flush()
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()
        self._finish("closed by this client")

    def abort(self, reason: str) -> None:
        """Gives the socket up without a word."""
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.disconnect(graceful=False)
        self._finish(reason)

    def _put(self, command: ClientCommand, reply: asyncio.Future[ServerEvent] | None) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append((command, reply))

    def _flush(self) -> None:
        while self._out and self.is_open:
            frames: list[tuple[ClientCommand, asyncio.Future[ServerEvent] | None]] = []
            size_bytes = 0
            while self._out and len(frames) < self._limits.frames_per_packet:
                size_bytes += _size_bytes(self._out[0][0])
                if frames and size_bytes > self._limits.packet_bytes:
                    break
                frames.append(self._out.popleft())
            requests, packet = self.end.requests([command for command, _ in frames])
            for request, (command, reply) in zip(requests, frames, strict=True):
                self._note(request, command, reply)
            self._send(packet)
        self._out.clear()

    def _note(self, request: int, command: ClientCommand, reply: asyncio.Future[ServerEvent] | None) -> None:
        if reply is not None:
            self._waiting[request] = reply
        elif isinstance(command, Submit):
            before = self._submitted.get(command.client_msg_id)
            if before is not None:
                self.end.forget(before)
            self._submitted[command.client_msg_id] = request

    async def _reply(self, request: int, packet: bytes) -> ServerEvent:
        if self.ended.done():
            raise ConnectionLostError(self.ended.result().reason)
        reply = self._waiting[request] = self._loop.create_future()
        self._send(packet)
        return _checked(await reply)

    def _send(self, packet: bytes) -> None:
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send(_BINARY, packet)

    def _forget_cancelled(self) -> None:
        for request in [request for request, reply in self._waiting.items() if reply.done()]:
            del self._waiting[request]
            self.end.forget(request)

    # In: picows calls these

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame; a message may come in several."""
        kind = frame.msg_type
        if kind == _BINARY and frame.fin:
            self._packet(frame.get_payload_as_memoryview())
        elif kind in (_BINARY, _CONTINUATION):
            self._fragments += frame.get_payload_as_memoryview()
            if frame.fin:
                packet, self._fragments = bytes(self._fragments), bytearray()
                self._packet(packet)
        elif kind == _CLOSE:
            payload = frame.get_payload_as_bytes()
            self._close_code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - picows' signature
        """The socket is gone."""
        self._finish("the connection broke" if self._close_code is None else f"closed with {self._close_code}")

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self.writable = False

    def resume_writing(self) -> None:
        """The socket takes again."""
        self.writable = True
        self._resumed()

    def _packet(self, data: bytes | memoryview) -> None:
        if self.ended.done():
            return
        try:
            received = self.end.receive(data)
            for item in received:
                self._answer(item)
            self._take(self, received)
        except HongyanError as error:
            self.abort(f"the server's packet cannot be read: {error}")
        except Exception as error:  # noqa: BLE001 - a callback has no caller that could take it: whoever waits for the end does
            if not self.ended.done():
                self.ended.set_exception(error)
            self.abort("this client failed")

    def _answer(self, item: Received) -> None:
        event = item.frame.event
        if isinstance(event, Connected):
            self._limits = event.limits
        elif isinstance(event, ErrorReply) and not item.frame.reply_to:
            self._last_error = event.message
        if isinstance(item.command, Submit):
            self._submitted.pop(item.command.client_msg_id, None)
        reply = self._waiting.pop(item.frame.reply_to, None)
        if reply is not None and not reply.done():
            reply.set_result(event)

    def _finish(self, reason: str) -> None:
        if not self.ended.done():
            after = self.end.closed(self._close_code)
            self.ended.set_result(Ending(after, self._close_code or 0, self._last_error or reason))
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(ConnectionLostError(reason))
        for _, waiting in self._out:
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionLostError(reason))
        self._waiting.clear()
        self._out.clear()


def _size_bytes(command: ClientCommand) -> int:
    if isinstance(command, Submit) and isinstance(command.command, SendMessage | EditMessage):
        return FRAME_BYTES + len(command.command.content)
    if isinstance(command, Submit):
        asked = command.command
        users = getattr(asked, "member_ids", ()) or getattr(asked, "allowed_ids", ())
        words = [getattr(asked, name, None) or "" for name in ("name", "announcement", "note", "nickname")]
        return FRAME_BYTES + 40 * len(users) + 4 * sum(map(len, words))
    return FRAME_BYTES


def _checked(event: ServerEvent) -> ServerEvent:
    if isinstance(event, ErrorReply):
        raise RefusedError(event)
    return event
