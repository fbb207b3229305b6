"""The store in a SQLite file, on a thread of its own."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from hongyan.model.amendments import amended
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.personal import Item
from hongyan.model.records import EditNotice, Entry
from hongyan_client.copy import Added, Copy, DroppedBelow, StoreChange, Told
from hongyan_client.errors import StoreError
from hongyan_client.outbox import Pending
from hongyan_client.store import Batch, Kept

T = TypeVar("T")

_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS copy (conversation_id TEXT PRIMARY KEY, copy BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    conversation_id TEXT NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL, edited_seq INTEGER,
    PRIMARY KEY (conversation_id, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (client_msg_id TEXT PRIMARY KEY, number INTEGER NOT NULL, pending BLOB NOT NULL)
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS item (topic TEXT, key TEXT, item BLOB NOT NULL, PRIMARY KEY (topic, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS edit ON entry (conversation_id, edited_seq) WHERE edited_seq IS NOT NULL;
"""
_FROM_VERSION_1 = "ALTER TABLE entry ADD COLUMN edited_seq INTEGER;"
"""Files of the first release hold no edits."""


class SqliteStore:
    """Keeps what a client knows in one file, readable by its owner only.

    A killed process loses nothing that `write` had returned for; a power cut may lose the last moments, which the server
    still has. One process at a time: a second one is refused.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._decode_entry = msgspec.msgpack.Decoder(Entry).decode
        self._encode = msgspec.msgpack.Encoder().encode

    async def open(self) -> Kept:
        """Opens or makes the file. Raises StoreError when another process has it, or a newer release wrote it."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hongyan-store")
        try:
            return await self._call(self._open)
        except BaseException:
            await self.close()
            raise

    async def write(self, batch: Batch) -> None:
        """Keeps a batch in one transaction."""
        await self._call(lambda: self._write(batch))

    async def read(
        self, conversation_id: ConversationId, low: int, high: int, limit: int, *, backward: bool = False
    ) -> list[Entry]:
        """Entries of a range, ascending."""
        order = "DESC" if backward else "ASC"
        sql = f"SELECT entry FROM entry WHERE conversation_id = ? AND seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?"  # noqa: S608 - one of two words
        rows = await self._call(lambda: self._db.execute(sql, (conversation_id, low, high, limit)).fetchall())
        entries = [self._decode_entry(row[0]) for row in rows]
        return entries[::-1] if backward else entries

    async def close(self) -> None:
        """Closes the file; waits for what is being written."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, self._close))
        thread.shutdown(wait=False)

    async def _call(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            raise StoreError("the store is not open")
        try:
            # A cancelled caller does not stop the thread; the next call waits behind it.
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be read or written: {error}") from error

    @property
    def _db(self) -> sqlite3.Connection:
        assert self._connection is not None, "set by open, before any other call"
        return self._connection

    def _open(self) -> Kept:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = self._connection = sqlite3.connect(self._path, timeout=0.2, isolation_level=None)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > _SCHEMA_VERSION:
                raise StoreError(f"{self._path} was written by a newer release of this client")
            before = _FROM_VERSION_1 if version == 1 else ""
            db.executescript(f"BEGIN EXCLUSIVE; {before}{_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self._path} cannot be used, by another process perhaps: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self._path} is no store of this client: {error}") from error
        facts = dict(db.execute("SELECT name, value FROM fact"))
        copies = [msgspec.msgpack.decode(row[0], type=Copy) for row in db.execute("SELECT copy FROM copy")]
        rows = db.execute("SELECT pending FROM pending ORDER BY number")
        pending = [msgspec.msgpack.decode(row[0], type=Pending) for row in rows]
        synced = facts.get("synced") == "yes"
        items = [msgspec.msgpack.decode(row[0], type=Item) for row in db.execute("SELECT item FROM item")]
        user_id, version = UserId(facts.get("user_id", "")), int(facts.get("items_version", "0"))
        return Kept(user_id, facts.get("cursor", ""), synced, copies, pending, items, version)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _write(self, batch: Batch) -> None:
        db, encode = self._db, self._encode
        db.execute("BEGIN IMMEDIATE")
        try:
            for change in batch.changes:
                self._apply(change)
            db.executemany(
                "INSERT OR REPLACE INTO copy VALUES (?, ?)", [(key, encode(copy)) for key, copy in batch.copies.items()]
            )
            db.executemany(
                "INSERT OR REPLACE INTO pending VALUES (?, ?, ?)",
                [(item.submit.client_msg_id, item.number, encode(item)) for item in batch.put],
            )
            db.executemany("DELETE FROM pending WHERE client_msg_id = ?", [(key,) for key in batch.done])
            self._write_items(batch)
            synced = None if batch.synced is None else "yes" if batch.synced else "no"
            facts = (("cursor", batch.cursor), ("synced", synced), ("user_id", batch.user_id))
            db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", [fact for fact in facts if fact[1] is not None])
            db.execute("COMMIT")
        except BaseException:
            # A full disk has rolled back by itself.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _write_items(self, batch: Batch) -> None:
        for changes in batch.items:
            if changes.reset:
                self._db.execute("DELETE FROM item")
            rows = [(item.topic, item.key, self._encode(item)) for item in changes.items]
            self._db.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", rows)
        if batch.items_version is not None:
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('items_version', ?)", (str(batch.items_version),))

    def _apply(self, change: StoreChange) -> None:
        db = self._db
        if isinstance(change, Added):
            rows = [
                (entry.conversation_id, entry.seq, self._encode(entry), _edited_seq(entry)) for entry in change.entries
            ]
            db.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?)", rows)
        elif isinstance(change, DroppedBelow):
            place = (change.conversation_id, change.seq)
            db.execute("DELETE FROM entry WHERE conversation_id = ? AND seq < ?", place)
        else:
            self._tell(change)

    def _tell(self, told: Told) -> None:
        db, key = self._db, told.entry.conversation_id
        rows = db.execute("SELECT entry FROM entry WHERE conversation_id = ? AND seq = ?", (key, told.seq)).fetchall()
        edits = "SELECT entry FROM entry WHERE conversation_id = ? AND edited_seq = ?"
        for row in [*rows, *db.execute(edits, (key, told.seq)).fetchall()]:
            earlier = self._decode_entry(row[0])
            changed = amended(earlier, told.entry)
            if changed is not earlier:
                place = (self._encode(changed), key, earlier.seq)
                db.execute("UPDATE entry SET entry = ? WHERE conversation_id = ? AND seq = ?", place)


def _edited_seq(entry: Entry) -> int | None:
    """The message that an entry edits, by which it is found when another edit outdates it."""
    return entry.body.seq if isinstance(entry.body, EditNotice) else None
