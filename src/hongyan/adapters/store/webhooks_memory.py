"""Webhooks and their outbox in memory: the fake of tests, held to the same suite as the SQL adapter."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from hongyan.model.ids import ConversationId
from hongyan.ports.webhooks import Attempted, DeliveryRow, DeliveryState, Due, WebhookRow

Lane = tuple[str, ConversationId]


class MemoryWebhookStore:
    """Implements `ports.webhooks.WebhookStore` and `Outbox`."""

    def __init__(self) -> None:
        self._webhooks: dict[str, WebhookRow] = {}
        self._rows: dict[int, DeliveryRow] = {}
        self._lanes: dict[Lane, int] = {}
        self._position: int | None = None
        self._last_id = 0

    async def put(self, webhook: WebhookRow) -> None:
        """See the port."""
        self._webhooks[webhook.webhook_id] = webhook

    async def remove(self, webhook_id: str) -> bool:
        """See the port."""
        self._rows = {key: row for key, row in self._rows.items() if row.webhook_id != webhook_id}
        self._lanes = {lane: next_ms for lane, next_ms in self._lanes.items() if lane[0] != webhook_id}
        return self._webhooks.pop(webhook_id, None) is not None

    async def webhooks(self) -> Sequence[WebhookRow]:
        """See the port."""
        return [self._webhooks[webhook_id] for webhook_id in sorted(self._webhooks)]

    async def position(self) -> int | None:
        """See the port."""
        return self._position

    async def gather(self, rows: Sequence[DeliveryRow], next_offset: int) -> None:
        """See the port."""
        known = {(row.webhook_id, row.event_id) for row in self._rows.values()}
        for row in rows:
            if (row.webhook_id, row.event_id) not in known:
                self._last_id += 1
                self._rows[self._last_id] = msgspec.structs.replace(row, delivery_id=self._last_id)
                known.add((row.webhook_id, row.event_id))
                self._lanes.setdefault((row.webhook_id, row.conversation_id), 0)
        self._position = next_offset

    async def due(
        self, webhook_id: str, now_ms: int, busy: Sequence[ConversationId], limit: int, *, rows: int = 1
    ) -> Due:
        """See the port."""
        lanes = sorted((next_ms, lane) for lane, next_ms in self._lanes.items() if lane[0] == webhook_id)
        lanes = [(next_ms, lane) for next_ms, lane in lanes if lane[1] not in busy]
        later = [next_ms for next_ms, _ in lanes if next_ms > now_ms]
        due = [lane for next_ms, lane in lanes if next_ms <= now_ms][:limit]
        return Due([self._first(lane, rows) for lane in due], later[0] if later else 0)

    def _first(self, lane: Lane, rows: int = 1) -> list[DeliveryRow]:
        return [row for row in self._in_order() if _lane(row) == lane and row.state == DeliveryState.WAITING][:rows]

    def _in_order(self) -> list[DeliveryRow]:
        return [self._rows[key] for key in sorted(self._rows)]

    async def settle(self, attempts: Sequence[Attempted]) -> None:
        """See the port."""
        for attempt in attempts:
            row = self._rows.get(attempt.delivery_id)
            if row is None:
                continue
            self._rows[row.delivery_id] = msgspec.structs.replace(
                row,
                state=attempt.state,
                attempts=row.attempts + 1,
                tried_ms=attempt.tried_ms,
                status=attempt.status,
                problem=attempt.problem,
            )
            if not self._first(_lane(row)):
                self._lanes.pop(_lane(row), None)
            else:
                self._lanes[_lane(row)] = attempt.next_ms

    async def page(self, webhook_id: str, state: DeliveryState, after: int, limit: int) -> Sequence[DeliveryRow]:
        """See the port."""
        found = [row for row in self._in_order() if row.webhook_id == webhook_id and row.state == state]
        return [row for row in found if row.delivery_id > after][:limit]

    async def replay(self, webhook_id: str, delivery_ids: Sequence[int], now_ms: int) -> int:
        """See the port."""
        rows = [self._rows[key] for key in dict.fromkeys(delivery_ids) if key in self._rows]
        rows = [row for row in rows if row.webhook_id == webhook_id]
        for row in rows:
            self._rows[row.delivery_id] = msgspec.structs.replace(
                row, state=DeliveryState.WAITING, attempts=0, since_ms=now_ms
            )
            self._lanes[_lane(row)] = 0
        return len(rows)

    async def waiting(self) -> Mapping[str, int]:
        """See the port."""
        return Counter(row.webhook_id for row in self._rows.values() if row.state == DeliveryState.WAITING)

    async def prune(self, before_ms: int, keep: int) -> None:
        """See the port."""
        ended = [row for row in self._in_order() if row.state != DeliveryState.WAITING]
        delivered = [row for row in self._in_order() if row.state == DeliveryState.DELIVERED]
        gone = [row for row in ended if row.tried_ms < before_ms] + delivered[: max(0, len(delivered) - keep)]
        for row in gone:
            self._rows.pop(row.delivery_id, None)


def _lane(row: DeliveryRow) -> Lane:
    return row.webhook_id, row.conversation_id
