"""Friend requests in SQLite."""

import sqlite3
from collections.abc import Sequence

import msgspec

from hongyan.adapters.store.database import Database, transaction
from hongyan.model.ids import UserId
from hongyan.ports.relations import RequestPage, RequestRow, RequestState

_COLUMNS = "request_id, from_user_id, to_user_id, note, source, state, created_ms, expires_ms, answered_ms"
_ADD = f"INSERT INTO request ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_RENEW = "UPDATE request SET note = ?, source = ?, expires_ms = ? WHERE request_id = ?"
_FIND = f"SELECT {_COLUMNS} FROM request WHERE request_id = ?"  # noqa: S608 - a constant
_PENDING = f"SELECT {_COLUMNS} FROM request WHERE state = 1 AND from_user_id = ? AND to_user_id = ?"  # noqa: S608 - a constant
_EXPIRE = "UPDATE request SET state = 6, answered_ms = expires_ms WHERE state = 1 AND expires_ms <= ? AND "
_MOVE = "UPDATE request SET state = ?, answered_ms = ? WHERE request_id = ? AND state = ?"
_OPEN_OF = "SELECT count(*) FROM request WHERE state = 1 AND from_user_id = ?"
_OPEN_TO = "SELECT count(*) FROM request WHERE state = 1 AND to_user_id = ?"
_ACCEPTED = f"SELECT {_COLUMNS} FROM request WHERE state = 2 ORDER BY request_id"  # noqa: S608 - a constant
_FORGET = "DELETE FROM request WHERE state NOT IN (1, 2) AND created_ms < ?"
_FORGET_USER = "DELETE FROM request WHERE ? IN (from_user_id, to_user_id)"


class SqliteRequestStore:
    """Implements `ports.relations.RequestStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, request: RequestRow) -> RequestRow:
        """See the port."""
        return await self._database.call(lambda it: _ask(it, request))

    async def request(self, request_id: str) -> RequestRow | None:
        """See the port."""
        row = await self._database.call(lambda it: it.execute(_FIND, (request_id,)).fetchone())
        return RequestRow(*row) if row else None

    async def pending_between(self, from_user_id: UserId, to_user_id: UserId, now_ms: int) -> RequestRow | None:
        """See the port."""
        pair = (from_user_id, to_user_id)
        row = await self._database.call(lambda it: it.execute(_PENDING, pair).fetchone())
        found = RequestRow(*row) if row else None
        return found if found is not None and found.expires_ms > now_ms else None

    async def move(self, request_id: str, before: RequestState, after: RequestState, now_ms: int) -> bool:
        """See the port."""
        return await self._database.call(lambda it: _move(it, (request_id, before, after, now_ms)))

    async def page(self, asked: RequestPage, now_ms: int) -> Sequence[RequestRow]:
        """See the port."""
        return await self._database.call(lambda it: _page(it, asked, now_ms))

    async def open_counts(self, from_user_id: UserId, to_user_id: UserId, now_ms: int) -> tuple[int, int]:
        """See the port."""
        return await self._database.call(lambda it: _open_counts(it, from_user_id, to_user_id, now_ms))

    async def accepted(self) -> Sequence[RequestRow]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_ACCEPTED).fetchall())
        return [RequestRow(*row) for row in rows]

    async def forget(self, before_ms: int, of_user_id: UserId | None = None) -> int:
        """See the port."""
        statement, value = (_FORGET, before_ms) if of_user_id is None else (_FORGET_USER, of_user_id)
        return await self._database.call(lambda it: it.execute(statement, (value,)).rowcount)


def _expire(connection: sqlite3.Connection, user_id: UserId, now_ms: int) -> None:
    for column in ("from_user_id = ?", "to_user_id = ?"):
        connection.execute(_EXPIRE + column, (now_ms, user_id))


def _ask(connection: sqlite3.Connection, request: RequestRow) -> RequestRow:
    with transaction(connection):
        _expire(connection, request.from_user_id, request.created_ms)
        row = connection.execute(_PENDING, (request.from_user_id, request.to_user_id)).fetchone()
        if row is None:
            connection.execute(_ADD, msgspec.structs.astuple(request))
            return request
        before = RequestRow(*row)
        connection.execute(_RENEW, (request.note, request.source, request.expires_ms, before.request_id))
    return msgspec.structs.replace(before, note=request.note, source=request.source, expires_ms=request.expires_ms)


def _move(connection: sqlite3.Connection, asked: tuple[str, RequestState, RequestState, int]) -> bool:
    request_id, before, after, now_ms = asked
    with transaction(connection):
        connection.execute(f"{_EXPIRE} request_id = ?", (now_ms, request_id))
        return connection.execute(_MOVE, (int(after), now_ms, request_id, int(before))).rowcount == 1


def _page(connection: sqlite3.Connection, asked: RequestPage, now_ms: int) -> Sequence[RequestRow]:
    with transaction(connection):
        _expire(connection, asked.user_id, now_ms)
        column = "to_user_id" if asked.incoming else "from_user_id"
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM request WHERE {column} = ? AND (created_ms, request_id) < (?, ?)"  # noqa: S608 - constants
            f" {'AND state = 1' if asked.pending_only else ''} ORDER BY created_ms DESC, request_id DESC LIMIT ?",
            (asked.user_id, asked.before_ms, asked.before_id, asked.limit),
        ).fetchall()
    return [RequestRow(*row) for row in rows]


def _open_counts(
    connection: sqlite3.Connection, from_user_id: UserId, to_user_id: UserId, now_ms: int
) -> tuple[int, int]:
    with transaction(connection):
        for user_id in (from_user_id, to_user_id):
            _expire(connection, user_id, now_ms)
        (of_the_one,) = connection.execute(_OPEN_OF, (from_user_id,)).fetchone()
        (to_the_other,) = connection.execute(_OPEN_TO, (to_user_id,)).fetchone()
    return of_the_one, to_the_other
