"""The connection table, and both directions through it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ParamSpec

import msgspec

from hongyan.gateway.connection import Connection, Wire
from hongyan.gateway.down import deliver_fanout
from hongyan.gateway.hall import Hall
from hongyan.gateway.wheel import Wheel
from hongyan.model.codes import (
    CloseCode,
    Internal,
    Overloaded,
    TooManyRequests,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId, DeviceId, UserId
from hongyan.ports.clock import Clock
from hongyan.ports.link import Admit, Authenticate, Fanout, Identity, Later, Submission
from hongyan.ports.state import Routes
from hongyan.protocol import frames
from hongyan.protocol.server import ServerCodec, ServerEnd, State
from hongyan.telemetry import Metrics, get_logger

logger = get_logger(__name__)

P = ParamSpec("P")

_CALM_S = 0.25
_PATIENCE_S = 1.0

Handler = Callable[[Identity, Any], Awaitable[frames.ServerEvent]]
"""Answers a read of one user."""

SyncHandler = Callable[[Identity, frames.Sync], Awaitable[frames.SyncPage]]
"""The first page, which a connection gets with its welcome."""

ItemsVersion = Callable[[Identity], Awaitable[int]]
"""The version of the user's newest item, which a connection gets with its welcome."""

Cast = Callable[[Identity, Any], None]
"""Takes in what wants no answer: marks and signals. Raises the coded error of a refusal."""


async def nobody_keeps_items(_identity: Identity) -> int:
    """Where there are no items, the newest has the version 0."""
    return 0


class GatewayOptions(msgspec.Struct, frozen=True):
    """Bounds of a gateway.

    A connection whose buffer went over `write_buffer_bytes` is cut over `write_buffer_hard_bytes` at once, and when it takes less
    than a quarter of `write_buffer_bytes` in `slow_consumer_s`: a large page on a slow line takes its time.
    `requests` bounds the reads that run for all connections together, those of connections that are gone too.
    """

    limits: frames.Limits = frames.Limits()
    connections: int = 15_000
    unauthenticated: int = 5_000
    connect_timeout_s: float = 5.0
    heartbeat_ms: int = 30_000
    address_strangers: int = 500
    frames_per_s: int = 5_000
    requests_per_connection: int = 16
    requests: int = 5_000
    write_buffer_bytes: int = 262_144
    write_buffer_hard_bytes: int = 1_048_576
    slow_consumer_s: float = 5.0
    gzip_bytes: int = 4_096
    drain_s: float = 5.0
    origins: tuple[str, ...] = ()


class Uplink(msgspec.Struct, frozen=True):
    """What the gateway hands commands to."""

    authenticate: Authenticate
    admit: Admit
    sync: SyncHandler
    handlers: Mapping[Any, Handler]
    casts: Mapping[Any, Cast]
    items_version: ItemsVersion = nobody_keeps_items


def _nobody_attends(_identity: Identity) -> None:
    """Where presence is nobody's concern."""


def _nobody_is_counted(_peer: str, _forwarded: str) -> str:
    """Where addresses say nothing."""
    return ""


class Around(msgspec.Struct, frozen=True):
    """What else the gateway was given to work with. `came` and `left` hear of each connection that was let in, once.

    `key_of` says under what a socket is counted, by its peer and what a proxy said of it; empty: it is not.
    """

    routes: Routes
    clock: Clock
    metrics: Metrics
    came: Callable[[Identity], None] = _nobody_attends
    left: Callable[[Identity], None] = _nobody_attends
    key_of: Callable[[str, str], str] = _nobody_is_counted


class Gateway:
    """Implements `ports.link.Downlink` for its own number. `number` differs in every run: receipts find the right run."""

    def __init__(self, number: int, uplink: Uplink, around: Around, options: GatewayOptions) -> None:
        self.number, self.uplink, self.options = number, uplink, options
        self.routes, self.clock, self.metrics, self._around = around.routes, around.clock, around.metrics, around
        self.connections: dict[int, Connection] = {}
        self.by_user: dict[UserId, Connection | tuple[Connection, ...]] = {}
        # What would wait at a socket that takes no more, had it taken nothing since the wheel looked last.
        self.paused: dict[Connection, int] = {}
        self.strangers: dict[Connection, tuple[float, str]] = {}
        self.strangers_at: dict[str, int] = {}
        self.hall = Hall(options.unauthenticated)
        self.now_s = asyncio.get_running_loop().time()
        self.draining = False
        self.calmed: set[Connection] = set()
        self.held: list[frames.ServerFrame] | None = None
        self.lingering: dict[Wire, float] = {}
        self._requests = 0
        self._last_id = 0
        self._wheel = Wheel(self)
        self._group: asyncio.TaskGroup | None = None

    @property
    def unauthenticated(self) -> int:
        """How many connections have no token yet."""
        return len(self.strangers)

    async def run(self) -> None:
        """Serves until cancelled: owns the tasks of reads and the wheel. Then no connection is left."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._wheel.run()
        finally:
            self.draining, self._group = True, None
            for connection in list(self.connections.values()):
                self.close(connection, CloseCode.GOING_AWAY)

    # Sockets come and go

    def key_of(self, peer: str, forwarded: str = "") -> str:
        """Under what a socket is counted among strangers; empty: under nothing."""
        return self._around.key_of(peer, forwarded)

    def opened(self, wire: Wire, codec: ServerCodec, key: str = "") -> Connection | None:
        """A new connection, or None when there is no room for it: then it was closed. `key` as of `key_of`."""
        options = self.options
        if len(self.strangers) >= options.unauthenticated:
            self._make_room()
        full = len(self.connections) >= options.connections or len(self.strangers) >= options.unauthenticated
        full = full or (key != "" and self.strangers_at.get(key, 0) >= options.address_strangers)
        if full or self.draining:
            self.linger(wire)
            wire.close(CloseCode.GOING_AWAY if self.draining else CloseCode.OVERLOADED)
            return None
        self._last_id += 1
        connection = Connection(self, self._last_id, wire, ServerEnd(codec, options.limits))
        self.connections[connection.id] = connection
        self.strangers[connection] = (self.now_s, key)
        if key:
            self.strangers_at[key] = self.strangers_at.get(key, 0) + 1
        self._wheel.add(connection, options.connect_timeout_s)
        return connection

    def _make_room(self) -> None:
        """Turns away the stranger who has been here longest, if that is long: clients say who they are at once.

        So those who hold connections and never speak keep nobody out, unless they come by the hundred every second.
        """
        oldest = next(iter(self.strangers))
        if self.now_s - self.strangers[oldest][0] >= _PATIENCE_S and oldest.end.state is State.AWAITING_CONNECT:
            self.close(oldest, CloseCode.OVERLOADED)

    def closed(self, connection: Connection) -> None:
        """The socket is gone. May be called again."""
        if self.connections.pop(connection.id, None) is None:
            return
        connection.end.close()
        self.paused.pop(connection, None)
        user_id = connection.user_id
        if user_id is None:
            self._forget_stranger(connection)
            return
        self._around.left(identity_of(connection))
        mine = self.by_user[user_id]
        others = tuple(other for other in _as_tuple(mine) if other is not connection)
        if others:
            self.by_user[user_id] = others[0] if len(others) == 1 else others
        else:
            del self.by_user[user_id]
            self._spawn(self._unregister, user_id)

    def _forget_stranger(self, connection: Connection) -> None:
        _, key = self.strangers.pop(connection)
        if key:
            self.strangers_at[key] -= 1
            if not self.strangers_at[key]:
                del self.strangers_at[key]

    async def _unregister(self, user_id: UserId) -> None:
        # The user may be back by now.
        if user_id not in self.by_user:
            await self.routes.unregister(user_id, self.number)

    def close(self, connection: Connection, code: CloseCode) -> None:
        """Closes from our side. May be called again."""
        if connection.id not in self.connections:
            return
        self.metrics.closed(code.name.lower())
        self.linger(connection.wire)
        connection.wire.close(code)
        self.closed(connection)

    def linger(self, wire: Wire) -> None:
        """A socket that we close may have something left to write. The wheel drops it if its peer does not read that."""
        self.lingering[wire] = self.now_s

    # Up

    def received(self, connection: Connection, data: bytes | memoryview) -> None:
        """A packet came. What breaks the protocol closes the connection with its code; what is merely wrong is answered."""
        connection.heard_at_s = self.now_s
        try:
            arrived = connection.end.receive(data)
        except HongyanError as error:
            connection.refuse(0, error)
            self.close(connection, CloseCode.BAD_FRAME)
            return
        self._count(connection, len(arrived))
        if connection.lane is not None:
            self._queue_behind(connection, arrived)
            return
        self._take(connection, arrived)

    def _count(self, connection: Connection, frames_arrived: int) -> None:
        """Once a packet: whoever sends too many frames between two turns of the wheel is read more slowly."""
        if connection.window_s != self.now_s:
            connection.window_s, connection.frames = self.now_s, 0
        connection.frames += frames_arrived
        if connection.frames > self.options.frames_per_s:
            self.metrics.throttled += 1
            self._calm(connection)

    def _take(self, connection: Connection, arrived: Sequence[frames.ClientFrame]) -> None:
        """Handles the frames of a packet; what is refused of them is told in one packet."""
        held: list[frames.ServerFrame] = []
        self.held = held
        try:
            self._take_each(connection, arrived)
        finally:
            self.held = None
        if held:
            connection.send(connection.end.codec.encode(held))

    def _take_each(self, connection: Connection, arrived: Sequence[frames.ClientFrame]) -> None:
        for index, frame in enumerate(arrived):
            command = frame.command
            if type(command) is frames.Submit:
                if self._submit(connection, frame.id, command):
                    self._queue_behind(connection, arrived[index + 1 :])
                    return
            else:
                self._other(connection, frame.id, command)

    def _submit(self, connection: Connection, request: int, command: frames.Submit) -> bool:
        """Hands a submission on. True when what follows on this connection has to wait, to keep the sender's order."""
        if connection.pending >= self.options.limits.pending_submissions:
            connection.refuse(request, TooManyRequests(limit=self.options.limits.pending_submissions))
            self._calm(connection)
            return False
        resend = command.resend
        if connection.fresh:
            connection.fresh -= 1
            resend = True
        submission = Submission(
            command.conversation_id,
            connection.user_id,  # type: ignore[arg-type]  # an open end is authenticated
            command.client_msg_id,
            command.command,
            resend,
            self.number,
            connection.id,
            request,
        )
        try:
            wait = self.uplink.admit(submission)
        except HongyanError as error:
            connection.refuse(request, error)
            if not error.permanent:
                self._calm(connection)
            return False
        if request:
            connection.pending += 1
        self.metrics.sends += 1
        if wait is None:
            return False
        connection.lane = []
        self._spawn(self._admit_late, connection, request, wait)
        return True

    def _calm(self, connection: Connection) -> None:
        """Reads nothing from the connection for a moment: what it sends now would be refused too, and refusing is work."""
        if not self.calmed:
            asyncio.get_running_loop().call_later(_CALM_S, self._read_on)
        self.calmed.add(connection)
        connection.wire.pause_reading()

    def _read_on(self) -> None:
        calmed, self.calmed = self.calmed, set()
        for connection in calmed:
            if connection.id in self.connections and connection.lane is None:
                connection.wire.resume_reading()

    async def _admit_late(self, connection: Connection, request: int, wait: Later) -> None:
        try:
            await wait()
        except HongyanError as error:
            self._not_admitted(connection, request, error)
        except Exception as error:  # noqa: BLE001 - the connection's other frames must not wait for ever
            self._not_admitted(connection, request, self._internal(connection, request, error))
        waiting, connection.lane = connection.lane, None
        if connection.id not in self.connections:
            return
        connection.wire.resume_reading()
        if waiting:
            self._take(connection, waiting)

    def _not_admitted(self, connection: Connection, request: int, error: HongyanError) -> None:
        if request:
            connection.pending -= 1
        connection.refuse(request, error)

    def _queue_behind(self, connection: Connection, rest: Sequence[frames.ClientFrame]) -> None:
        """Keeps frames in order behind a submission that waits; reading pauses, so one packet or two are kept at most."""
        if connection.lane is None:
            connection.lane = []
        connection.lane.extend(rest)
        connection.wire.pause_reading()

    def _other(self, connection: Connection, request: int, command: frames.ClientCommand | frames.Refused) -> None:
        kind = type(command)
        if isinstance(command, frames.Refused):
            connection.refuse(request, command.error)
        elif isinstance(command, frames.Ping):
            connection.reply(request, frames.Pong(self.clock()))
        elif isinstance(command, frames.Connect):
            self._spawn(self._let_in, connection, request, command)
        elif kind in self.uplink.casts:
            try:
                self.uplink.casts[kind](identity_of(connection), command)
            except HongyanError as error:
                connection.refuse(request, error)
        elif connection.requests >= self.options.requests_per_connection:
            connection.refuse(request, TooManyRequests(limit=self.options.requests_per_connection))
        elif self._requests >= self.options.requests:
            connection.refuse(request, Overloaded(what="reads", retry_after_ms=500))
        else:
            connection.requests += 1
            self._requests += 1
            self._spawn(self._answer, connection, request, command)

    async def _connect(self, connection: Connection, request: int, command: frames.Connect) -> None:
        try:
            identity = await self.uplink.authenticate(command.token)
        except HongyanError as error:
            connection.refuse(request, error)
            self.close(connection, CloseCode.NOT_AUTHENTICATED if error.permanent else CloseCode.SERVER_ERROR)
            return
        if connection.id not in self.connections:
            return
        connection.gzip = "gzip" in command.capabilities
        await self._register(connection, identity)
        try:
            page = await self.uplink.sync(identity, frames.Sync(command.cursor))
            items_version = await self.uplink.items_version(identity)
        except HongyanError as error:
            connection.refuse(request, error)
            self.close(connection, CloseCode.SERVER_ERROR if not error.permanent else CloseCode.BAD_FRAME)
            return
        connection.end.authenticated()
        welcome = frames.Connected(
            f"{self.number:x}-{connection.id:x}",
            identity.user_id,
            identity.device_id,
            self.clock(),
            self.options.heartbeat_ms,
            self.options.limits,
            page,
            items_version,
        )
        connection.reply(request, welcome)

    async def _let_in(self, connection: Connection, request: int, command: frames.Connect) -> None:
        """As `_connect`. A failure of ours leaves nobody half connected."""
        try:
            await self._connect(connection, request, command)
        except Exception as error:  # noqa: BLE001 - told to the client, who may come again
            connection.refuse(request, self._internal(connection, request, error))
            self.close(connection, CloseCode.SERVER_ERROR)

    async def _register(self, connection: Connection, identity: Identity) -> None:
        """From here on pushes reach the connection; whoever syncs after this misses nothing."""
        connection.user_id, connection.device_id = identity.user_id, identity.device_id
        self._forget_stranger(connection)
        mine = self.by_user.get(identity.user_id)
        self.by_user[identity.user_id] = connection if mine is None else (*_as_tuple(mine), connection)
        self._around.came(identity)
        await self.routes.register(identity.user_id, self.number)

    async def _answer(self, connection: Connection, request: int, command: frames.ClientCommand) -> None:
        try:
            event = await self.uplink.handlers[type(command)](identity_of(connection), command)
            connection.reply(request, event)
        except HongyanError as error:
            connection.refuse(request, error)
        except Exception as error:  # noqa: BLE001 - one request must not end the others
            connection.refuse(request, self._internal(connection, request, error))
        finally:
            connection.requests -= 1
            self._requests -= 1

    def _internal(self, connection: Connection, request: int, error: Exception) -> Internal:
        reference = f"{self.number:x}-{connection.id:x}-{request}"
        logger.error("request failed", reference=reference, user_id=connection.user_id, exc_info=error)
        return Internal(reference=reference)

    def _spawn(self, work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Runs work that a connection asked for. Once the gateway has ended nobody waits for it."""
        if self._group is not None:
            self._group.create_task(_guarded(work, *args, **kwargs))

    # Down

    def deliver(self, gateway: int, fanouts: Sequence[Fanout]) -> None:
        """See ports.link.Downlink."""
        if gateway != self.number:
            return
        delivered = 0
        for fanout in fanouts:
            try:
                delivered += deliver_fanout(self, fanout)
            except Exception as error:  # noqa: BLE001 - what one codec cannot write must not stop everybody's delivery
                self._push_failed(fanout, error)
        self.metrics.deliveries += delivered

    def _push_failed(self, fanout: Fanout, error: Exception) -> None:
        logger.error("push failed", conversation_id=fanout.conversation_id, exc_info=error)
        for user_id in fanout.recipients:
            for connection in self.connections_of(user_id):
                connection.reply(0, frames.Resync())

    def signal(self, recipients: Sequence[UserId], sign: tuple[ConversationId, UserId, str]) -> None:
        """See ports.link.Downlink. Connections that are slow get none."""
        frame = frames.ServerFrame(0, frames.SignalPush(*sign))
        packets: dict[int, bytes] = {}
        for user_id in recipients:
            for connection in self.connections_of(user_id):
                codec = connection.end.codec
                packet = packets.get(id(codec)) or packets.setdefault(id(codec), codec.encode([frame]))
                if not connection.paused_at_s:
                    connection.send(packet)

    def notify(self, user_ids: Sequence[UserId], encoded: bytes, *, droppable: bool = False) -> None:
        """See ports.link.Downlink."""
        packets: dict[ServerCodec, bytes] = {}
        for user_id in user_ids:
            for connection in self.connections_of(user_id):
                if droppable and connection.paused_at_s:
                    continue
                codec = connection.end.codec
                packet = packets.get(codec)
                if packet is None:
                    packet = packets[codec] = codec.frame(encoded)
                connection.send(packet)

    def disconnect(self, user_id: UserId, device_id: DeviceId | None, code: CloseCode = CloseCode.LOGGED_OUT) -> None:
        """See ports.link.Downlink."""
        for connection in self.connections_of(user_id):
            if device_id is None or connection.device_id == device_id:
                self.close(connection, code)

    def connections_of(self, user_id: UserId) -> tuple[Connection, ...]:
        """The user's connections here."""
        mine = self.by_user.get(user_id)
        return () if mine is None else _as_tuple(mine)

    def append_failed(self, records: Sequence[Any], error: HongyanError) -> None:
        """The log could not take these records: their senders are told; nothing was accepted."""
        for record in records:
            connection = self.connections.get(record.connection) if record.gateway == self.number else None
            if connection is not None and record.request:
                connection.pending -= 1
                connection.refuse(record.request, error)

    async def drain(self) -> None:
        """Asks everybody to connect elsewhere, then closes what is still there."""
        self.draining = True
        within_ms = int(self.options.drain_s * 1000)
        for connection in list(self.connections.values()):
            if connection.end.state is State.OPEN:
                connection.end.drain()
            connection.reply(0, frames.GoAway(within_ms))
        deadline = asyncio.get_running_loop().time() + self.options.drain_s
        while asyncio.get_running_loop().time() < deadline and any(c.pending for c in self.connections.values()):
            await asyncio.sleep(0.02)
        for connection in list(self.connections.values()):
            self.close(connection, CloseCode.GOING_AWAY)


def identity_of(connection: Connection) -> Identity:
    """Who is behind an open connection."""
    if connection.user_id is None or connection.device_id is None:
        raise Overloaded(what="authentication")
    return Identity(connection.user_id, connection.device_id)


async def _guarded(work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
    """The edge of a connection's task: what is not foreseen there must not end the others."""
    try:
        await work(*args, **kwargs)
    except Exception as error:
        logger.error("a connection's task failed", exc_info=error)


def _as_tuple(mine: Connection | tuple[Connection, ...]) -> tuple[Connection, ...]:
    return mine if isinstance(mine, tuple) else (mine,)
