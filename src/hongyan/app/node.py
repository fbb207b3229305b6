"""All roles in one process, on the embedded engines."""

import asyncio
import secrets
import time
from pathlib import Path

import msgspec

from hongyan.adapters.log.sqlite import LogOptions, SqliteLog
from hongyan.adapters.state.memory import LocalRoutes, MemoryHot
from hongyan.adapters.store.migrate import database_file
from hongyan.adapters.store.sqlite import SqliteStore
from hongyan.admission.admit import Admission, AdmissionOptions, Directory
from hongyan.admission.positions import PositionGatherer
from hongyan.app.downlink import LocalDownlink
from hongyan.config import Config
from hongyan.delivery.deliver import Delivery, DeliveryOptions, Surroundings
from hongyan.delivery.persist import PersistOptions, trim_log
from hongyan.gateway.gateway import Around, Cast, Gateway, GatewayOptions, Handler, Uplink
from hongyan.model.codes import Overloaded, StorageFull
from hongyan.model.commands import Mark
from hongyan.model.errors import HongyanError
from hongyan.ports.link import Identity
from hongyan.protocol import frames
from hongyan.services.conversations.service import Conversations, ConversationsOptions
from hongyan.services.users.service import Users
from hongyan.telemetry import LoopLag, Metrics

_TRIM_EVERY_S = 30.0


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


class Stages(msgspec.Struct, frozen=True):
    """The stages of one process, joined by direct calls. `parts` are in order of start."""

    log: SqliteLog
    store: SqliteStore
    delivery: Delivery
    gatherer: PositionGatherer
    gateway: Gateway
    metrics: Metrics
    lag: LoopLag


def build(config: Config, data_dir: Path, users: Users) -> Stages:
    """Makes and joins the stages; nothing runs yet. The files in `data_dir` are migrated."""
    metrics, lag = Metrics(), LoopLag()
    downlink = LocalDownlink()
    log = SqliteLog(database_file(data_dir, "log"), log_options(config), downlink.append_failed)
    store = SqliteStore(database_file(data_dir, "message"))
    # A number of this run: receipts that a replay makes for connections of an earlier run find nobody.
    number = secrets.randbits(53) | 1
    hot, routes = MemoryHot(config.delivery.hot_bytes), LocalRoutes(number)
    around = Surroundings(log, store, hot, routes, downlink, now_ms, metrics)
    delivery = Delivery(0, around, delivery_options(config))
    gatherer = PositionGatherer(log, now_ms)
    admission = Admission(log, hot, Directory(users.known, users.missing), now_ms, admission_options(config))
    admission.pressure = Pressure(config, log, delivery).ask
    conversations = Conversations(hot, store, conversations_options(config))
    uplink = join_uplink(users, admission, gatherer, conversations, delivery)
    gateway = Gateway(number, uplink, Around(routes, now_ms, metrics), gateway_options(config))
    downlink.gateway = gateway
    stages = Stages(log, store, delivery, gatherer, gateway, metrics, lag)
    declare_gauges(stages)
    return stages


def join_uplink(
    users: Users, admission: Admission, gatherer: PositionGatherer, conversations: Conversations, delivery: Delivery
) -> Uplink:
    """What a gateway hands commands to: direct calls."""

    async def sync(identity: Identity, request: frames.Sync) -> frames.SyncPage:
        return await conversations.sync(identity.user_id, request)

    async def entries(identity: Identity, request: frames.GetEntries) -> frames.EntryPage:
        return await conversations.entries(identity.user_id, request)

    async def members(identity: Identity, request: frames.GetMembers) -> frames.MemberPage:
        return await conversations.members(identity.user_id, request)

    async def positions(identity: Identity, request: frames.GetPositions) -> frames.Positions:
        return await conversations.positions(identity.user_id, request)

    def mark(identity: Identity, request: frames.MarkRequest) -> None:
        gatherer.mark(request.conversation_id, Mark(identity.user_id, request.read_seq, request.delivered_seq))

    def signal(identity: Identity, request: frames.SignalRequest) -> None:
        delivery.signal(request.conversation_id, identity.user_id, request.kind)

    handlers: dict[type, Handler] = {
        frames.Sync: sync,
        frames.GetEntries: entries,
        frames.GetMembers: members,
        frames.GetPositions: positions,
    }
    casts: dict[type, Cast] = {frames.MarkRequest: mark, frames.SignalRequest: signal}
    return Uplink(users.authenticate, admission.admit, sync, handlers, casts)


class Pressure:
    """Why nothing more can be taken in: the store's disk is full, or what is decided runs too far ahead of it."""

    def __init__(self, config: Config, log: SqliteLog, delivery: Delivery) -> None:
        self._log, self._delivery = log, delivery
        self._bound = config.log.queue_records

    def ask(self) -> HongyanError | None:
        """The error to refuse with, or None."""
        if self._delivery.persister.disk_full:
            return StorageFull()
        if self._log.waiting() >= self._bound:
            return Overloaded(what="the log", retry_after_ms=500)
        return None


class Trimmer:
    """Lets the log go below what the store holds safely, now and then."""

    def __init__(self, stages: Stages, retention_records: int) -> None:
        self._stages, self._retention_records = stages, retention_records

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await asyncio.sleep(_TRIM_EVERY_S)
            await trim_log(self._stages.log, self._stages.store, self._retention_records)


def declare_gauges(stages: Stages) -> None:
    """What is read when metrics are scraped."""
    metrics, gateway, delivery, log = stages.metrics, stages.gateway, stages.delivery, stages.log
    metrics.gauge("hongyan_connections", "Open connections.", lambda: len(gateway.connections))
    metrics.gauge("hongyan_unauthenticated", "Connections without a token yet.", lambda: gateway.unauthenticated)
    metrics.gauge("hongyan_slow_connections", "Connections whose socket takes no more.", lambda: len(gateway.paused))
    metrics.gauge("hongyan_log_queue", "Records that wait to be durable.", log.waiting)
    metrics.gauge(
        "hongyan_delivery_lag", "Durable records that wait to be decided.", lambda: log.end_now - delivery.position
    )
    metrics.gauge("hongyan_persist_lag", "Decided records that wait to be stored.", lambda: delivery.persist_lag)
    metrics.gauge("hongyan_positions_queue", "Read positions that wait for their record.", stages.gatherer.waiting)
    metrics.gauge("hongyan_loop_lag_seconds", "How late the event loop runs.", lambda: stages.lag.lag_s)


def log_options(config: Config) -> LogOptions:
    """The log's part of the configuration."""
    return LogOptions(queue_records=config.log.queue_records, batch_records=config.log.batch_records)


def delivery_options(config: Config) -> DeliveryOptions:
    """Delivery's part of the configuration."""
    delivery = config.delivery
    return DeliveryOptions(
        batch_records=config.log.batch_records,
        warm_conversations=delivery.warm_conversations,
        window=delivery.window,
        persist=PersistOptions(capacity_records=delivery.queue_records, gather_s=delivery.gather_ms / 1000),
    )


def admission_options(config: Config) -> AdmissionOptions:
    """Admission's part of the configuration."""
    limits = config.limits
    return AdmissionOptions(
        limits.group_members, limits.recall_window_ms, limits.submissions_per_s, limits.submissions_burst
    )


def conversations_options(config: Config) -> ConversationsOptions:
    """The bounds of pages."""
    limits = config.limits
    return ConversationsOptions(limits.sync_page, limits.page_entries, limits.page_bytes, limits.too_long_gap)


def gateway_options(config: Config) -> GatewayOptions:
    """The gateway's part of the configuration."""
    limits, gateway = config.limits, config.gateway
    return GatewayOptions(
        limits=wire_limits(config),
        connections=limits.connections,
        unauthenticated=limits.unauthenticated_connections,
        connect_timeout_s=limits.connect_timeout_s,
        heartbeat_ms=gateway.heartbeat_ms,
        requests_per_connection=limits.requests_per_connection,
        write_buffer_bytes=gateway.write_buffer_bytes,
        write_buffer_hard_bytes=4 * gateway.write_buffer_bytes,
        slow_consumer_s=gateway.slow_consumer_s,
        drain_s=gateway.drain_s,
        origins=tuple(gateway.origins),
    )


def wire_limits(config: Config) -> frames.Limits:
    """The limits that clients are told."""
    limits = config.limits
    return frames.Limits(
        limits.packet_bytes,
        limits.frames_per_packet,
        limits.content_bytes,
        limits.inflated_bytes,
        limits.pending_submissions,
        limits.page_entries,
        limits.page_bytes,
    )
