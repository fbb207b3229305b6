"""A connection on raw TCP by the shared codec, with nothing of a client's comfort: what is sent and read is seen exactly."""

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from typing import Self

from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId
from hongyan.model.records import Entry
from hongyan.protocol.client import ClientEnd, Received
from hongyan.protocol.codec import PROTO_CLIENT, decode_entry
from hongyan.protocol.frames import (
    ClientCommand,
    Connect,
    Connected,
    EntryPage,
    ErrorReply,
    GetEntries,
    ServerEvent,
    Sync,
    SyncPage,
)
from hongyan.protocol.framing import PacketSplitter, frame_packet
from tests.system.ledger import View

_READ_BYTES = 1 << 16
_ANSWER_S = 20.0


class RefusedByServerError(Exception):
    """The server answered with an error."""

    def __init__(self, reply: ErrorReply) -> None:
        super().__init__(f"{reply.name}: {reply.message}")
        self.reply = reply


class RawConnection:
    """One open socket. What it cannot do (the server is gone) raises ConnectionError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._splitter = PacketSplitter(64 << 20)
        self._arrived: deque[Received] = deque()
        self.end = ClientEnd(PROTO_CLIENT)

    @classmethod
    async def dial(cls, port: int, *, buffer_bytes: int = 0) -> Self:
        """A connection that has said nothing yet; its system holds `buffer_bytes` of what comes, where that is given."""
        if not buffer_bytes:
            return cls(*await asyncio.open_connection("127.0.0.1", port))
        # Not by the loop's own sock_connect: where nobody listens, uvloop leaves the socket open.
        line = socket.socket()
        try:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            line.connect(("127.0.0.1", port))
            line.setblocking(False)
        except BaseException:
            line.close()
            raise
        return cls(*await asyncio.open_connection(sock=line))

    @classmethod
    async def open(cls, port: int, token: str, cursor: str = "", *, buffer_bytes: int = 0) -> Self:
        """A connection that was let in."""
        self = await cls.dial(port, buffer_bytes=buffer_bytes)
        try:
            self.write(self.end.connect(Connect(token, cursor=cursor))[1])
            while self.end.welcome is None:
                for item in await self.receive():
                    self._arrived.append(item)
                    if isinstance(item.command, Connect) and isinstance(item.frame.event, ErrorReply):
                        raise ConnectionRefusedError(item.frame.event.message)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def welcome(self) -> Connected:
        """What the server said when it let us in."""
        assert self.end.welcome is not None
        return self.end.welcome

    def write(self, packet: bytes) -> None:
        """Sends one packet."""
        try:
            self._writer.write(frame_packet(packet))
        except RuntimeError as error:
            # uvloop's word for a transport that the server has closed in this turn of the loop.
            raise ConnectionResetError(str(error)) from error

    def post(self, command: ClientCommand) -> int:
        """Sends a command; its answer comes among what is received. The id of its frame."""
        request, packet = self.end.request(command)
        self.write(packet)
        return request

    async def ask(self, command: ClientCommand) -> ServerEvent:
        """Sends a command and waits for its answer; pushes that come before it are kept. Raises RefusedByServerError."""
        request = self.post(command)
        while True:
            for item in await self.receive():
                if item.frame.reply_to != request:
                    self._arrived.append(item)
                elif isinstance(item.frame.event, ErrorReply):
                    raise RefusedByServerError(item.frame.event)
                else:
                    return item.frame.event

    async def receive(self) -> Sequence[Received]:
        """The frames that come next, at least one packet of them."""
        while True:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    data = await self._reader.read(_READ_BYTES)
            except TimeoutError as error:
                raise ConnectionError(f"nothing came for {_ANSWER_S} s") from error
            if not data:
                raise ConnectionResetError("the server closed")
            try:
                found = [item for packet in self._splitter.feed(data) for item in self.end.receive(packet)]
            except HongyanError as error:
                raise AssertionError(f"the server sent what is no packet: {error}") from error
            if found:
                return found

    def kept(self) -> list[Received]:
        """What came while an answer was waited for."""
        found = list(self._arrived)
        self._arrived.clear()
        return found

    def stop_reading(self) -> None:
        """Takes nothing in any more."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport reads

    def close(self) -> None:
        """Just goes."""
        self._writer.transport.abort()

    # Reading as a fresh device does

    async def history(self, conversation_id: ConversationId) -> list[Entry]:
        """Every entry that may be seen, page by page from the first on."""
        entries: list[Entry] = []
        more, after = True, 0
        while more:
            page = await self.ask(GetEntries(conversation_id, after))
            assert isinstance(page, EntryPage)
            assert not page.too_long_restart_seq, "tests stay below the gap that is too long"
            entries += map(decode_entry, page.entries)
            more = page.more
            assert page.entries or not more, f"an empty page of {conversation_id} above {after} says that there is more"
            after = entries[-1].seq if entries else 0
        return entries

    async def view(self, *, whole: bool = True) -> View:
        """The list and, if it shall be whole, all that it leads to, of a connection that was opened without a cursor."""
        found = View(self.welcome.user_id)
        page = self.welcome.sync_page
        while True:
            found.heads.update((head.conversation_id, head) for head in page.conversations)
            if not page.more:
                break
            answer = await self.ask(Sync(page.cursor))
            assert isinstance(answer, SyncPage)
            page = answer
        for conversation_id in found.heads if whole else ():
            found.entries[conversation_id] = await self.history(conversation_id)
        return found


async def fetch(port: int, token: str, *, whole: bool = True) -> View:
    """What a device that was never there is given; the list alone when it shall not be whole."""
    connection = await RawConnection.open(port, token)
    try:
        return await connection.view(whole=whole)
    finally:
        connection.close()
