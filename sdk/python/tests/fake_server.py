"""A server to be played with: the real protocol end over a real socket, the real rules, and faults on demand."""

import asyncio
from collections import Counter
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

from hongyan.model.codes import CloseCode, ConversationUnknown, TokenExpired
from hongyan.model.commands import AddMembers, AnyCommand, CreateGroup, Mark, Recall
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId, UserId
from hongyan.protocol.codec import PROTO_SERVER, encode_entry
from hongyan.protocol.frames import (
    ClientFrame,
    Connect,
    Connected,
    EntryPage,
    ErrorReply,
    GetEntries,
    GetMembers,
    GetPositions,
    Limits,
    MarkRequest,
    MemberPage,
    MemberRow,
    Ping,
    Pong,
    Position,
    Positions,
    Push,
    ReceiptReply,
    Refused,
    ServerEvent,
    ServerFrame,
    SignalPush,
    SignalRequest,
    Submit,
    Sync,
)
from hongyan.protocol.server import ServerEnd
from sdk.python.tests.truth import Truth

Veto = Callable[["Socket", ClientFrame], bool]
"""Looks at a frame before the server does; True: it has dealt with it."""


def error_reply(error: HongyanError) -> ErrorReply:
    return ErrorReply(int(error.code), error.name, str(error), error.retry_after_ms, error.permanent)


def stamped(command: AnyCommand) -> AnyCommand:
    """As admission does it: limits and windows are the server's."""
    match command:
        case Recall(seq=seq):
            return Recall(seq, 120_000)
        case CreateGroup(name=name, member_ids=member_ids):
            return CreateGroup(name, member_ids, 500)
        case AddMembers(member_ids=member_ids):
            return AddMembers(member_ids, 500)
        case _:
            return command


class FakeServer:
    """A token is a user's name; one that begins with "old-" has expired. `sync_page` bounds the pages of sync."""

    def __init__(self) -> None:
        self.truth = Truth()
        self.sockets: list[Socket] = []
        self.connects = 0
        self.vetoes: list[Veto] = []
        self.limits = Limits()
        self.heartbeat_ms = 30_000
        self.page_entries = 50
        self.sync_page = 3
        self.arrived: Counter[str] = Counter()
        self.resends = 0
        self.url = ""

    def once(self, wanted: type, act: Callable[["Socket", ClientFrame], None], *, times: int = 1) -> None:
        """The next frames with a command of this type are given to `act` instead."""
        left = [times]

        def veto(socket: "Socket", frame: ClientFrame) -> bool:
            if not isinstance(frame.command, wanted) or not left[0]:
                return False
            left[0] -= 1
            act(socket, frame)
            return True

        self.vetoes.append(veto)

    def push(self, user_ids: list[UserId], event: ServerEvent, *, but: "Socket | None" = None) -> None:
        for socket in list(self.sockets):
            if socket.user_id in user_ids and socket is not but:
                socket.send(ServerFrame(0, event))

    def submit(self, socket: "Socket | None", sender_id: UserId, submit: Submit) -> HongyanError | ReceiptReply:
        """Decides, and pushes to everybody but the socket that asked."""
        self.arrived[submit.client_msg_id] += 1
        self.resends += submit.resend
        key, truth = submit.conversation_id, self.truth
        outcome = truth.submit(key, sender_id, submit.client_msg_id, stamped(submit.command))
        if outcome.entry is not None:
            users = list(truth.audience(key, outcome))
            self.push(users, Push((encode_entry(outcome.entry),)), but=socket)
        if outcome.refusal is not None:
            return outcome.refusal
        assert outcome.receipt is not None
        return ReceiptReply(key, outcome.receipt)

    def mark(self, user_id: UserId, mark: MarkRequest) -> None:
        key = mark.conversation_id
        if key in self.truth.states:
            moved = self.truth.mark(key, Mark(user_id, mark.read_seq, mark.delivered_seq))
            if moved is not None:
                self.push(list(self.truth.states[key].audience), moved)

    def drop_all(self) -> None:
        """Cuts every connection without a word."""
        for socket in list(self.sockets):
            socket.cut()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeServer"]:
        def accept(_request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
            response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": PROTO_SERVER.subprotocol})
            return WSUpgradeResponseWithListener(response, Socket(self))

        server = await ws_create_server(accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.drop_all()
            await server.wait_closed()


class Socket(WSListener):
    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.end = ServerEnd(PROTO_SERVER, server.limits)
        self.user_id: UserId | None = None
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.server.sockets.append(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.end.close()
        if self in self.server.sockets:
            self.server.sockets.remove(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            for arrived in self.end.receive(frame.get_payload_as_bytes()):
                if not any(veto(self, arrived) for veto in self.server.vetoes):
                    self.take(arrived)

    def cut(self) -> None:
        assert self.transport is not None
        self.on_ws_disconnected(self.transport)
        self.transport.disconnect(graceful=False)

    def close(self, code: CloseCode) -> None:
        assert self.transport is not None
        self.transport.send_close(code)  # type: ignore[arg-type]  # an application's code is an int
        self.transport.disconnect()

    def send(self, *frames: ServerFrame) -> None:
        assert self.transport is not None
        if not self.transport.is_disconnected:
            self.transport.send(WSMsgType.BINARY, PROTO_SERVER.encode(frames))

    def refuse(self, frame: ClientFrame, error: HongyanError) -> None:
        self.send(ServerFrame(frame.id, error_reply(error)))

    def take(self, frame: ClientFrame) -> None:
        command = frame.command
        if isinstance(command, Connect):
            self.connect(frame.id, command)
            return
        user_id = self.user_id
        assert user_id is not None
        if isinstance(command, Refused):
            self.refuse(frame, command.error)
        elif isinstance(command, MarkRequest):
            self.server.mark(user_id, command)
        elif isinstance(command, SignalRequest):
            users = list(self.server.truth.states[command.conversation_id].audience)
            sign = SignalPush(command.conversation_id, user_id, command.kind)
            self.server.push([other for other in users if other != user_id], sign)
        elif isinstance(command, Submit):
            answer = self.server.submit(self, user_id, command)
            self.send(ServerFrame(frame.id, error_reply(answer) if isinstance(answer, HongyanError) else answer))
        else:
            self.answer(frame, user_id)

    def answer(self, frame: ClientFrame, user_id: UserId) -> None:
        command, truth = frame.command, self.server.truth
        if isinstance(command, Ping):
            self.send(ServerFrame(frame.id, Pong(0)))
        elif isinstance(command, Sync):
            self.send(ServerFrame(frame.id, truth.sync(user_id, command.cursor, self.server.sync_page)))
        elif isinstance(command, GetEntries):
            self.send(ServerFrame(frame.id, self.page(command, user_id)))
        elif isinstance(command, GetMembers):
            state = truth.states[command.conversation_id]
            rows = tuple(MemberRow(key, "member", row.joined_seq) for key, row in state.members.items())
            self.send(ServerFrame(frame.id, MemberPage(command.conversation_id, rows)))
        elif isinstance(command, GetPositions):
            self.send(ServerFrame(frame.id, self.positions(command.conversation_id)))

    def page(self, command: GetEntries, user_id: UserId) -> ServerEvent:
        key, limit = command.conversation_id, min(command.limit or 1000, self.server.page_entries)
        if key not in self.server.truth.states:
            return error_reply(ConversationUnknown(conversation_id=key))
        found, more = self.server.truth.page(key, user_id, command.seq, limit, backward=command.backward)
        return EntryPage(key, tuple(map(encode_entry, found)), more)

    def positions(self, conversation_id: ConversationId) -> Positions:
        members = self.server.truth.states[conversation_id].members.items()
        return Positions(conversation_id, tuple(Position(key, row.read_seq, row.delivered_seq) for key, row in members))

    def connect(self, request: int, connect: Connect) -> None:
        server = self.server
        server.connects += 1
        if connect.token.startswith("old-"):
            self.send(ServerFrame(request, error_reply(TokenExpired())))
            self.close(CloseCode.NOT_AUTHENTICATED)
            return
        self.user_id = UserId(connect.token)
        self.end.authenticated()
        page = server.truth.sync(self.user_id, connect.cursor, server.sync_page)
        limits, beat_ms = server.limits, server.heartbeat_ms
        self.send(ServerFrame(request, Connected("c", self.user_id, "d", 0, beat_ms, limits, page)))


async def soon(check: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Waits until something holds, one turn of the loop after the other."""
    async with asyncio.timeout(timeout_s):
        while not check():
            await asyncio.sleep(0)
