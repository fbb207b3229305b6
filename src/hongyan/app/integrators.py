"""What integrators call and what calls them, joined to the stages of one process."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from hongyan.adapters.post.http import HttpPost
from hongyan.adapters.store.admin_sqlite import SqliteAdminStore
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.migrate import database_file
from hongyan.adapters.store.webhooks_sqlite import SqliteWebhookStore
from hongyan.app.node import Stages, now_ms
from hongyan.app.run import Runnable
from hongyan.config import Config
from hongyan.model.codes import EntryUnknown
from hongyan.model.errors import HongyanError, SetupError
from hongyan.model.ids import ConversationId, UserId
from hongyan.ports.admin import BotStore, KeyStore, ReportStore
from hongyan.ports.webhooks import Outbox, Post, WebhookStore
from hongyan.protocol import frames
from hongyan.protocol.codec import decode_entry
from hongyan.services.admin.bots import Bots
from hongyan.services.admin.integrators import Integrators
from hongyan.services.admin.keys import Keys
from hongyan.services.admin.reports import Reports
from hongyan.services.admin.screen import MessageScreen
from hongyan.services.admin.words import Words
from hongyan.services.webhooks.check import Check, CheckOptions
from hongyan.services.webhooks.dispatch import Around, Dispatcher, DispatchOptions
from hongyan.services.webhooks.events import Invocation
from hongyan.services.webhooks.reader import EventReader, Sources
from hongyan.services.webhooks.service import Webhooks, WebhooksOptions
from hongyan.services.webhooks.signing import check_secret
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

_WATCH_S = 2.0
_RETRY_FACTORS = (1, 6, 24, 120, 360, 720, 1_440, 2_880)


class AdminStore(KeyStore, BotStore, ReportStore, Protocol):
    """All of db_admin."""


class HookStore(WebhookStore, Outbox, Protocol):
    """All of db_webhook."""


class Missing(Protocol):
    """What is asked of the users service."""

    async def missing(self, user_ids: Sequence[UserId]) -> Sequence[UserId]:
        """Those of them that do not exist."""
        ...


class Stores(msgspec.Struct, frozen=True):
    """Where all of it is kept."""

    admin: AdminStore
    hooks: HookStore


class Joined(msgspec.Struct, frozen=True):
    """The services, and what has to run for them."""

    services: Integrators
    reader: EventReader
    dispatcher: Dispatcher
    watch: "WordsWatch"

    def parts(self) -> list[Runnable]:
        """In order of start; after the log and delivery."""
        return [self.reader, self.dispatcher, self.watch]


@asynccontextmanager
async def open_integrators(config: Config, data_dir: Path, stages: Stages, users: Missing) -> AsyncIterator[Joined]:
    """On the files of a data directory. Raises SetupError for settings that cannot hold."""
    admin = Database(database_file(data_dir, "admin"), "integrators")
    hooks = Database(database_file(data_dir, "webhook"), "webhooks", queue=10_000)
    try:
        async with HttpPost(config.hooks.allowed_networks, checked_url(config)) as post:
            stores = Stores(SqliteAdminStore(admin), SqliteWebhookStore(hooks))
            yield await join_integrators(config, stages, users, stores, post)
    finally:
        await admin.close()
        await hooks.close()


async def join_integrators(config: Config, stages: Stages, users: Missing, stores: Stores, post: Post) -> Joined:
    """On any stores; what was kept is loaded. The stages' log is not trimmed below what webhooks still need."""
    engines = stages.engines
    bots = Bots(stores.admin, now_ms)
    file = Path(config.hooks.words_file) if config.hooks.words_file else None
    words = Words(stores.admin, file)
    options = WebhooksOptions(config.hooks.webhooks, config.hooks.queue_events)
    webhooks = Webhooks(stores.hooks, stores.hooks, lambda: engines.log.end(0), now_ms, options)
    sources = Sources(engines.log, engines.store, lambda: stages.delivery.persister.position, _answering(bots), now_ms)
    reader = EventReader(sources, webhooks, stores.hooks)
    dispatcher = Dispatcher(webhooks, stores.hooks, Around(engines.store, post, now_ms), dispatch_options(config))
    check = check_of(config, post)
    screen = MessageScreen(words, check, engines.store)

    def look() -> None:
        stages.admission.screen = screen if screen.is_needed else None

    words.changed = look
    watch = WordsWatch(words, file)
    await asyncio.gather(bots.load(), words.load(), webhooks.load(), watch.start())
    look()
    reports = Reports(stores.admin, seen_by(stages), users.missing, now_ms)
    services = Integrators(Keys(stores.admin, now_ms), bots, words, reports, webhooks)
    declare_gauges(stages, webhooks, reader, dispatcher)
    if check is not None:
        declare_check(stages, check)
    return Joined(services, reader, dispatcher, watch)


def _answering(bots: Bots) -> "_Answering":
    return _Answering(bots)


class _Answering:
    """A `BotsFor` on the bots there are."""

    def __init__(self, bots: Bots) -> None:
        self._bots = bots

    def __call__(self, invocation: Invocation) -> Sequence[UserId]:
        return self._bots.answering(invocation.name, invocation.bot_id)


def seen_by(stages: Stages) -> "_Seen":
    """Entries as a user sees them."""
    return _Seen(stages)


class _Seen:
    """A `reports.Seen`."""

    def __init__(self, stages: Stages) -> None:
        self._conversations = stages.conversations

    async def __call__(self, user_id: UserId, conversation_id: ConversationId, seq: int) -> bytes:
        request = frames.GetEntries(conversation_id, seq=seq - 1, limit=1)
        page = await self._conversations.entries(user_id, request)
        # The first above `seq - 1`; where that one cannot be seen it is another.
        if not page.entries or decode_entry(page.entries[0]).seq != seq:
            raise EntryUnknown(seq=seq)
        return page.entries[0]


class WordsWatch:
    """Reads the file of words again when it changed."""

    def __init__(self, words: Words, path: Path | None) -> None:
        self._words, self._path = words, path
        self._seen_ns = 0

    async def start(self) -> None:
        """The first read. Raises SetupError when it cannot be."""
        if self._path is None:
            return
        try:
            await self._read()
        except (OSError, UnicodeError, HongyanError) as error:
            raise SetupError(f"hooks.words_file: {self._path} cannot be used: {error}") from error

    async def run(self) -> None:
        """Works until cancelled. While the file cannot be read, the words it held before hold on."""
        if self._path is None:
            await asyncio.Event().wait()
        while True:
            await asyncio.sleep(_WATCH_S)
            try:
                await self._read()
            except (OSError, UnicodeError, HongyanError) as error:
                logger.warning("the file of words cannot be read", reason=str(error))

    async def _read(self) -> None:
        changed_ns, text = await asyncio.to_thread(self._read_if_changed)
        if text is not None:
            self._words.reload(text)
        # Afterwards, so that a file with a mistake is looked at again.
        self._seen_ns = changed_ns

    def _read_if_changed(self) -> tuple[int, str | None]:
        assert self._path is not None
        changed_ns = self._path.stat().st_mtime_ns
        return changed_ns, None if changed_ns == self._seen_ns else self._words.read_file()


def checked_url(config: Config) -> str:
    """Where messages are shown; "" where nobody asks for it. Raises SetupError."""
    url = config.hooks.check_url
    if url and not re.fullmatch(r"https?://[^/\s@]+(/[!-~]*)?", url):
        raise SetupError(f"hooks.check_url: expected http:// or https:// and a host, not {url!r}.")
    return url


def check_of(config: Config, post: Post) -> Check | None:
    """Whom messages are shown before they are taken in; None: nobody. Raises SetupError."""
    hooks = config.hooks
    if not hooks.check_url:
        return None
    check_secret(hooks.check_secret, "hooks.check_secret")
    options = CheckOptions(
        url=hooks.check_url,
        secret=hooks.check_secret,
        timeout_s=hooks.check_timeout_ms / 1_000,
        when_down=hooks.check_when_down,
        calls=hooks.check_calls,
        content_bytes=config.limits.content_bytes,
    )
    return Check(post, now_ms, options)


def dispatch_options(config: Config) -> DispatchOptions:
    """The dispatcher's part of the configuration."""
    hooks = config.hooks
    return DispatchOptions(
        lanes=hooks.lanes,
        timeout_s=hooks.timeout_s,
        give_up_ms=int(hooks.give_up_h * 3_600_000),
        delays_ms=tuple(int(1_000 * hooks.retry_s * factor) for factor in _RETRY_FACTORS),
    )


def declare_gauges(stages: Stages, webhooks: Webhooks, reader: EventReader, dispatcher: Dispatcher) -> None:
    """What is read when metrics are scraped."""
    gauge = stages.metrics.gauge

    def waiting() -> int:
        return sum(webhooks.waiting(row.webhook_id) for row in webhooks.list())

    gauge("hongyan_webhook_queue", "Events that wait to be delivered to webhooks.", waiting)
    gauge("hongyan_webhook_delivered", "Events delivered to webhooks since the start.", lambda: dispatcher.delivered)
    gauge("hongyan_webhook_failed", "Attempts that failed since the start.", lambda: dispatcher.failed)
    gauge("hongyan_webhook_dead", "Events given up since the start.", lambda: dispatcher.dead)
    gauge("hongyan_webhook_missed", "Records passed over by webhooks.", lambda: reader.missed_records)


def declare_check(stages: Stages, check: Check) -> None:
    """As above, where messages are shown to somebody."""
    stages.metrics.gauge("hongyan_check_asked", "Messages shown before they were taken in.", lambda: check.asked)
    stages.metrics.gauge("hongyan_check_down", "Messages for which nobody answered.", lambda: check.down)
