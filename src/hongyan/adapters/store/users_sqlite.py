"""Accounts and sessions in SQLite: one connection on one thread, every commit synced to the disk before it counts."""

import json
import sqlite3
from collections.abc import Sequence

import msgspec

from hongyan.adapters.store.database import Database, transaction
from hongyan.model.codes import TooManyDevices
from hongyan.model.ids import UserId
from hongyan.ports.users import SessionLimits, SessionRow, UserRow, giving_way

_ADD = "INSERT INTO user (user_id, password_hash, created_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_FIND = "SELECT user_id, password_hash, created_ms FROM user WHERE user_id = ? AND deleted_ms = 0"
_NEW_PASSWORD = """
    UPDATE user SET password_hash = ? WHERE user_id = ? AND ? IN ('', password_hash) AND deleted_ms = 0"""  # noqa: S105 - a statement
_EXISTING = "SELECT user_id FROM user WHERE user_id IN (SELECT value FROM json_each(?)) AND deleted_ms = 0"
_PAGE = """
    SELECT user_id, password_hash, created_ms FROM user WHERE user_id > ? AND deleted_ms = 0 ORDER BY user_id LIMIT ?"""
_DELETE = (
    "UPDATE user SET password_hash = '', deleted_ms = ?, departing = 1 WHERE user_id = ? AND deleted_ms = 0",
    "DELETE FROM profile WHERE user_id = ?",
    "DELETE FROM privacy WHERE user_id = ?",
)
_DEPARTING = "SELECT user_id FROM user WHERE departing = 1 ORDER BY deleted_ms, user_id"
_DEPARTED = "UPDATE user SET departing = 0 WHERE user_id = ?"

_UNREVOKED = """
    SELECT session_id, user_id, device_id, device_name, created_ms, refreshed_ms, expires_ms, generation, nonce,
        revoked_ms, platform
    FROM session WHERE user_id = ? AND revoked_ms = 0 ORDER BY created_ms, session_id"""
_OPEN = """
    INSERT INTO session (session_id, user_id, device_id, device_name, created_ms, refreshed_ms, expires_ms, generation,
        nonce, revoked_ms, platform) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SESSION = """
    SELECT session_id, user_id, device_id, device_name, created_ms, refreshed_ms, expires_ms, generation, nonce,
        revoked_ms, platform
    FROM session WHERE session_id = ?"""
_ROTATE = """
    UPDATE session SET generation = generation + 1, refreshed_ms = ?, expires_ms = ?
    WHERE session_id = ? AND generation = ? AND revoked_ms = 0 AND expires_ms > ?"""
_REVOKE = "UPDATE session SET revoked_ms = ? WHERE session_id = ? AND revoked_ms = 0"
_LIVING = """
    SELECT session_id, user_id, device_id, device_name, created_ms, refreshed_ms, expires_ms, generation, nonce,
        revoked_ms, platform
    FROM session WHERE user_id = ? AND revoked_ms = 0 AND expires_ms > ? ORDER BY device_id"""
_REVOKED_SINCE = (
    "SELECT session_id, revoked_ms FROM session WHERE revoked_ms >= ? AND revoked_ms > 0 ORDER BY revoked_ms"
)
_FORGET = "DELETE FROM session WHERE (revoked_ms > 0 AND revoked_ms < ?) OR expires_ms < ?"


class SqliteUserStore:
    """Implements `ports.users.UserStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: UserRow) -> bool:
        """See the port."""
        row = msgspec.structs.astuple(user)
        return await self._database.call(lambda it: it.execute(_ADD, row).rowcount == 1)

    async def find(self, user_id: UserId) -> UserRow | None:
        """See the port."""
        row = await self._database.call(lambda it: it.execute(_FIND, (user_id,)).fetchone())
        return UserRow(*row) if row else None

    async def set_password(self, user_id: UserId, password_hash: str, replacing: str = "") -> bool:
        """See the port."""
        row = (password_hash, user_id, replacing)
        return await self._database.call(lambda it: it.execute(_NEW_PASSWORD, row).rowcount == 1)

    async def existing(self, user_ids: Sequence[UserId]) -> frozenset[UserId]:
        """See the port."""
        asked = json.dumps(user_ids)
        rows = await self._database.call(lambda it: it.execute(_EXISTING, (asked,)).fetchall())
        return frozenset(UserId(user_id) for (user_id,) in rows)

    async def page(self, after: str, limit: int) -> Sequence[UserRow]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_PAGE, (after, limit)).fetchall())
        return [UserRow(*row) for row in rows]

    async def delete(self, user_id: UserId, now_ms: int) -> bool:
        """See the port."""
        return await self._database.call(lambda it: _delete(it, user_id, now_ms))

    async def departing(self) -> Sequence[UserId]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_DEPARTING).fetchall())
        return [UserId(user_id) for (user_id,) in rows]

    async def departed(self, user_id: UserId) -> None:
        """See the port."""
        await self._database.call(lambda it: it.execute(_DEPARTED, (user_id,)))


class SqliteSessionStore:
    """Implements `ports.users.SessionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, session: SessionRow, limits: SessionLimits) -> Sequence[SessionRow]:
        """See the port."""
        return await self._database.call(lambda it: _open(it, session, limits))

    async def session(self, session_id: str) -> SessionRow | None:
        """See the port."""
        row = await self._database.call(lambda it: it.execute(_SESSION, (session_id,)).fetchone())
        return SessionRow(*row) if row else None

    async def rotate(self, session_id: str, generation: int, now_ms: int, expires_ms: int) -> bool:
        """See the port."""
        row = (now_ms, expires_ms, session_id, generation, now_ms)
        return await self._database.call(lambda it: it.execute(_ROTATE, row).rowcount == 1)

    async def revoke(self, session_ids: Sequence[str], now_ms: int) -> None:
        """See the port."""
        await self._database.call(lambda it: _revoke(it, session_ids, now_ms))

    async def living(self, user_id: UserId, now_ms: int) -> Sequence[SessionRow]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_LIVING, (user_id, now_ms)).fetchall())
        return [SessionRow(*row) for row in rows]

    async def revoked_since(self, since_ms: int) -> Sequence[tuple[str, int]]:
        """See the port."""
        return await self._database.call(lambda it: it.execute(_REVOKED_SINCE, (since_ms,)).fetchall())

    async def forget(self, before_ms: int) -> int:
        """See the port."""
        return await self._database.call(lambda it: it.execute(_FORGET, (before_ms, before_ms)).rowcount)


def _delete(connection: sqlite3.Connection, user_id: UserId, now_ms: int) -> bool:
    account, *belongings = _DELETE
    with transaction(connection):
        if connection.execute(account, (now_ms, user_id)).rowcount != 1:
            return False
        for statement in belongings:
            connection.execute(statement, (user_id,))
    return True


def _open(connection: sqlite3.Connection, session: SessionRow, limits: SessionLimits) -> Sequence[SessionRow]:
    with transaction(connection):
        unrevoked = [SessionRow(*row) for row in connection.execute(_UNREVOKED, (session.user_id,))]
        ended = giving_way(unrevoked, session, limits)
        if len(unrevoked) - len(ended) >= limits.devices:
            raise TooManyDevices(limit=limits.devices)
        connection.executemany(_REVOKE, [(session.created_ms, row.session_id) for row in ended])
        connection.execute(_OPEN, msgspec.structs.astuple(session))
    return ended


def _revoke(connection: sqlite3.Connection, session_ids: Sequence[str], now_ms: int) -> None:
    with transaction(connection):
        connection.executemany(_REVOKE, [(now_ms, session_id) for session_id in session_ids])
