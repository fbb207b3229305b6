"""When users were there last: in memory, and in SQLite."""

import json
from collections.abc import Mapping, Sequence

from hongyan.adapters.store.database import Database
from hongyan.model.ids import UserId

_WRITE = """
    INSERT INTO last_seen (user_id, seen_ms) VALUES (?, ?)
    ON CONFLICT (user_id) DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)"""
_READ = "SELECT user_id, seen_ms FROM last_seen WHERE user_id IN (SELECT value FROM json_each(?))"


class MemoryLastSeen:
    """Implements `ports.presence.LastSeen`."""

    def __init__(self) -> None:
        self._seen_ms: dict[UserId, int] = {}

    async def write(self, seen_ms: Mapping[UserId, int]) -> None:
        """See the port."""
        for user_id, at_ms in seen_ms.items():
            self._seen_ms[user_id] = max(at_ms, self._seen_ms.get(user_id, 0))

    async def read(self, user_ids: Sequence[UserId]) -> Mapping[UserId, int]:
        """See the port."""
        return {user_id: self._seen_ms[user_id] for user_id in user_ids if user_id in self._seen_ms}


class SqliteLastSeen:
    """Implements `ports.presence.LastSeen`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, seen_ms: Mapping[UserId, int]) -> None:
        """See the port."""
        rows = list(seen_ms.items())
        await self._database.write(lambda connection: connection.executemany(_WRITE, rows))

    async def read(self, user_ids: Sequence[UserId]) -> Mapping[UserId, int]:
        """See the port."""
        asked = json.dumps(user_ids)
        rows = await self._database.call(lambda connection: connection.execute(_READ, (asked,)).fetchall())
        return {UserId(user_id): seen_ms for user_id, seen_ms in rows}
