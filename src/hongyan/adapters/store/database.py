"""A small SQLite file: one connection on one thread, a bound of what waits, every commit synced before it counts."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hongyan.adapters.sqlite import Thread, as_fault, connect
from hongyan.model.codes import Overloaded

R = TypeVar("R")


class Database:
    """The file, and the queue before its thread. Calls beyond `queue` are refused with Overloaded, naming `what`."""

    def __init__(self, path: Path, what: str, queue: int = 1_000) -> None:
        self._path, self._what, self._queue, self._waiting = path, what, queue, 0
        self._thread = Thread(f"db-{path.stem}")
        self._connection: sqlite3.Connection | None = None

    def check_room(self) -> None:
        """Raises Overloaded where the next call would."""
        if self._waiting >= self._queue:
            raise Overloaded(what=self._what, retry_after_ms=1_000)

    async def call(self, function: Callable[[sqlite3.Connection], R]) -> R:
        """Runs a function with the connection on the thread, in turn. Raises Overloaded and StorageFull."""
        self.check_room()
        self._waiting += 1
        try:
            return await self._thread.call(self._run, function)
        finally:
            self._waiting -= 1

    async def write(self, function: Callable[[sqlite3.Connection], R]) -> R:
        """As `call`, in one transaction: all of it counts or nothing."""

        def run(connection: sqlite3.Connection) -> R:
            with transaction(connection):
                return function(connection)

        return await self.call(run)

    async def close(self) -> None:
        """Closes the file after what runs."""
        await self._thread.call(self._close)
        self._thread.stop()

    def _run(self, function: Callable[[sqlite3.Connection], R]) -> R:
        if self._connection is None:
            self._connection = connect(self._path, "FULL")
        try:
            return function(self._connection)
        except sqlite3.Error as error:
            fault = as_fault(error)
            if fault is not None:
                raise fault from error
            raise

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done within counts, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
