"""Webhooks and their outbox in SQLite.

A lane is a webhook's conversation in which something waits: its first row goes, when its time has come, before the others.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from hongyan.adapters.sqlite import Row
from hongyan.adapters.store.database import Database
from hongyan.model.ids import ConversationId
from hongyan.ports.webhooks import Attempted, DeliveryRow, DeliveryState, Due, WebhookRow

_PUT = """
    INSERT INTO webhook (webhook_id, key_id, url, secret, events, bot_id, created_ms, previous_secret, previous_until_ms,
        disabled_ms, disabled_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (webhook_id) DO UPDATE SET url = excluded.url, secret = excluded.secret, events = excluded.events,
        bot_id = excluded.bot_id, previous_secret = excluded.previous_secret,
        previous_until_ms = excluded.previous_until_ms, disabled_ms = excluded.disabled_ms,
        disabled_reason = excluded.disabled_reason"""
_WEBHOOKS = """
    SELECT webhook_id, key_id, url, secret, events, bot_id, created_ms, previous_secret, previous_until_ms, disabled_ms,
        disabled_reason FROM webhook ORDER BY webhook_id"""
_COLUMNS = """delivery_id, webhook_id, event_id, type, conversation_id, seq, bot_id, since_ms, state, attempts, tried_ms,
    status, problem"""
_ADD = """
    INSERT INTO delivery (webhook_id, event_id, type, conversation_id, seq, bot_id, since_ms, state, attempts, tried_ms,
        status, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_OPEN_LANE = "INSERT INTO lane (webhook_id, conversation_id, next_ms) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
_MOVE = """
    INSERT INTO reader (partition, next_offset) VALUES (0, ?)
    ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset"""
_DUE_LANES = """
    SELECT conversation_id FROM lane WHERE webhook_id = ? AND next_ms <= ?
        AND conversation_id NOT IN (SELECT value FROM json_each(?)) ORDER BY next_ms LIMIT ?"""
_NEXT_LANE = """
    SELECT min(next_ms) FROM lane WHERE webhook_id = ? AND next_ms > ?
        AND conversation_id NOT IN (SELECT value FROM json_each(?))"""
_FIRST = f"""
    SELECT {_COLUMNS} FROM delivery WHERE webhook_id = ? AND conversation_id = ? AND state = 0
    ORDER BY delivery_id LIMIT ?"""  # noqa: S608 - constants
_SETTLE = """
    UPDATE delivery SET state = ?, attempts = attempts + 1, tried_ms = ?, status = ?, problem = ? WHERE delivery_id = ?
    RETURNING webhook_id, conversation_id"""
_MOVE_LANE = "UPDATE lane SET next_ms = ? WHERE webhook_id = ? AND conversation_id = ?"
_CLOSE_LANE = "DELETE FROM lane WHERE webhook_id = ? AND conversation_id = ?"
_PAGE = f"""
    SELECT {_COLUMNS} FROM delivery WHERE webhook_id = ? AND state = ? AND delivery_id > ?
    ORDER BY delivery_id LIMIT ?"""  # noqa: S608 - constants
_AGAIN = """
    UPDATE delivery SET state = 0, attempts = 0, since_ms = ? WHERE delivery_id = ? AND webhook_id = ?
    RETURNING conversation_id"""
_RELEASE_LANE = """
    INSERT INTO lane (webhook_id, conversation_id, next_ms) VALUES (?, ?, 0)
    ON CONFLICT (webhook_id, conversation_id) DO UPDATE SET next_ms = 0"""
_PRUNE = (
    "DELETE FROM delivery WHERE state != 0 AND tried_ms < ?",
    """DELETE FROM delivery WHERE state = 1 AND delivery_id <= coalesce(
        (SELECT delivery_id FROM delivery WHERE state = 1 ORDER BY delivery_id DESC LIMIT 1 OFFSET ?), 0)""",
)


class SqliteWebhookStore:
    """Implements `ports.webhooks.WebhookStore` and `Outbox`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, webhook: WebhookRow) -> None:
        """See the port."""
        row = list(msgspec.structs.astuple(webhook))
        row[4] = " ".join(webhook.events)
        await self._database.call(lambda it: it.execute(_PUT, row))

    async def remove(self, webhook_id: str) -> bool:
        """See the port."""

        def remove(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM delivery WHERE webhook_id = ?", (webhook_id,))
            connection.execute("DELETE FROM lane WHERE webhook_id = ?", (webhook_id,))
            return connection.execute("DELETE FROM webhook WHERE webhook_id = ?", (webhook_id,)).rowcount == 1

        return await self._database.write(remove)

    async def webhooks(self) -> Sequence[WebhookRow]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_WEBHOOKS).fetchall())
        return [_webhook(row) for row in rows]

    async def position(self) -> int | None:
        """See the port."""
        row = await self._database.call(lambda it: it.execute("SELECT next_offset FROM reader").fetchone())
        return int(row[0]) if row else None

    async def gather(self, rows: Sequence[DeliveryRow], next_offset: int) -> None:
        """See the port."""

        def gather(connection: sqlite3.Connection) -> None:
            for row in rows:
                if connection.execute(_ADD, msgspec.structs.astuple(row)[1:]).rowcount == 1:
                    connection.execute(_OPEN_LANE, (row.webhook_id, row.conversation_id))
            connection.execute(_MOVE, (next_offset,))

        await self._database.write(gather)

    async def due(
        self, webhook_id: str, now_ms: int, busy: Sequence[ConversationId], limit: int, *, rows: int = 1
    ) -> Due:
        """See the port."""
        not_these = json.dumps(list(busy))

        def due(connection: sqlite3.Connection) -> Due:
            lanes = connection.execute(_DUE_LANES, (webhook_id, now_ms, not_these, limit)).fetchall()
            found = [connection.execute(_FIRST, (webhook_id, lane, rows)).fetchall() for (lane,) in lanes]
            (next_ms,) = connection.execute(_NEXT_LANE, (webhook_id, now_ms, not_these)).fetchone()
            return Due([[DeliveryRow(*row) for row in lane] for lane in found], next_ms or 0)

        return await self._database.call(due)

    async def settle(self, attempts: Sequence[Attempted]) -> None:
        """See the port."""

        def settle(connection: sqlite3.Connection) -> None:
            for attempt in attempts:
                values = (attempt.state, attempt.tried_ms, attempt.status, attempt.problem, attempt.delivery_id)
                for lane in connection.execute(_SETTLE, values).fetchall():
                    if connection.execute(_FIRST, (*lane, 1)).fetchone():
                        connection.execute(_MOVE_LANE, (attempt.next_ms, *lane))
                    else:
                        connection.execute(_CLOSE_LANE, lane)

        await self._database.write(settle)

    async def page(self, webhook_id: str, state: DeliveryState, after: int, limit: int) -> Sequence[DeliveryRow]:
        """See the port."""
        values = (webhook_id, int(state), after, limit)
        rows = await self._database.call(lambda it: it.execute(_PAGE, values).fetchall())
        return [DeliveryRow(*row) for row in rows]

    async def replay(self, webhook_id: str, delivery_ids: Sequence[int], now_ms: int) -> int:
        """See the port."""

        def replay(connection: sqlite3.Connection) -> int:
            count = 0
            for delivery_id in dict.fromkeys(delivery_ids):
                for (conversation_id,) in connection.execute(_AGAIN, (now_ms, delivery_id, webhook_id)).fetchall():
                    connection.execute(_RELEASE_LANE, (webhook_id, conversation_id))
                    count += 1
            return count

        return await self._database.write(replay)

    async def waiting(self) -> Mapping[str, int]:
        """See the port."""
        statement = "SELECT webhook_id, count(*) FROM delivery WHERE state = 0 GROUP BY webhook_id"
        return dict(await self._database.call(lambda it: it.execute(statement).fetchall()))

    async def prune(self, before_ms: int, keep: int) -> None:
        """See the port."""

        def prune(connection: sqlite3.Connection) -> None:
            connection.execute(_PRUNE[0], (before_ms,))
            connection.execute(_PRUNE[1], (keep,))

        await self._database.write(prune)


def _webhook(row: Row) -> WebhookRow:
    values = list(row)
    values[4] = tuple(row[4].split())
    return WebhookRow(*values)
