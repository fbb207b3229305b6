"""One connection of the generator: opens, authenticates, asks. What arrives under load is noted by its subclasses."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from hongyan.cli.bench.messages import Account
from hongyan.protocol.codec import PROTO_SUBPROTOCOL, ProtoClientCodec
from hongyan.protocol.codec_scan import ConversationHead, ServerFrame, scan
from hongyan.protocol.frames import ClientCommand, ClientFrame, Connect, Ping, Sync

BINARY = WSMsgType.BINARY
PING = 1 << 20
"""The frame id of pings. Above it are questions, below it submissions."""

ABNORMAL = 1006
"""The code of a connection that ended without one."""

_HEADERS = {"Sec-WebSocket-Protocol": PROTO_SUBPROTOCOL}
_PING = ProtoClientCodec().encode([ClientFrame(PING, Ping())])


class ConnectionLostError(Exception):
    """The server closed, with a code of its own or none; `resumable` says whether to come back."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server closed the connection with code {code}")
        self.code = code
        self.resumable = code < 4500


class RefusedError(Exception):
    """The server answered a question with an error."""

    def __init__(self, frame: ServerFrame) -> None:
        super().__init__(f"{frame.error.name}: {frame.error.message}")
        self.name = frame.error.name


class Faults:
    """What went wrong in one process, by name; `resent` is what was refused for the moment and sent again."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()
        self.resent: Counter[str] = Counter()


class Client(WSListener):
    """Speaks for one account on one connection. `open` may be called once."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self.account, self.faults = account, faults
        self.transport: WSTransport | None = None
        self.is_open = False
        self.questions: dict[int, asyncio.Future[ServerFrame]] = {}
        self._next_question = PING
        self._leaving = False
        self.cursor = ""
        self.heartbeat_ms = 0
        self.page_entries = 0

    async def open(self, url: str, cursor: str = "") -> None:
        """Connects, authenticates and syncs from a cursor, to the last page.

        Raises OSError, WSError, ConnectionLostError or RefusedError.
        """
        await ws_connect(
            lambda: self,
            url,
            extra_headers=_HEADERS,
            read_buffer_init_size=2_048,
            max_frame_size=1 << 26,
            websocket_handshake_timeout=60,
            use_aiofastnet=False,  # a fifth less to connect, the same afterwards
        )
        welcome = (await self.ask(Connect(self.account.token, "hongyan bench", cursor=cursor))).connected
        self.is_open = True
        self.heartbeat_ms = welcome.heartbeat_ms
        self.page_entries = welcome.limits.page_entries
        page = welcome.sync_page
        self.on_heads(page.conversations)
        while page.more:
            page = (await self.ask(Sync(page.cursor))).sync_page
            self.on_heads(page.conversations)
        self.cursor = page.cursor

    async def ask(self, command: ClientCommand) -> ServerFrame:
        """Sends one frame and waits for its reply. Raises ConnectionLostError, RefusedError."""
        self._next_question += 1
        reply: asyncio.Future[ServerFrame] = asyncio.get_running_loop().create_future()
        self.questions[self._next_question] = reply
        self.write(ProtoClientCodec().encode([ClientFrame(self._next_question, command)]))
        return await reply

    def tell(self, command: ClientCommand) -> None:
        """Sends one frame that wants no reply. Raises ConnectionLostError."""
        self.write(ProtoClientCodec().encode([ClientFrame(0, command)]))

    def write(self, packet: bytes) -> None:
        """Sends a packet. Raises ConnectionLostError on a closed connection."""
        if self.transport is None or self.transport.is_disconnected:
            raise ConnectionLostError(ABNORMAL)
        self.transport.send(BINARY, packet)

    def ping(self) -> None:
        """Says that this client is alive; the pong comes to `on_pong`."""
        self.write(_PING)

    def cut(self) -> None:
        """Drops the connection without a word."""
        self._leaving = True
        self.is_open = False
        if self.transport is not None:
            self.transport.disconnect(graceful=False)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A packet of the server; subclasses that expect many of them read them themselves."""
        if frame.msg_type == BINARY:
            for event in scan(frame.get_payload_as_bytes()):
                self.on_event(event)
        else:
            self.on_control(transport, frame)

    def on_event(self, event: ServerFrame) -> None:
        """An answer to a question; anything else is not this class's."""
        if event.reply_to == PING:
            self.on_pong()
            return
        reply = self.questions.pop(event.reply_to, None)
        if reply is None:
            self.on_push(event)
        elif reply.done():
            return
        elif event.WhichOneof("event") == "error":
            reply.set_exception(RefusedError(event))
        else:
            reply.set_result(event)

    def on_heads(self, heads: Iterable[ConversationHead]) -> None:
        """A page of the sync."""

    def on_pong(self) -> None:
        """The answer to a ping."""

    def on_push(self, event: ServerFrame) -> None:
        """What nobody asked for. An error before the connection is open says why it is closed, and `open` raises that."""
        if self.is_open and event.WhichOneof("event") == "error":
            self.faults.refused[event.error.name] += 1

    def on_control(self, transport: WSTransport, frame: WSFrame) -> None:
        """A close frame is answered; there are no other control frames."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone: whoever waits for an answer is told."""
        code = close_code(transport)
        if self.is_open and not self._leaving:
            self.faults.closed[str(code)] += 1
        self.is_open = False
        waiting, self.questions = self.questions, {}
        for reply in waiting.values():
            if not reply.done():
                reply.set_exception(ConnectionLostError(code))


def close_code(transport: Any) -> int:
    """The code that the server closed with; ABNORMAL without one."""
    handshake = transport.close_handshake
    received = handshake.recv if handshake is not None else None
    code = received.code if received is not None else ABNORMAL
    return int(getattr(code, "value", code))
