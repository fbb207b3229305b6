"""The whole server in this process, as `app` joins it, on any engines and any wire; accounts are a stub.

A token is `user/device`. Everybody exists but those whose name begins with `nobody`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from hongyan.adapters.log.memory import MemoryLog
from hongyan.adapters.log.sqlite import SqliteLog
from hongyan.adapters.state.memory import LocalRoutes, MemoryHot
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.items_memory import MemoryItemStore
from hongyan.adapters.store.items_sqlite import SqliteItemStore
from hongyan.adapters.store.sqlite import SqliteStore
from hongyan.app.downlink import LocalDownlink
from hongyan.app.node import Engines, Stages, join, log_options, new_gateway_number
from hongyan.app.run import Runnable, run_all
from hongyan.config import Config, Delivery, Limits
from hongyan.gateway.listener import Listening
from hongyan.gateway.tcp import listen_tcp
from hongyan.gateway.websocket import listen_websocket
from hongyan.model.codes import CloseCode, TokenExpired, TokenInvalid
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.link import Identity
from hongyan.ports.store import StoreBatch
from hongyan.protocol import frames
from hongyan.protocol.client import ClientCodec
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from tests.contract.adapters import sqlite_file
from tests.flow.device import Device
from tests.unit.delivery.worlds import GatedStore
from tests.unit.gateway.sockets import Arrivals, tcp, websocket

FREE = Limits(
    **dict.fromkeys(("submissions_per_s", "submissions_burst", "signals_per_s", "marks_per_s"), 1_000_000),
    **dict.fromkeys(("conversation_submissions_per_s", "conversation_submissions_burst", "reads_per_s"), 1_000_000),
)
CONFIG = Config(delivery=Delivery(gather_ms=1), limits=FREE)


class Accounts:
    """A users service that believes what it is told."""

    def __init__(self) -> None:
        self.seen: set[UserId] = set()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def authenticate(self, token: str) -> Identity:
        """See hongyan.app.node.Accounts."""
        user, slash, device = token.partition("/")
        if token == "expired":
            raise TokenExpired
        if not slash:
            raise TokenInvalid(reason="it has no device")
        self.seen.add(UserId(user))
        return Identity(UserId(user), DeviceId(device))

    def known(self, user_id: UserId) -> bool | None:
        """Those who have connected are known at once."""
        return True if user_id in self.seen else None

    async def missing(self, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        """Waits for `go_on`, as for a database."""
        await self.go_on.wait()
        return [user_id for user_id in user_ids if user_id.startswith("nobody")]


class GatedSqliteStore(SqliteStore):
    """A store in SQLite that keeps nothing while its gate is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate = asyncio.Event()
        self.gate.set()

    async def persist(self, batch: StoreBatch) -> None:
        """See the port."""
        await self.gate.wait()
        await super().persist(batch)


class MemoryEngines:
    """What survives a process is kept in objects."""

    def __init__(self) -> None:
        self.store, self.items = GatedStore(), MemoryItemStore()
        self.log: MemoryLog | None = None

    async def open(self, downlink: LocalDownlink, number: int, config: Config) -> Engines:
        """The engines of the next process."""
        before = self.log
        log = self.log = MemoryLog(downlink.append_failed, queue_records=config.log.queue_records)
        if before is not None:
            log._partitions, log._kept = before._partitions, before._kept
        hot, end = MemoryHot(config.delivery.hot_bytes), log._partitions[0]
        return Engines(
            log, self.store, hot, LocalRoutes(number), lambda: end.next_offset, self._close, items=self.items
        )

    async def _close(self) -> None:
        self.store.gate.set()

    async def bound_store(self, *, is_full: bool) -> None:
        """The disk gets full, or has room again."""
        self.store._capacity_rows = self.store._rows if is_full else 1_000_000


class SqliteEngines:
    """What survives a process is in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: GatedSqliteStore

    async def open(self, downlink: LocalDownlink, number: int, config: Config) -> Engines:
        """The engines of the next process, on the same files."""
        log, self.store = await asyncio.to_thread(self._open, downlink, config)
        hot = MemoryHot(config.delivery.hot_bytes)
        path = await asyncio.to_thread(sqlite_file, self.folder, "conversation")
        database = Database(path, "items")
        store, items = self.store, SqliteItemStore(database)

        async def close() -> None:
            await store.close()
            await database.close()

        return Engines(log, store, hot, LocalRoutes(number), lambda: log.end_now, close, log.last_message_id, items)

    def _open(self, downlink: LocalDownlink, config: Config) -> tuple[SqliteLog, GatedSqliteStore]:
        log = SqliteLog(sqlite_file(self.folder, "log"), log_options(config), downlink.append_failed)
        return log, GatedSqliteStore(sqlite_file(self.folder, "message"))

    async def bound_store(self, *, is_full: bool) -> None:
        """The disk gets full, or has room again."""
        # SQLite takes the number of pages in use for a bound that is lower.
        pages = 1 if is_full else 1 << 30
        await self.store._writer.call(self.store._write.execute, f"PRAGMA max_page_count={pages}")


class QueueWire:
    """A wire in memory: what the server writes is at once what the client has."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals

    def send_packet(self, packet: bytes) -> None:
        """See Wire."""
        if not self.arrivals.ended.done():
            self.arrivals.take(packet)

    def buffered_bytes(self) -> int:
        """See Wire."""
        return 0

    def pause_reading(self) -> None:
        """See Wire."""

    def resume_reading(self) -> None:
        """See Wire."""

    def close(self, code: CloseCode) -> None:
        """See Wire."""
        self.arrivals.end(code)

    def abort(self) -> None:
        """See Wire."""
        self.arrivals.end(None)


Wire = Callable[["Node", AsyncExitStack], object]


class Node:
    """One server after the other on the same engines. `wire` is how devices connect unless they say otherwise."""

    def __init__(self, engines: MemoryEngines | SqliteEngines, wire: str, config: Config = CONFIG) -> None:
        self.engines, self.wire, self.config = engines, wire, config
        self.accounts = Accounts()
        self.stages: Stages
        self.ws: Listening
        self.tcp: Listening
        self._devices = AsyncExitStack()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """A process starts, and has replayed its log when this returns."""
        downlink, number = LocalDownlink(), new_gateway_number()
        engines = await self.engines.open(downlink, number, self.config)
        stages = self.stages = join(self.config, engines, self.accounts, downlink, number)
        stages.gatherer._interval_s = 0.01
        self._stop = asyncio.Event()
        more = await self.join_more()
        behind: list[Runnable] = [engines.log, stages.delivery, stages.gatherer, stages.echo, stages.presence]
        parts = [*behind, *more, stages.gateway]
        self._running = asyncio.get_running_loop().create_task(run_all(parts, self._stop))
        await stages.delivery.caught_up.wait()
        self.ws = await listen_websocket(stages.gateway, "127.0.0.1", 0)
        self.tcp = await listen_tcp(stages.gateway, "127.0.0.1", 0)

    async def join_more(self) -> Sequence[Runnable]:
        """What else runs in this process, for nodes that have more than messages."""
        return ()

    async def stop(self) -> None:
        """The process ends. What the store has not kept by now it does not get; every device finds its line cut."""
        for listening in (self.ws, self.tcp):
            listening.close()
        await self._devices.aclose()
        self._devices = AsyncExitStack()
        self._stop.set()
        assert self._running is not None
        async with asyncio.timeout(5):
            await self._running
        self._running = None
        await self.stages.engines.close()

    async def restart(self) -> None:
        """The process dies and the next one starts."""
        await self.stop()
        await self.start()

    def hold_store(self) -> None:
        """From now on the store keeps nothing, until `release_store` or the next start."""
        self.engines.store.gate.clear()

    def release_store(self) -> None:
        """The store goes on."""
        self.engines.store.gate.set()

    async def stored(self) -> None:
        """Waits until the store has everything that was logged."""
        delivery = self.stages.delivery
        while delivery.position < self.stages.engines.log_end() or self.stages.engines.log.waiting():
            await asyncio.sleep(0)
        await delivery.persister.drained()

    async def connect(self, token: str, *, wire: str = "", cursor: str = "", gzip: bool = False) -> Device:
        """A device that was let in. `wire` is memory, memory-json, ws, json or tcp."""
        device = await self.dial(wire)
        await device.log_in(token, cursor=cursor, gzip=gzip)
        return device

    async def dial(self, wire: str = "") -> Device:
        """A connection that has not said who it is."""
        return await self._devices.enter_async_context(self._dialled(wire or self.wire))

    @asynccontextmanager
    async def _dialled(self, wire: str) -> AsyncIterator[Device]:
        if wire.startswith("memory"):
            yield self._in_memory(JSON_CLIENT if wire.endswith("json") else PROTO_CLIENT)
        elif wire == "tcp":
            async with tcp(self.tcp.url) as stream:
                device = Device(stream.arrivals, stream.send_packet, stream.close)
                device.write, device.stop_reading = stream.write, stream.wire.pause_reading
                yield device
        else:
            async with websocket(self.ws.url, JSON_CLIENT if wire == "json" else PROTO_CLIENT) as socket:
                device = Device(socket.arrivals, socket.send_packet, socket.close)
                device.stop_reading = socket.wire.underlying_transport.pause_reading
                yield device

    def _in_memory(self, codec: ClientCodec) -> Device:
        arrivals, gateway = Arrivals(codec), self.stages.gateway
        connection = gateway.opened(QueueWire(arrivals), JSON_SERVER if codec.is_text else PROTO_SERVER)

        def send(packet: bytes) -> None:
            if connection is not None:
                gateway.received(connection, packet)

        def close() -> None:
            arrivals.end(None)
            if connection is not None:
                gateway.closed(connection)

        return Device(arrivals, send, close)


def configured(config: Config = CONFIG, **limits: float) -> Config:
    """The configuration with other limits."""
    return msgspec.structs.replace(config, limits=msgspec.structs.replace(config.limits, **limits))


def page_of(event: frames.ServerEvent) -> frames.SyncPage:
    """The event as the page that it is."""
    assert isinstance(event, frames.SyncPage), event
    return event
