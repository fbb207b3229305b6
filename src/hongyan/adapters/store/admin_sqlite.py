"""Keys, bots, words and reports in SQLite."""

import sqlite3
from collections.abc import Sequence

import msgspec

from hongyan.adapters.sqlite import Row
from hongyan.adapters.store.database import Database
from hongyan.model.ids import UserId
from hongyan.ports.admin import BotCommand, BotRow, KeyRow, ReportRow, WordRow

_COMMANDS = msgspec.json.Decoder(tuple[BotCommand, ...])
_KEY = "SELECT key_id, name, digest, scopes, created_ms, revoked_ms FROM server_key"
_REVOKE = "UPDATE server_key SET revoked_ms = CASE WHEN revoked_ms = 0 THEN ? ELSE revoked_ms END WHERE key_id = ?"
_PUT_BOT = """
    INSERT INTO bot (bot_id, key_id, commands, created_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT (bot_id) DO UPDATE SET key_id = excluded.key_id, commands = excluded.commands"""
_REPORT = """
    SELECT report_id, reporter_id, user_id, conversation_id, seq, reason, note, evidence, created_ms, resolved_ms, resolution
    FROM report"""
_ADD_REPORT = """
    INSERT INTO report (reporter_id, user_id, conversation_id, seq, reason, note, evidence, created_ms, resolved_ms,
        resolution) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_SAME = f"{_REPORT} WHERE reporter_id = ? AND user_id = ? AND conversation_id = ? AND seq = ?"
_OPEN = f"{_REPORT} WHERE report_id > ? AND resolved_ms = 0 ORDER BY report_id LIMIT ?"
_DECIDED = f"{_REPORT} WHERE report_id > ? AND resolved_ms > 0 ORDER BY report_id LIMIT ?"
_RESOLVE = "UPDATE report SET resolution = ?, resolved_ms = ? WHERE report_id = ? AND resolved_ms = 0"


class SqliteAdminStore:
    """Implements the ports of `ports.admin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_key(self, key: KeyRow) -> None:
        """See the port."""
        row = (key.key_id, key.name, key.digest, " ".join(key.scopes), key.created_ms, key.revoked_ms)
        await self._database.call(lambda it: it.execute("INSERT INTO server_key VALUES (?, ?, ?, ?, ?, ?)", row))

    async def key(self, key_id: str) -> KeyRow | None:
        """See the port."""
        row = await self._database.call(lambda it: it.execute(f"{_KEY} WHERE key_id = ?", (key_id,)).fetchone())
        return _key(row) if row else None

    async def keys(self) -> Sequence[KeyRow]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(f"{_KEY} ORDER BY created_ms, key_id").fetchall())
        return [_key(row) for row in rows]

    async def revoke_key(self, key_id: str, now_ms: int) -> bool:
        """See the port."""
        return await self._database.call(lambda it: it.execute(_REVOKE, (now_ms, key_id)).rowcount == 1)

    async def put_bot(self, bot: BotRow) -> None:
        """See the port."""
        row = (bot.bot_id, bot.key_id, msgspec.json.encode(bot.commands).decode(), bot.created_ms)
        await self._database.call(lambda it: it.execute(_PUT_BOT, row))

    async def remove_bot(self, bot_id: UserId) -> bool:
        """See the port."""
        statement = "DELETE FROM bot WHERE bot_id = ?"
        return await self._database.call(lambda it: it.execute(statement, (bot_id,)).rowcount == 1)

    async def bots(self) -> Sequence[BotRow]:
        """See the port."""
        statement = "SELECT bot_id, key_id, commands, created_ms FROM bot ORDER BY bot_id"
        rows = await self._database.call(lambda it: it.execute(statement).fetchall())
        return [
            BotRow(bot_id, key_id, _COMMANDS.decode(commands), created) for bot_id, key_id, commands, created in rows
        ]

    async def words(self) -> Sequence[WordRow]:
        """See the port."""
        rows = await self._database.call(
            lambda it: it.execute("SELECT word, action FROM word ORDER BY word").fetchall()
        )
        return [WordRow(*row) for row in rows]

    async def set_words(self, words: Sequence[WordRow]) -> None:
        """See the port."""
        rows = [(row.word, row.action) for row in words]

        def replace(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM word")
            connection.executemany("INSERT OR REPLACE INTO word VALUES (?, ?)", rows)

        await self._database.write(replace)

    async def add_report(self, report: ReportRow) -> ReportRow:
        """See the port."""
        values = msgspec.structs.astuple(report)[1:]

        def add(connection: sqlite3.Connection) -> Row:
            connection.execute(_ADD_REPORT, values)
            row: Row = connection.execute(_SAME, values[:4]).fetchone()
            return row

        return ReportRow(*await self._database.write(add))

    async def report(self, report_id: int) -> ReportRow | None:
        """See the port."""
        row = await self._database.call(
            lambda it: it.execute(f"{_REPORT} WHERE report_id = ?", (report_id,)).fetchone()
        )
        return ReportRow(*row) if row else None

    async def reports(self, after: int, limit: int, *, is_open: bool) -> Sequence[ReportRow]:
        """See the port."""
        statement = _OPEN if is_open else _DECIDED
        rows = await self._database.call(lambda it: it.execute(statement, (after, limit)).fetchall())
        return [ReportRow(*row) for row in rows]

    async def resolve_report(self, report_id: int, resolution: str, now_ms: int) -> bool:
        """See the port."""
        row = (resolution, now_ms, report_id)
        return await self._database.call(lambda it: it.execute(_RESOLVE, row).rowcount == 1)


def _key(row: Row) -> KeyRow:
    key_id, name, digest, scopes, created_ms, revoked_ms = row
    return KeyRow(key_id, name, digest, tuple(scopes.split()), created_ms, revoked_ms)
