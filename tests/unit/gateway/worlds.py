"""A gateway whose sockets are in memory and whose uplink is the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hongyan.adapters.state.memory import LocalRoutes
from hongyan.gateway.connection import Connection
from hongyan.gateway.gateway import Around, Gateway, GatewayOptions, Uplink
from hongyan.model.codes import CloseCode, InvalidField, TokenInvalid
from hongyan.model.commands import SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, DeviceId, MessageId, UserId, single_id
from hongyan.model.records import Entry, Message, Submitted
from hongyan.ports.link import Answer, Fanout, Identity, Later, OutEntry, Submission
from hongyan.protocol import frames
from hongyan.protocol.client import CLIENT_LIMITS, ClientCodec
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER, decode_entry, encode_entry
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.server import ServerCodec
from hongyan.telemetry import Metrics
from tests.tasks import beside

ALICE, BOB, CAROL = UserId("alice"), UserId("bob"), UserId("carol")
SINGLE = single_id(ALICE, BOB)
NUMBER = 7


class MemoryWire:
    """A `Wire` to a peer that reads only while it wants to."""

    def __init__(self, high_bytes: int = 1 << 30) -> None:
        self.high_bytes = high_bytes
        self.packets: list[bytes] = []
        self.held: list[bytes] = []
        self.codes: list[CloseCode] = []
        self.is_read, self.is_reading, self.is_aborted = True, True, False
        self.connection: Connection | None = None

    def send_packet(self, packet: bytes) -> None:
        """See Wire."""
        if self.codes:
            return
        (self.packets if self.is_read else self.held).append(packet)
        if self.connection is not None and self.buffered_bytes() > self.high_bytes and not self.connection.paused_at_s:
            self.connection.writing_paused()

    def buffered_bytes(self) -> int:
        """See Wire."""
        return sum(map(len, self.held))

    def read_on(self) -> None:
        """The peer takes what waits."""
        self.is_read = True
        self.packets += self.held
        self.held = []
        if self.connection is not None and self.connection.paused_at_s:
            self.connection.writing_resumed()

    def pause_reading(self) -> None:
        """See Wire."""
        self.is_reading = False

    def resume_reading(self) -> None:
        """See Wire."""
        self.is_reading = True

    def close(self, code: CloseCode) -> None:
        """See Wire."""
        self.codes.append(code)

    def abort(self) -> None:
        """See Wire."""
        self.is_aborted = True


class Peer:
    """A client at the other end of a wire in memory."""

    def __init__(self, gateway: Gateway, server: ServerCodec = PROTO_SERVER, high_bytes: int = 1 << 30) -> None:
        self.gateway, self.wire = gateway, MemoryWire(high_bytes)
        self.codec: ClientCodec = JSON_CLIENT if server is JSON_SERVER else PROTO_CLIENT
        opened = gateway.opened(self.wire, server)
        self.wire.connection = self._connection = opened

    @property
    def connection(self) -> Connection:
        """The server's side; there is none for one who was turned away."""
        assert self._connection is not None
        return self._connection

    def send(self, *commands: frames.ClientCommand, first: int = 1) -> None:
        """One packet of commands, whose frames are numbered from `first`; 0 for all that is not numbered."""
        sent = [frames.ClientFrame(first + index if first else 0, each) for index, each in enumerate(commands)]
        self.gateway.received(self.connection, self.codec.encode(sent))

    def heard(self) -> list[tuple[int, frames.ServerEvent]]:
        """What came since the last call."""
        packets, self.wire.packets = self.wire.packets, []
        found = [frame for packet in packets for frame in self.codec.decode(packet, CLIENT_LIMITS)]
        return [(frame.reply_to, frame.event) for frame in found]

    def entries(self) -> list[int]:
        """The seqs that were pushed since the last call, everything else left out."""
        pushes = (event for _, event in self.heard() if isinstance(event, frames.Push))
        return [decode_entry(encoded).seq for push in pushes for encoded in push.entries]

    def errors(self) -> list[tuple[int, str]]:
        """The errors since the last call."""
        return [(to, event.name) for to, event in self.heard() if isinstance(event, frames.ErrorReply)]

    @property
    def closed(self) -> CloseCode | None:
        """With what code the server closed."""
        return self.wire.codes[0] if self.wire.codes else None

    async def answered(self, count: int = 1) -> list[tuple[int, frames.ServerEvent]]:
        """Waits for so many frames."""
        found = self.heard()
        while len(found) < count:
            await asyncio.sleep(0)
            found += self.heard()
        return found


Handle = Callable[[Identity, Any], Awaitable[frames.ServerEvent]]


class World:
    """The gateway, and what it handed up.

    `authenticating`, `admitting`, `syncing` and `handling` are what the stages behind it do.
    """

    def __init__(self, options: GatewayOptions | None = None) -> None:
        self.submissions: list[Submission] = []
        self.cast: list[tuple[UserId, Any]] = []
        self.authenticating: Callable[[str], Awaitable[Identity]] = self._read_token
        self.admitting: Callable[[Submission], Callable[[], Awaitable[object]] | None] = lambda _: None
        self.syncing: Handle = self._no_news
        self.handling: Handle = self._empty_page
        self.metrics, self.routes = Metrics(), LocalRoutes(NUMBER)
        casts = {frames.MarkRequest: self._cast, frames.SignalRequest: self._cast}
        reads = (frames.Sync, frames.GetEntries, frames.GetMembers, frames.GetPositions)
        uplink = Uplink(self._authenticate, self._admit, self._sync, dict.fromkeys(reads, self._handle), casts)
        around = Around(self.routes, lambda: 1_700_000_000_000, self.metrics)
        self.gateway = Gateway(NUMBER, uplink, around, options or GatewayOptions())

    async def _authenticate(self, token: str) -> Identity:
        return await self.authenticating(token)

    @staticmethod
    async def _read_token(token: str) -> Identity:
        """A token is user/device."""
        user, slash, device = token.partition("/")
        if not slash:
            raise TokenInvalid(reason="it has no device")
        return Identity(UserId(user), DeviceId(device))

    def _admit(self, submission: Submission) -> Later | None:
        self.submissions.append(submission)
        return self.admitting(submission)  # type: ignore[return-value]  # what waiting gives is of no interest

    async def _sync(self, identity: Identity, request: frames.Sync) -> frames.SyncPage:
        page = await self.syncing(identity, request)
        assert isinstance(page, frames.SyncPage)
        return page

    @staticmethod
    async def _no_news(_identity: Identity, request: Any) -> frames.ServerEvent:
        return frames.SyncPage((), request.cursor)

    async def _handle(self, identity: Identity, request: Any) -> frames.ServerEvent:
        return await self.handling(identity, request)

    @staticmethod
    async def _empty_page(_identity: Identity, request: Any) -> frames.ServerEvent:
        return frames.EntryPage(getattr(request, "conversation_id", SINGLE), (), head_seq=1)

    def _cast(self, identity: Identity, command: Any) -> None:
        if getattr(command, "kind", "") == "bad":
            raise InvalidField(field="kind", reason="bad")
        self.cast.append((identity.user_id, command))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        """The gateway at work."""
        async with beside(self.gateway.run()):
            yield self.gateway

    async def connected(
        self, token: str = "alice/phone", server: ServerCodec = PROTO_SERVER, high_bytes: int = 1 << 30, **connect: Any
    ) -> Peer:
        """A peer that is let in; its welcome is taken."""
        peer = Peer(self.gateway, server, high_bytes)
        peer.send(frames.Connect(token, **connect))
        ((request, welcome),) = await peer.answered()
        assert request == 1
        assert isinstance(welcome, frames.Connected), welcome
        return peer

    def turn(self, seconds: int) -> None:
        """Time passes: a tick of the wheel for each second."""
        for _ in range(seconds):
            self.gateway._wheel.turn(self.gateway.now_s + 1)


def submit(name: str = "a", text: str = "hello", to: ConversationId = SINGLE) -> frames.Submit:
    """A text."""
    return frames.Submit(to, ClientMsgId(name), SendMessage(1, text_content(text)))


def out(seq: int, connection: int = 0, gateway: int = NUMBER, text: str = "hello") -> OutEntry:
    """The entry at `seq`, sent by a connection."""
    content = text_content(text)
    entry = Entry(SINGLE, seq, MessageId(seq), ALICE, ClientMsgId(f"m{seq}"), 1_000, seq, Message(1, content))
    return OutEntry(seq, encode_entry(entry), gateway, connection)


def receipt(connection: int, request: int, seq: int) -> Answer:
    """What a sender is answered."""
    return Answer(connection, request, Submitted(ALICE, ClientMsgId(f"m{seq}"), seq, MessageId(seq), 1_000, seq, 0))


def fanout(*entries: OutEntry, to: Sequence[UserId] = (ALICE, BOB), answers: Sequence[Answer] = ()) -> Fanout:
    """A share of a batch."""
    return Fanout(SINGLE, to, entries, answers)
