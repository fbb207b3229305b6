"""Items in SQLite, in db_conversation."""

import json
import sqlite3
from collections import deque
from collections.abc import Sequence

import msgspec

from hongyan.adapters.store.database import Database, transaction
from hongyan.adapters.store.items import ItemKey, Shelf, key_of, put_on, within_changes
from hongyan.model.errors import HongyanError
from hongyan.model.ids import UserId
from hongyan.model.personal import Item, Topic
from hongyan.ports.personal import Change, Changes, ItemLimits

_SHELF = "SELECT version, floor_version, items, size_bytes, deletions FROM shelf WHERE user_id = ?"
_SET_SHELF = """
    INSERT INTO shelf (version, floor_version, items, size_bytes, deletions, user_id) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, floor_version = excluded.floor_version,
        items = excluded.items, size_bytes = excluded.size_bytes, deletions = excluded.deletions"""
_PRESENT = """
    SELECT topic, key, value, deleted, version FROM item
    WHERE user_id = ? AND topic = ? AND key IN (SELECT value FROM json_each(?))"""
_SET = """
    INSERT INTO item (user_id, topic, key, value, deleted, version) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id, topic, key)
    DO UPDATE SET value = excluded.value, deleted = excluded.deleted, version = excluded.version"""
_FLOOR = "SELECT version FROM item WHERE user_id = ? AND deleted = 1 ORDER BY version LIMIT 1 OFFSET ?"
_FORGET = "DELETE FROM item WHERE user_id = ? AND deleted = 1 AND version <= ?"
_CHANGES = """
    SELECT topic, key, value, deleted, version FROM item WHERE user_id = ? AND version > ? ORDER BY version LIMIT ?"""
# Keys are ASCII, so nothing that begins with the prefix sorts above the prefix and a "~".
_OF_TOPIC = """
    SELECT topic, key, value, deleted, version FROM item
    WHERE user_id = ? AND topic = ? AND key >= ? AND key < ? AND deleted = 0 ORDER BY key"""
_LATEST = "SELECT user_id, version FROM shelf LIMIT ?"
_ERASE = "DELETE FROM item WHERE user_id = ?"
_EMPTY_SHELF = """
    UPDATE shelf SET floor_version = version, items = 0, size_bytes = 0, deletions = 0 WHERE user_id = ?"""


_BATCH = 500  # puts of one transaction


class _Put(msgspec.Struct, eq=False):
    """A put that waits for its transaction, and then what became of it."""

    user_id: UserId
    items: Sequence[Item]
    limits: ItemLimits
    outcome: Change | BaseException | None = None


class SqliteItemStore:
    """Implements `ports.personal.ItemStore`. Puts that wait at the same time share one commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Put] = deque()

    async def put(self, user_id: UserId, items: Sequence[Item], limits: ItemLimits) -> Change:
        """See the port."""
        put = _Put(user_id, items, limits)
        self._database.check_room()  # before it waits: what is refused must not be done with the others
        self._waiting.append(put)
        return await self._database.call(lambda it: self._settled(it, put))

    def _settled(self, connection: sqlite3.Connection, put: _Put) -> Change:
        """On the thread: what became of a put. The first of those that wait takes the others along."""
        while put.outcome is None:
            some = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            try:
                outcomes = _put_all(connection, some)
            except BaseException as error:
                for each in some:
                    each.outcome = error
                raise
            for each, outcome in zip(some, outcomes, strict=True):
                each.outcome = outcome
        if isinstance(put.outcome, BaseException):
            raise put.outcome
        return put.outcome

    async def changes(self, user_id: UserId, since_version: int, limit: int) -> Changes:
        """See the port."""

        def read(connection: sqlite3.Connection) -> Changes:
            shelf = _shelf(connection, user_id)
            rows = connection.execute(_CHANGES, (user_id, since_version, limit))
            return Changes(within_changes([_item(*row) for row in rows]), shelf.version, shelf.floor_version)

        return await self._database.call(read)

    async def items(self, user_id: UserId, topic: Topic, keys: Sequence[str]) -> Sequence[Item]:
        """See the port."""
        return await self._database.call(lambda it: _present(it, user_id, topic, keys))

    async def of_topic(self, user_id: UserId, topic: Topic, prefix: str = "") -> Sequence[Item]:
        """See the port."""
        asked = (user_id, str(topic), prefix, f"{prefix}~")
        rows = await self._database.call(lambda it: it.execute(_OF_TOPIC, asked).fetchall())
        return [_item(*row) for row in rows]

    async def version(self, user_id: UserId) -> int:
        """See the port."""
        return (await self._database.call(lambda it: _shelf(it, user_id))).version

    async def latest(self, limit: int) -> Sequence[tuple[UserId, int]]:
        """See the port."""
        rows = await self._database.call(lambda it: it.execute(_LATEST, (limit,)).fetchall())
        return [(UserId(user_id), version) for user_id, version in rows]

    async def erase(self, user_id: UserId) -> None:
        """See the port."""

        def erase(connection: sqlite3.Connection) -> None:
            connection.execute(_ERASE, (user_id,))
            connection.execute(_EMPTY_SHELF, (user_id,))

        await self._database.write(erase)


def _put_all(connection: sqlite3.Connection, puts: Sequence[_Put]) -> list[Change | BaseException]:
    """In one transaction; a put that is refused has written nothing."""
    outcomes: list[Change | BaseException] = []
    with transaction(connection):
        for each in puts:
            try:
                outcomes.append(_put(connection, each.user_id, each.items, each.limits))
            except HongyanError as error:
                outcomes.append(error)
    return outcomes


def _put(connection: sqlite3.Connection, user_id: UserId, items: Sequence[Item], limits: ItemLimits) -> Change:
    before = _shelf(connection, user_id)
    found: dict[ItemKey, Item] = {}
    for topic in {item.topic for item in items}:
        keys = [item.key for item in items if item.topic == topic]
        found |= {key_of(item): item for item in _present(connection, user_id, topic, keys)}
    shelf, changed = put_on(before, found, items, limits)
    if not changed:
        return Change((), before.version, before.version)
    rows = [(user_id, str(item.topic), item.key, item.value, item.deleted, item.version) for item in changed]
    connection.executemany(_SET, rows)
    if shelf.deletions > limits.deletions:
        shelf = _forget(connection, user_id, shelf)
    connection.execute(_SET_SHELF, (*msgspec.structs.astuple(shelf), user_id))
    return Change(changed, before.version, shelf.version)


def _present(connection: sqlite3.Connection, user_id: UserId, topic: str, keys: Sequence[str]) -> list[Item]:
    rows = connection.execute(_PRESENT, (user_id, str(topic), json.dumps(keys)))
    return [_item(*row) for row in rows]


def _forget(connection: sqlite3.Connection, user_id: UserId, shelf: Shelf) -> Shelf:
    """Forgets the oldest half of the deletions."""
    half = (shelf.deletions + 1) // 2
    (floor,) = connection.execute(_FLOOR, (user_id, half - 1)).fetchone()
    connection.execute(_FORGET, (user_id, floor))
    return msgspec.structs.replace(shelf, floor_version=floor, deletions=shelf.deletions - half)


def _shelf(connection: sqlite3.Connection, user_id: UserId) -> Shelf:
    row = connection.execute(_SHELF, (user_id,)).fetchone()
    return Shelf(*row) if row else Shelf()


def _item(topic: str, key: str, value: bytes, deleted: int, version: int) -> Item:
    return Item(topic, key, value, bool(deleted), version)
