"""What every SQLite file of ours has in common: how it is opened, what a full disk looks like, and its one writing thread."""

import asyncio
import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from hongyan.model.codes import StorageFull
from hongyan.model.errors import HongyanError, SetupError

P = ParamSpec("P")
R = TypeVar("R")

_COMMIT_BYTES = 3 * 4_096  # the pages that even a small commit writes
_NICENESS = 10  # about a tenth of the weight of a thread that has 0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG}


def connect(path: Path, synchronous: Literal["NORMAL", "FULL"], *, readonly: bool = False) -> sqlite3.Connection:
    """Opens a file in WAL mode and asserts that the engine took the durability asked for.

    Transactions are the caller's (`isolation_level=None`). Raises sqlite3.Error, or RuntimeError for a setting refused.
    """
    address = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA busy_timeout=5000")
    if not readonly:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise RuntimeError(f"{path} does not take journal_mode=WAL but {mode}; is it on a network disk?")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if level != {"NORMAL": 1, "FULL": 2}[synchronous]:
        raise RuntimeError(f"{path} does not take synchronous={synchronous}")
    return connection


def as_fault(error: sqlite3.Error) -> HongyanError | None:
    """StorageFull when the disk had no room, which leaves the file whole; None for what must stop the process."""
    return StorageFull() if getattr(error, "sqlite_errorcode", None) in _FULL else None


@contextlib.contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Raises SetupError, for the operator, where a file is not what SQLite wrote; other errors pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
            raise
        raise SetupError(f"{path} is damaged ({error}); restore the data directory from a backup.") from error


@contextlib.contextmanager
def full_disk_told() -> Iterator[None]:
    """Raises StorageFull in the place of SQLite's error where the disk had no room; other errors pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        fault = as_fault(error)
        if fault is None:
            raise
        raise fault from error


class Thread:
    """One thread with the connections that live on it. Calls run in order; `await` gives their results."""

    def __init__(self, name: str, *, in_background: bool = False) -> None:
        """A thread in the background gives way: where cores are few, what people wait for runs first."""
        self._pool = ThreadPoolExecutor(1, name, _give_way if in_background else None)

    def start(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
        """Begins to run a function on the thread. It ends there even when nobody waits for it any more."""
        if kwargs:
            raise TypeError("positional arguments only")
        return asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """As `start`, and waits for the result."""
        return await self.start(function, *args, **kwargs)

    async def end(self, connection: sqlite3.Connection) -> None:
        """Closes the connection once what runs has ended, and the thread. The loop is free: a close may write a lot."""
        try:
            await self.call(connection.close)
        finally:
            self.stop()

    def stop(self) -> None:
        """Ends the thread after what it was given."""
        self._pool.shutdown(wait=False)

    def close(self) -> None:
        """Waits for what runs, then ends the thread."""
        self._pool.shutdown(wait=True)


def _give_way() -> None:
    # On Linux a thread has a niceness of its own; elsewhere this would be the whole process's.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)


class Checkpoints:
    """Keeps a write-ahead log short without making its writer wait for the bulk.

    SQLite's own checkpoint runs inside some unlucky commit and copies megabytes there. Here another connection copies them
    while commits go on, and what came meanwhile, a little, is left to the writer: then the log starts anew.
    """

    def __init__(self, path: Path, every_bytes: int) -> None:
        self._thread = Thread("checkpoint", in_background=True)
        self._connection = connect(path, "FULL")
        self._every_bytes, self._written_bytes = every_bytes, 0
        self._bulk: asyncio.Future[None] | None = None

    def wrote(self, size_bytes: int) -> bool:
        """Notes a commit; True when the writer should now do the rest, by `checkpoint` on its own connection."""
        self._written_bytes += size_bytes + _COMMIT_BYTES
        if self._bulk is None:
            if self._written_bytes >= self._every_bytes:
                self._written_bytes = 0
                self._bulk = self._thread.start(checkpoint, self._connection)
            return False
        if not self._bulk.done():
            return False
        self._bulk = None
        return True

    async def end(self) -> None:
        """Closes the connection and ends the thread."""
        await self._thread.end(self._connection)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copies what it can from the write-ahead log into the file, waiting for nobody. A full disk is tried again later."""
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


Row = tuple[Any, ...]
