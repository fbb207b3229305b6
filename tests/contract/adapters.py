"""Every adapter of every port that has a suite here. A new adapter is one line in a table at the end.

Adapters open in a thread, as files do in the server, and in a folder of the test's own.
"""

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hongyan.adapters.log.memory import MemoryLog
from hongyan.adapters.log.sqlite import LogOptions, SqliteLog
from hongyan.adapters.state.memory import LocalRoutes, MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.adapters.store.migrate import migrate
from hongyan.adapters.store.sqlite import SqliteStore
from hongyan.ports.log import AppendFailed, Log
from hongyan.ports.state import Hot, Routes
from hongyan.ports.store import ConversationStore, HistoryReader, ListReader

GATEWAY = 7


class Store(ConversationStore, HistoryReader, ListReader, Protocol):
    """The ports of the store, as its adapters give them."""


@dataclass(frozen=True)
class LogAdapter:
    """How a log is opened with a bound of waiting records, and how its disk gets full and has room again.

    `durable`: what it holds is found when the same folder is opened again.
    """

    open: Callable[[Path, int, AppendFailed], Log]
    fill: Callable[[Log], None]
    free: Callable[[Log], None]
    durable: bool


@dataclass(frozen=True)
class StoreAdapter:
    """How a store is opened and closed, and how its disk gets full and has room again."""

    open: Callable[[Path], Store]
    close: Callable[[Store], Awaitable[None]]
    fill: Callable[[Store], None]
    free: Callable[[Store], None]
    durable: bool


@functools.cache
def migrated(database: str) -> bytes:
    """An empty database of today's schema; made once, because a migration takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "new.db")
        migrate(path, database, in_process=True)
        return path.read_bytes()


def sqlite_file(folder: Path, database: str) -> Path:
    """The database file in a folder, made when it is not there."""
    path = folder / f"{database}.db"
    if not path.exists():
        path.write_bytes(migrated(database))
    return path


@asynccontextmanager
async def running(log: Log) -> AsyncIterator[None]:
    """Lets a log work, and ends it as a server does that drains."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(log.run())
        try:
            yield
        finally:
            task.cancel()


def _open_sqlite_log(folder: Path, queue_records: int, failed: AppendFailed) -> SqliteLog:
    return SqliteLog(sqlite_file(folder, "log"), LogOptions(queue_records=queue_records, tail_records=10), failed)


def _bound_pages(adapter: object, pages: int) -> None:
    # SQLite takes the number of pages in use for a bound that is lower, so the next page it wants is refused.
    assert isinstance(adapter, SqliteLog | SqliteStore)
    adapter._write.execute(f"PRAGMA max_page_count={pages}")


def _fill_memory_log(log: Log) -> None:
    assert isinstance(log, MemoryLog)
    log._capacity_records = log._kept


def _free_memory_log(log: Log) -> None:
    assert isinstance(log, MemoryLog)
    log._capacity_records = 1_000_000


def _fill_memory_store(store: Store) -> None:
    assert isinstance(store, MemoryStore)
    store._capacity_rows = store._rows


def _free_memory_store(store: Store) -> None:
    assert isinstance(store, MemoryStore)
    store._capacity_rows = 1_000_000


async def _close_sqlite_store(store: Store) -> None:
    assert isinstance(store, SqliteStore)
    await store.close()


async def _nothing_to_close(_store: Store) -> None:
    pass


LOGS: Mapping[str, LogAdapter] = {
    "memory": LogAdapter(
        lambda _, queue_records, failed: MemoryLog(failed, queue_records=queue_records),
        _fill_memory_log,
        _free_memory_log,
        durable=False,
    ),
    "sqlite": LogAdapter(
        _open_sqlite_log, lambda log: _bound_pages(log, 1), lambda log: _bound_pages(log, 1 << 30), durable=True
    ),
}

STORES: Mapping[str, StoreAdapter] = {
    "memory": StoreAdapter(
        lambda _: MemoryStore(), _nothing_to_close, _fill_memory_store, _free_memory_store, durable=False
    ),
    "sqlite": StoreAdapter(
        lambda folder: SqliteStore(sqlite_file(folder, "message")),
        _close_sqlite_store,
        lambda store: _bound_pages(store, 1),
        lambda store: _bound_pages(store, 1 << 30),
        durable=True,
    ),
}

HOTS: Mapping[str, Callable[[int], Hot]] = {"memory": MemoryHot}

ROUTES: Mapping[str, Callable[[], Routes]] = {"local": lambda: LocalRoutes(GATEWAY)}
