"""Sends what the outbox holds: in order by conversation, several conversations at a time, again until somebody answers."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import msgspec

from hongyan.model.codes import Overloaded, StorageFull
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId
from hongyan.ports.clock import Clock
from hongyan.ports.webhooks import Attempted, Call, DeliveryRow, DeliveryState, Outbox, Post, Reply, WebhookRow
from hongyan.protocol.codec_hooks import JsonObject, entry_json
from hongyan.services.webhooks.breaker import Breaker
from hongyan.services.webhooks.events import COMMAND, event_body, invocation_in
from hongyan.services.webhooks.service import Webhooks
from hongyan.services.webhooks.signing import signed_headers
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

_HOUR_MS = 3_600_000
_DELAYS_MS = (5_000, 30_000, 120_000, 600_000, 1_800_000, _HOUR_MS, 2 * _HOUR_MS, 4 * _HOUR_MS)
_IDLE_S = 60.0
_TROUBLE_S = 1.0
_GONE = 410
_ROWS = 32  # of a conversation between two looks at the outbox
_NOTE_MS = 1_000


class Entries(Protocol):
    """What is asked of the store; see ports.store.HistoryReader."""

    async def entries(
        self, conversation_id: ConversationId, low_seq: int, high_seq: int, limit: int, *, backward: bool
    ) -> Sequence[tuple[int, bytes]]:
        """See HistoryReader."""
        ...


class Around(msgspec.Struct, frozen=True):
    """What the dispatcher works with."""

    entries: Entries
    post: Post
    clock: Clock


class DispatchOptions(msgspec.Struct, frozen=True):
    """`lanes` conversations of a webhook at a time; an event is given up `give_up_ms` after it began to wait."""

    lanes: int = 8
    timeout_s: float = 10.0
    give_up_ms: int = 24 * _HOUR_MS
    kept_ms: int = 7 * 24 * _HOUR_MS
    kept_deliveries: int = 10_000
    delays_ms: tuple[int, ...] = _DELAYS_MS


class Dispatcher:
    """The one that calls. Its tasks are owned by `run`."""

    def __init__(self, webhooks: Webhooks, outbox: Outbox, around: Around, options: DispatchOptions) -> None:
        self._webhooks, self._outbox, self._options = webhooks, outbox, options
        self._entries, self._post, self._clock = around.entries, around.post, around.clock
        self._busy: dict[str, set[ConversationId]] = defaultdict(set)
        self._breakers: dict[str, Breaker] = {}
        self._wake = asyncio.Event()
        self._pruned_ms = 0
        self.delivered = self.failed = self.dead = 0
        webhooks.changed = self._wake.set

    async def run(self) -> None:
        """Works until cancelled; what is under way then is sent again by the next process."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                try:
                    next_ms = await self._start_due(group)
                    await self._prune()
                except (Overloaded, StorageFull) as error:
                    logger.warning("webhooks wait", reason=str(error))
                    next_ms = self._clock() + int(1_000 * _TROUBLE_S)
                await self._sleep(next_ms)

    async def _sleep(self, next_ms: int) -> None:
        wait_s = min(_IDLE_S, max(0.0, (next_ms - self._clock()) / 1_000)) if next_ms else _IDLE_S
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _start_due(self, group: asyncio.TaskGroup) -> int:
        """Starts what may go; returns when the next may, 0: when something happens."""
        moments: list[int] = []
        for webhook in self._webhooks.active():
            breaker, busy = self._breaker(webhook.webhook_id), self._busy[webhook.webhook_id]
            if breaker.is_open():
                moments.append(breaker.open_until_ms)
                continue
            free = (1 if breaker.is_trying else self._options.lanes) - len(busy)
            if free <= 0:
                continue
            rows = 1 if breaker.is_trying else _ROWS
            due = await self._outbox.due(webhook.webhook_id, self._clock(), list(busy), free, rows=rows)
            for lane in due.lanes:
                busy.add(lane[0].conversation_id)
                group.create_task(self._deliver(webhook, lane))
            if due.next_ms:
                moments.append(due.next_ms)
        return min(moments, default=0)

    def _breaker(self, webhook_id: str) -> Breaker:
        breaker = self._breakers.get(webhook_id)
        if breaker is None:
            breaker = self._breakers[webhook_id] = Breaker(self._clock, self._options.delays_ms[0])
        return breaker

    async def _prune(self) -> None:
        now_ms = self._clock()
        if now_ms - self._pruned_ms > _HOUR_MS // 60:
            self._pruned_ms = now_ms
            await self._outbox.prune(now_ms - self._options.kept_ms, self._options.kept_deliveries)

    async def _deliver(self, webhook: WebhookRow, lane: Sequence[DeliveryRow]) -> None:
        """Attempts at events of one conversation, one after the other until one fails. Meanwhile nothing else of it goes."""
        try:
            noted_ms, attempts = self._clock(), list[Attempted]()
            for row in lane:
                attempts.append(await self._judged(webhook, row, await self._attempt(webhook, row)))
                if attempts[-1].state == DeliveryState.WAITING or self._webhooks.is_silent(webhook.webhook_id):
                    break
                if self._clock() - noted_ms > _NOTE_MS:
                    await self._settle(webhook, attempts)
                    noted_ms, attempts = self._clock(), []
            await self._settle(webhook, attempts)
        except (Overloaded, StorageFull) as error:
            # Not noted: they are sent again, as after a crash.
            logger.warning("attempts were not noted", webhook_id=webhook.webhook_id, reason=str(error))
            await asyncio.sleep(_TROUBLE_S)
        finally:
            self._busy[webhook.webhook_id].discard(lane[0].conversation_id)
            self._wake.set()

    async def _attempt(self, webhook: WebhookRow, row: DeliveryRow) -> Reply | str:
        """What came back, or what went wrong on the way; an empty sentence: there is nothing left to say."""
        body = await self._body(row)
        if body is None:
            return ""
        now_ms = self._clock()
        signing = [webhook.secret, *([webhook.previous_secret] if now_ms < webhook.previous_until_ms else ())]
        headers = signed_headers(row.event_id, now_ms // 1_000, body, signing)
        try:
            return await self._post(Call(webhook.url, headers, body, self._options.timeout_s))
        except HongyanError as error:
            return str(error)

    async def _body(self, row: DeliveryRow) -> bytes | None:
        """What the event says now: what was recalled since is not told any more. None when the entry is gone."""
        found = await self._entries.entries(row.conversation_id, row.seq, row.seq, 1, backward=False)
        if not found:
            return None
        entry = entry_json(found[0][1])
        data: JsonObject = {"entry": entry}
        if row.type == COMMAND:
            invocation = invocation_in(entry.get("message", {}).get("text", {}).get("text", ""))
            if invocation is None:
                return None
            data |= {"bot_id": row.bot_id, "command": invocation.name, "arguments": invocation.arguments}
        return event_body(row.type, int(entry.get("time_ms", 0)), data)

    async def _judged(self, webhook: WebhookRow, row: DeliveryRow, outcome: Reply | str) -> Attempted:
        now_ms = self._clock()
        if outcome == "":
            return Attempted(row.delivery_id, DeliveryState.DEAD, now_ms, 0, "the entry is gone")
        status = outcome.status if isinstance(outcome, Reply) else 0
        is_delivered = 200 <= status < 300
        self._breaker(webhook.webhook_id).note(answered=is_delivered)
        if is_delivered:
            return Attempted(row.delivery_id, DeliveryState.DELIVERED, now_ms, status)
        self.failed += 1
        problem = outcome if isinstance(outcome, str) else f"it answered {status}"
        if status == _GONE:
            await self._webhooks.disable(webhook.webhook_id, "it answered 410")
        next_ms = now_ms + self._delay_ms(row, outcome)
        is_dead = next_ms > row.since_ms + self._options.give_up_ms or status == _GONE
        state = DeliveryState.DEAD if is_dead else DeliveryState.WAITING
        return Attempted(row.delivery_id, state, now_ms, status, problem[:256], 0 if is_dead else next_ms)

    def _delay_ms(self, row: DeliveryRow, outcome: Reply | str) -> int:
        delays = self._options.delays_ms
        asked_ms = 1_000 * outcome.retry_after_s if isinstance(outcome, Reply) else 0
        return max(delays[min(row.attempts, len(delays) - 1)], min(asked_ms, _HOUR_MS))

    async def _settle(self, webhook: WebhookRow, attempts: Sequence[Attempted]) -> None:
        await self._outbox.settle(attempts)
        for attempt in attempts:
            if attempt.state == DeliveryState.WAITING:
                continue
            self._webhooks.ended(webhook.webhook_id)
            if attempt.state == DeliveryState.DEAD:
                self.dead += 1
                logger.warning("an event was given up", delivery_id=attempt.delivery_id, webhook_id=webhook.webhook_id)
            else:
                self.delivered += 1
