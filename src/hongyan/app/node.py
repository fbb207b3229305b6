"""All roles in one process, on the embedded engines."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from hongyan.adapters.log.sqlite import LogOptions, SqliteLog
from hongyan.adapters.state.leases import MemoryLeases
from hongyan.adapters.state.memory import LocalRoutes, MemoryHot
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.items_memory import MemoryItemStore
from hongyan.adapters.store.items_sqlite import SqliteItemStore
from hongyan.adapters.store.last_seen import MemoryLastSeen, SqliteLastSeen
from hongyan.adapters.store.migrate import database_file
from hongyan.adapters.store.sqlite import SqliteStore
from hongyan.admission.admit import Admission, AdmissionOptions, Directory
from hongyan.admission.positions import PositionGatherer
from hongyan.app.commands import LocalCommands
from hongyan.app.downlink import LocalDownlink
from hongyan.app.limits import Addresses, Quotas
from hongyan.app.overload import Level, Measure, Overload, Pace, Passing
from hongyan.app.presence import Sight, presence_options
from hongyan.app.wakes import LocalWakes
from hongyan.config import Config
from hongyan.delivery.deliver import Delivery, DeliveryOptions, Surroundings
from hongyan.delivery.persist import PersistOptions, Retention, trim_log
from hongyan.gateway.gateway import Around, Cast, Gateway, GatewayOptions, Handler, Uplink
from hongyan.model.codes import Overloaded, StorageFull
from hongyan.model.commands import Mark
from hongyan.model.errors import HongyanError
from hongyan.model.ids import UserId
from hongyan.ports.link import Identity
from hongyan.ports.log import Log
from hongyan.ports.personal import ItemLimits, ItemStore
from hongyan.ports.presence import LastSeen, Leases
from hongyan.ports.relations import RelationReader
from hongyan.ports.state import Hot, Routes
from hongyan.ports.store import ConversationStore, HistoryReader, ListReader, MemberRow
from hongyan.protocol import frames
from hongyan.services.conversations.service import Conversations, ConversationsOptions
from hongyan.services.personal.listing import Listing
from hongyan.services.personal.service import Personal
from hongyan.services.presence import service as presence_service
from hongyan.services.presence.service import PresenceService
from hongyan.services.relations.echo import Echo
from hongyan.telemetry import LoopLag, Metrics


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


class Store(ConversationStore, HistoryReader, ListReader, RelationReader, Protocol):
    """All ports of the store."""


class Accounts(Protocol):
    """What the stages ask of the users service."""

    async def authenticate(self, token: str) -> Identity:
        """See ports.link.Authenticate."""
        ...

    def known(self, user_id: UserId) -> bool | None:
        """Whether a user exists; None when that cannot be told at once."""
        ...

    async def missing(self, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        """Those of them that do not exist."""
        ...


class Engines(msgspec.Struct, frozen=True):
    """What the stages run on.

    `log_end` is the offset that the next durable record will get, as far as is known here; `last_message_id` is that of the
    newest record at the start.
    """

    log: Log
    store: Store
    hot: Hot
    routes: Routes
    log_end: Callable[[], int]
    close: Callable[[], Awaitable[None]]
    last_message_id: int = 0
    items: ItemStore = msgspec.field(default_factory=MemoryItemStore)
    leases: Leases = msgspec.field(default_factory=MemoryLeases)
    last_seen: LastSeen = msgspec.field(default_factory=MemoryLastSeen)


class Stages(msgspec.Struct, frozen=True):
    """The stages of one process, joined by direct calls."""

    engines: Engines
    delivery: Delivery
    gatherer: PositionGatherer
    gateway: Gateway
    presence: PresenceService
    sight: Sight
    conversations: Conversations
    commands: LocalCommands
    personal: Personal
    listing: Listing
    echo: Echo
    wakes: LocalWakes
    admission: Admission
    metrics: Metrics
    lag: LoopLag
    overload: Overload


def new_gateway_number() -> int:
    """A number for this run: receipts that a replay makes for connections of an earlier run find nobody."""
    return secrets.randbits(53) | 1


def build(config: Config, data_dir: Path, accounts: Accounts) -> Stages:
    """The stages on the embedded engines; nothing runs yet. The files in `data_dir` are migrated."""
    downlink, number = LocalDownlink(), new_gateway_number()
    log = SqliteLog(database_file(data_dir, "log"), log_options(config), downlink.append_failed)
    store = SqliteStore(database_file(data_dir, "message"))
    hot, routes = MemoryHot(config.delivery.hot_bytes), LocalRoutes(number)
    conversation = Database(database_file(data_dir, "conversation"), "items")
    seen = Database(database_file(data_dir, "presence"), "presence")

    async def close() -> None:
        await store.close()
        await conversation.close()
        await seen.close()

    engines = Engines(
        *(log, store, hot, routes, lambda: log.end_now, close, log.last_message_id),
        items=SqliteItemStore(conversation),
        last_seen=SqliteLastSeen(seen),
    )
    return join(config, engines, accounts, downlink, number)


def join(config: Config, engines: Engines, accounts: Accounts, downlink: LocalDownlink, number: int) -> Stages:
    """Makes the stages on some engines, and joins them to the gateway of that number. `downlink` is the log's listener."""
    metrics, lag = Metrics(), LoopLag()
    log, store, hot, routes = engines.log, engines.store, engines.hot, engines.routes
    personal = Personal(engines.items, downlink, item_limits(config))
    echo = Echo(personal, now_ms)

    def seats_changed(rows: Sequence[MemberRow]) -> None:
        echo.note(rows)
        presence.seats_changed(rows)

    around = Surroundings(log, store, hot, routes, downlink, now_ms, metrics, seats_changed)
    delivery = Delivery(0, around, delivery_options(config))
    gatherer = PositionGatherer(log, now_ms)
    admission = Admission(log, hot, Directory(accounts.known, accounts.missing), now_ms, admission_options(config))
    admission.start_above(engines.last_message_id)
    overload = join_overload(config, engines, delivery, lag)
    admission.pressure = Pressure(config, engines.log_end, delivery, overload).ask
    conversations = Conversations(hot, store, conversations_options(config))
    listing = Listing(engines.items, conversations, hot, store, now_ms)
    conversations.pace = Pace(config.overload.syncs_per_s, lambda: overload.level >= Level.SYNCS_SLOWED).passed
    sight = Sight(hot, store, config.presence)
    presence = join_presence(config, engines, downlink, number, sight)
    presence.stopped = lambda: overload.level >= Level.PRESENCE_STOPPED
    uplink = with_items(join_uplink(accounts, admission, gatherer, conversations, delivery), personal)
    uplink = msgspec.structs.replace(uplink, handlers={**uplink.handlers, frames.WatchPresence: presence.watch})
    uplink = Quotas(config.limits, now_ms, overload, metrics).bound(uplink)
    key_of = Addresses(config.listen.trusted_proxies).key
    around_gateway = Around(routes, now_ms, metrics, presence.came, presence.left, key_of)
    gateway = Gateway(number, uplink, around_gateway, gateway_options(config))
    commands = LocalCommands(new_gateway_number(), admission.admit)
    # Long polls hold connections; the others need some too.
    downlink.wakes.capacity = max(1, config.limits.http_connections // 2)
    downlink.gateway, downlink.commands = gateway, commands
    stages = Stages(
        engines=engines,
        delivery=delivery,
        gatherer=gatherer,
        gateway=gateway,
        presence=presence,
        sight=sight,
        conversations=conversations,
        commands=commands,
        personal=personal,
        listing=listing,
        echo=echo,
        wakes=downlink.wakes,
        admission=admission,
        metrics=metrics,
        lag=lag,
        overload=overload,
    )
    declare_gauges(stages)
    return stages


def join_overload(config: Config, engines: Engines, delivery: Delivery, lag: LoopLag) -> Overload:
    """What is measured, and from where which level holds."""
    options, log, log_end = config.overload, engines.log, engines.log_end
    # A replay at the start is no lag: nobody waits for it.
    decided = lambda: delivery.position if delivery.caught_up.is_set() else log_end()  # noqa: E731 - one expression
    durable = Passing(lambda: log_end() + log.waiting(), log_end)
    return Overload(
        [
            Measure("loop_lag", lambda: 1_000 * lag.lag_s, options.loop_lag_ms),
            Measure("log_latency", durable.read_ms, options.log_latency_ms),
            Measure("delivery_lag", Passing(log_end, decided).read_ms, options.delivery_lag_ms),
        ]
    )


def join_presence(
    config: Config, engines: Engines, downlink: LocalDownlink, number: int, sight: Sight
) -> PresenceService:
    """The presence of those who are connected to the gateway of that number."""

    def notify(user_ids: Sequence[UserId], encoded: bytes) -> None:
        downlink.notify(user_ids, encoded, droppable=True)

    around = presence_service.Surroundings(number, engines.leases, engines.last_seen, sight.visible, notify, now_ms)
    return PresenceService(around, presence_options(config))


def join_uplink(
    accounts: Accounts,
    admission: Admission,
    gatherer: PositionGatherer,
    conversations: Conversations,
    delivery: Delivery,
) -> Uplink:
    """What a gateway hands commands to: direct calls."""

    async def sync(identity: Identity, request: frames.Sync) -> frames.SyncPage:
        return await conversations.sync(identity.user_id, request)

    async def entries(identity: Identity, request: frames.GetEntries) -> frames.EntryPage:
        return await conversations.entries(identity.user_id, request)

    async def members(identity: Identity, request: frames.GetMembers) -> frames.MemberPage:
        return await conversations.members(identity.user_id, request)

    async def group(identity: Identity, request: frames.GetGroup) -> frames.Group:
        return await conversations.group(identity.user_id, request)

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
        frames.GetGroup: group,
        frames.GetPositions: positions,
    }
    casts: dict[type, Cast] = {frames.MarkRequest: mark, frames.SignalRequest: signal}
    return Uplink(accounts.authenticate, admission.admit, sync, handlers, casts)


def with_items(uplink: Uplink, personal: Personal) -> Uplink:
    """The uplink with what users keep for themselves."""

    async def put(identity: Identity, request: frames.PutItems) -> frames.ItemsChanged:
        return await personal.put_items(identity.user_id, request)

    async def get(identity: Identity, request: frames.GetItems) -> frames.ItemPage:
        return await personal.get_items(identity.user_id, request)

    async def version(identity: Identity) -> int:
        return await personal.version(identity.user_id)

    handlers: dict[type, Handler] = {**uplink.handlers, frames.PutItems: put, frames.GetItems: get}
    return msgspec.structs.replace(uplink, handlers=handlers, items_version=version)


class Pressure:
    """Why nothing more can be taken in: the store's disk is full, too many durable records wait to be decided, or overload."""

    def __init__(self, config: Config, log_end: Callable[[], int], delivery: Delivery, overload: Overload) -> None:
        self._log_end, self._delivery, self._persister = log_end, delivery, delivery.persister
        self._overload = overload
        self._bound = config.log.queue_records

    def ask(self) -> HongyanError | None:
        """The error to refuse with, or None. Asked for every submission, so it looks at plain numbers."""
        if self._persister.disk_full:
            return StorageFull()
        if self._log_end() - self._delivery.position > self._bound:
            return Overloaded(what="delivery", retry_after_ms=500)
        if self._overload.level >= Level.SENDS_REFUSED:
            return Overloaded(what="everything", retry_after_ms=2_000)
        return None


class Trimmer:
    """Lets the log go below what the store holds safely, now and then."""

    def __init__(self, engines: Engines, config: Config) -> None:
        self._engines, self._options = engines, config.log
        self.needed: Callable[[], int | None] = lambda: None
        """The lowest offset that another reader of the log still needs; None: nobody does."""

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            await asyncio.sleep(self._options.trim_s)
            retention = Retention(self._options.retention_records, self._options.lag_records, self.needed())
            await trim_log(self._engines.log, self._engines.store, retention)


def declare_gauges(stages: Stages) -> None:
    """What is read when metrics are scraped."""
    metrics, gateway, delivery, engines = stages.metrics, stages.gateway, stages.delivery, stages.engines
    metrics.gauge("hongyan_connections", "Open connections.", lambda: len(gateway.connections))
    metrics.gauge("hongyan_unauthenticated", "Connections without a token yet.", lambda: gateway.unauthenticated)
    metrics.gauge("hongyan_handshakes", "Sockets that did not ask for WebSocket yet.", lambda: len(gateway.hall))
    metrics.gauge("hongyan_slow_connections", "Connections whose socket takes no more.", lambda: len(gateway.paused))
    metrics.gauge("hongyan_log_queue", "Records that wait to be durable.", engines.log.waiting)
    metrics.gauge(
        "hongyan_delivery_lag",
        "Durable records that wait to be decided.",
        lambda: engines.log_end() - delivery.position,
    )
    metrics.gauge("hongyan_persist_lag", "Decided records that wait to be stored.", lambda: delivery.persist_lag)
    metrics.gauge("hongyan_positions_queue", "Read positions that wait for their record.", stages.gatherer.waiting)
    metrics.gauge("hongyan_commands_waiting", "Commands of services without an answer yet.", stages.commands.waiting)
    metrics.gauge("hongyan_long_polls", "Long polls that wait.", stages.wakes.waiting)
    metrics.gauge("hongyan_online_users", "Users with a connection.", lambda: stages.presence.online)
    metrics.gauge("hongyan_watched_presences", "Users that devices watch, by device.", lambda: stages.presence.watched)
    metrics.gauge(
        "hongyan_overload_level",
        "0 all is done, 1 signals are dropped, 2 presence stops, 3 syncs are slowed, 4 sends are refused.",
        lambda: stages.overload.level,
    )
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
        limits.group_members,
        limits.recall_window_ms,
        limits.submissions_per_s,
        limits.submissions_burst,
        limits.admin_recall_window_ms,
        limits.edit_window_ms,
        conversation_per_s=limits.conversation_submissions_per_s,
        conversation_burst=limits.conversation_submissions_burst,
    )


def item_limits(config: Config) -> ItemLimits:
    """What a user may keep for himself."""
    return ItemLimits(config.limits.items_per_user, config.limits.item_bytes_per_user)


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
        address_strangers=limits.address_strangers,
        frames_per_s=limits.frames_per_s,
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
