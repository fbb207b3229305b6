"""A server small enough to be trusted, with faults to plant: what the generator talks to in its own tests.

It keeps conversations by the product's own pure rules and speaks by its codec; the token of a user is the user's id.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from hongyan.model.commands import CreateGroup, Mark, MovePositions
from hongyan.model.conversation import apply
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Record
from hongyan.model.state import Conversation, Outcome, new_conversation, unread
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_SERVER, PROTO_SUBPROTOCOL, encode_entry

Mischief = Callable[[UserId, bytes, int], list[bytes]]
"""What a member is pushed instead of an encoded entry with a seq."""


def honest(_user_id: UserId, encoded: bytes, _seq: int) -> list[bytes]:
    """What it should be."""
    return [encoded]


class SmallServer:
    """All state in memory, everything at once. `mischief` spoils pushes.

    `busy` connections are refused first, and `full` submissions.
    """

    def __init__(self, mischief: Mischief = honest, *, busy: int = 0, full: int = 0) -> None:
        self.mischief, self.busy, self.full = mischief, busy, full
        self.url = ""
        self.states: dict[ConversationId, Conversation] = {}
        self.encoded: defaultdict[ConversationId, list[bytes]] = defaultdict(list)
        self.lines: defaultdict[UserId, list[Line]] = defaultdict(list)
        self.offset = 0

    def submit(self, user_id: UserId, submit: frames.Submit) -> Outcome:
        """Decides a command and pushes its entry to everybody but the sender."""
        conversation_id = submit.conversation_id or ConversationId(f"g:{user_id}")
        command = submit.command
        if isinstance(command, CreateGroup):
            command = CreateGroup(command.name, command.member_ids, limit=10_000)
        self.offset += 1
        state = self.states.setdefault(conversation_id, new_conversation(conversation_id))
        record = Record(
            conversation_id, user_id, submit.client_msg_id, MessageId(self.offset), 1_700_000_000_000, command
        )
        outcome = apply(state, record, self.offset)
        if outcome.entry is not None:
            encoded = encode_entry(outcome.entry)
            self.encoded[conversation_id].append(encoded)
            for member in state.audience:
                pushed = self.mischief(member, encoded, outcome.entry.seq) if member != user_id else []
                for line in self.lines[member]:
                    line.push(pushed)
        return outcome

    def heads(self, user_id: UserId) -> frames.SyncPage:
        """The user's list, whatever the cursor."""
        mine = [(state, state.members[user_id]) for state in self.states.values() if user_id in state.members]
        rows = tuple(
            frames.ConversationHead(
                state.conversation_id,
                state.seq,
                state.countable,
                member.read_seq,
                member.delivered_seq,
                unread(state.countable, member),
                member.joined_seq,
            )
            for state, member in mine
        )
        return frames.SyncPage(rows, "1")

    def entries(self, asked: frames.GetEntries) -> frames.EntryPage:
        """A page upwards."""
        limit = min(asked.limit or 100, 100)
        found = self.encoded[asked.conversation_id][asked.seq :]
        return frames.EntryPage(asked.conversation_id, tuple(found[:limit]), more=len(found) > limit)

    def mark(self, user_id: UserId, mark: frames.MarkRequest) -> None:
        """Moves a read position."""
        self.offset += 1
        command = MovePositions((Mark(user_id, mark.read_seq, mark.delivered_seq),))
        record = Record(mark.conversation_id, user_id, ClientMsgId(""), MessageId(0), 0, command)
        apply(self.states[mark.conversation_id], record, self.offset)


class Line(WSListener):
    """One connection."""

    def __init__(self, server: SmallServer) -> None:
        self.server = server
        self.user_id = UserId("")
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Some are refused."""
        self.transport = transport
        if self.server.busy:
            self.server.busy -= 1
            transport.send_close(4005, b"overloaded")  # type: ignore[arg-type]  # an application's code is an int
            transport.disconnect()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answers a packet."""
        if frame.msg_type != WSMsgType.BINARY:
            return
        for asked in PROTO_SERVER.decode(frame.get_payload_as_bytes(), frames.Limits()):
            event = self.answer(asked.command)
            if event is not None:
                self.send(PROTO_SERVER.encode([frames.ServerFrame(asked.id, event)]))

    def answer(self, command: object) -> frames.ServerEvent | None:
        """The event that answers a command."""
        match command:
            case frames.Connect(token=token):
                self.user_id = UserId(token)
                self.server.lines[self.user_id].append(self)
                page = self.server.heads(self.user_id)
                return frames.Connected("1", self.user_id, "d", 0, 1_000, frames.Limits(page_entries=100), page)
            case frames.Submit() if self.server.full:
                self.server.full -= 1
                return frames.ErrorReply(4002, "overloaded", "later", retry_after_ms=1)
            case frames.Submit():
                outcome = self.server.submit(self.user_id, command)
                if outcome.receipt is None:
                    return frames.ErrorReply(1006, "invalid_field", str(outcome.refusal), permanent=True)
                conversation_id = command.conversation_id or ConversationId(f"g:{self.user_id}")
                return frames.ReceiptReply(conversation_id, outcome.receipt)
            case frames.Sync():
                return self.server.heads(self.user_id)
            case frames.GetEntries():
                return self.server.entries(command)
            case frames.MarkRequest():
                self.server.mark(self.user_id, command)
                return None
            case frames.Ping():
                return frames.Pong(0)
            case _:
                return frames.ErrorReply(1006, "invalid_field", f"{type(command).__name__} is not known here")

    def push(self, entries: list[bytes]) -> None:
        """Pushes entries."""
        if entries:
            self.send(PROTO_SERVER.push(entries))

    def send(self, packet: bytes) -> None:
        """Writes a packet."""
        if self.transport is not None and not self.transport.is_disconnected:
            self.transport.send(WSMsgType.BINARY, packet)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Gone."""
        if self in self.server.lines[self.user_id]:
            self.server.lines[self.user_id].remove(self)


@asynccontextmanager
async def serving(server: SmallServer) -> AsyncIterator[SmallServer]:
    """Listens on a free port of the loopback address."""

    def accept(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": PROTO_SUBPROTOCOL})
        return WSUpgradeResponseWithListener(response, Line(server))

    listening: asyncio.Server = await ws_create_server(accept, "127.0.0.1", 0)
    server.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    async with listening:
        yield server
