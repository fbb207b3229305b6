"""Webhooks: made, changed, looked at; what they missed is sent again."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from hongyan.model.codes import AddressRefused, InvalidField, TooManyWebhooks, WebhookUnknown
from hongyan.ports.clock import Clock
from hongyan.ports.webhooks import DeliveryRow, DeliveryState, Outbox, WebhookRow, WebhookStore
from hongyan.services.webhooks.events import is_type
from hongyan.services.webhooks.signing import make_secret

_ROTATION_MS = 24 * 3_600_000
_PRINTABLE = re.compile(r"[!-~]{1,2048}")


class WebhooksOptions(msgspec.Struct, frozen=True):
    """Bounds. A webhook with more than `queue` events that wait is disabled."""

    webhooks: int = 100
    queue: int = 100_000


class Wanted(msgspec.Struct, frozen=True):
    """What is asked of a new webhook, or of a changed one."""

    url: str
    events: tuple[str, ...] = ()
    bot_id: str = ""


class Webhooks:
    """The service. `load` first. `end` is the log's end: what happened before a webhook was made is not for it.

    `wanted` is set while somebody wants to hear of events; `changed` is called when what is due may have changed.
    """

    def __init__(
        self,
        store: WebhookStore,
        outbox: Outbox,
        end: Callable[[], Awaitable[int]],
        clock: Clock,
        options: WebhooksOptions,
    ) -> None:
        self._store, self._outbox, self._end, self._clock, self._options = store, outbox, end, clock, options
        self._rows: dict[str, WebhookRow] = {}
        self._waiting: dict[str, int] = {}
        self.wanted = asyncio.Event()
        self.changed: Callable[[], None] = _nobody_listens

    async def load(self) -> None:
        """Learns what there is."""
        self._rows = {row.webhook_id: row for row in await self._store.webhooks()}
        self._waiting = dict(await self._outbox.waiting())
        self._look()

    def active(self) -> Sequence[WebhookRow]:
        """Those that are called."""
        return [row for row in self._rows.values() if not row.disabled_ms]

    def is_silent(self, webhook_id: str) -> bool:
        """Whether it is not called: it was disabled, or removed."""
        row = self._rows.get(webhook_id)
        return row is None or row.disabled_ms > 0

    def list(self) -> Sequence[WebhookRow]:
        """All, ascending by id."""
        return [self._rows[webhook_id] for webhook_id in sorted(self._rows)]

    def get(self, webhook_id: str) -> WebhookRow:
        """One of them. Raises WebhookUnknown."""
        row = self._rows.get(webhook_id)
        if row is None:
            raise WebhookUnknown(webhook_id=webhook_id)
        return row

    def waiting(self, webhook_id: str) -> int:
        """How many events wait for a webhook."""
        return self._waiting.get(webhook_id, 0)

    async def create(self, key_id: str, wanted: Wanted) -> WebhookRow:
        """A new webhook; its secret is in it. Raises TooManyWebhooks, AddressRefused, InvalidField."""
        if len(self._rows) >= self._options.webhooks:
            raise TooManyWebhooks(limit=self._options.webhooks)
        _check(wanted)
        webhook_id = f"wh_{secrets.token_hex(8)}"
        row = WebhookRow(
            webhook_id, key_id, wanted.url, make_secret(), wanted.events, wanted.bot_id, self._clock()
        )  # fmt: skip
        await self._begin()
        await self._put(row)
        return row

    async def change(self, webhook_id: str, wanted: Wanted) -> WebhookRow:
        """Other events, another address; a disabled one is called again. Raises WebhookUnknown and as `create`."""
        row = self.get(webhook_id)
        _check(wanted)
        changed = msgspec.structs.replace(
            row, url=wanted.url, events=wanted.events, bot_id=wanted.bot_id, disabled_ms=0, disabled_reason=""
        )
        await self._begin()
        await self._put(changed)
        return changed

    async def rotate(self, webhook_id: str) -> WebhookRow:
        """A new secret; for a day the one before it signs as well. Raises WebhookUnknown."""
        row = self.get(webhook_id)
        until_ms = self._clock() + _ROTATION_MS
        changed = msgspec.structs.replace(
            row, secret=make_secret(), previous_secret=row.secret, previous_until_ms=until_ms
        )
        await self._put(changed)
        return changed

    async def disable(self, webhook_id: str, reason: str) -> None:
        """Calls it no more until it is changed; what waits, waits. Nothing happens when it is gone."""
        row = self._rows.get(webhook_id)
        if row is not None and not row.disabled_ms:
            await self._put(msgspec.structs.replace(row, disabled_ms=self._clock(), disabled_reason=reason))

    async def remove(self, webhook_id: str) -> None:
        """Forgets a webhook and what waits for it. Raises WebhookUnknown."""
        self.get(webhook_id)
        self._rows.pop(webhook_id)
        self._look()
        await self._store.remove(webhook_id)
        self._waiting.pop(webhook_id, None)

    async def deliveries(self, webhook_id: str, state: DeliveryState, after: int, limit: int) -> Sequence[DeliveryRow]:
        """What waits, was delivered or died, above an id. Raises WebhookUnknown."""
        self.get(webhook_id)
        return await self._outbox.page(webhook_id, state, after, limit)

    async def replay(self, webhook_id: str, delivery_ids: Sequence[int]) -> int:
        """Sends some again, under the same event ids; returns how many. Raises WebhookUnknown."""
        self.get(webhook_id)
        count = await self._outbox.replay(webhook_id, delivery_ids, self._clock())
        self._waiting = dict(await self._outbox.waiting())
        self.changed()
        return count

    async def gather(self, rows: Sequence[DeliveryRow], next_offset: int) -> None:
        """Takes the events of records in, up to an offset. A webhook whose queue is full is disabled, and gets none."""
        for webhook_id in {row.webhook_id for row in rows}:
            if self.waiting(webhook_id) >= self._options.queue:
                await self.disable(webhook_id, f"{self._options.queue} events waited for it")
        active = {row.webhook_id for row in self.active()}
        rows = [row for row in rows if row.webhook_id in active]
        await self._outbox.gather(rows, next_offset)
        for row in rows:
            self._waiting[row.webhook_id] = self.waiting(row.webhook_id) + 1
        if rows:
            self.changed()

    def ended(self, webhook_id: str) -> None:
        """One event waits no more."""
        self._waiting[webhook_id] = max(0, self.waiting(webhook_id) - 1)

    async def _begin(self) -> None:
        """Where nobody listened nothing was read, and what happened meanwhile is for nobody."""
        if not self.wanted.is_set():
            await self._outbox.gather([], await self._end())

    async def _put(self, row: WebhookRow) -> None:
        await self._store.put(row)
        self._rows[row.webhook_id] = row
        self._look()
        self.changed()

    def _look(self) -> None:
        if self.active():
            self.wanted.set()
        else:
            self.wanted.clear()


def _check(wanted: Wanted) -> None:
    try:
        parts = urlsplit(wanted.url) if _PRINTABLE.fullmatch(wanted.url) else None
        is_good = parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise InvalidField(field="url", reason="expected http:// or https:// and a host, in printable ASCII")
    if "@" in urlsplit(wanted.url).netloc or "#" in wanted.url:
        raise AddressRefused(url=wanted.url, reason="it holds a name, a password or a fragment")
    for event in wanted.events:
        if not is_type(event):
            raise InvalidField(field="events", reason=f"{event[:64]} is no type of an event")


def _nobody_listens() -> None:
    """Until somebody does."""
