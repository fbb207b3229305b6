"""The log in one SQLite file: group commit, one row a commit, `synchronous=FULL`.

While one batch is on its way to the disk the next one gathers, so the batch grows with the load and the price of an fsync is
shared. A row holds a whole batch as msgpack behind its checksum: SQLite gives the atomic append but does not notice a flipped
bit; order inside is ours. Readers that keep up are served from the tail in memory and never touch the file.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import xxhash

from hongyan.adapters.sqlite import Checkpoints, Thread, as_fault, checkpoint, connect, damage_told, full_disk_told
from hongyan.model.codes import InvalidField, Overloaded, Unavailable
from hongyan.model.commands import SendMessage
from hongyan.model.errors import SetupError
from hongyan.model.ids import MessageId
from hongyan.model.records import Record
from hongyan.ports.log import AppendFailed, LogBatch

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Record])
_SEAL_BYTES = 8
_TRIMMED_ROWS = 8
_RECORD_BYTES = 200  # what a record weighs beside its content, for the byte bounds


class LogOptions(msgspec.Struct, frozen=True):
    """Bounds: what may wait, what one commit takes, what stays in memory for the reader, and what one read gives.

    A read stops after `read_bytes`, so that a long replay of large records does not hold them all at once.
    """

    queue_records: int = 20_000
    queue_bytes: int = 64 << 20
    batch_records: int = 2_000
    batch_bytes: int = 4 << 20
    tail_records: int = 20_000
    tail_bytes: int = 64 << 20
    read_bytes: int = 4 << 20
    checkpoint_bytes: int = 16 << 20
    linger_records: int = 64
    linger_s: float = 0.001


class _Kept(msgspec.Struct, frozen=True):
    """A commit in memory; what it weighs is what its row weighs."""

    batch: LogBatch
    size_bytes: int


class SqliteLog:
    """A `ports.log.Log` of one partition. `failed` hears of records that the disk refused."""

    partitions = 1

    def __init__(self, path: Path, options: LogOptions, failed: AppendFailed) -> None:
        self._path, self._options, self._failed = path, options, failed
        self._writer = Thread("log-write")
        self._reader = Thread("log-read")
        self._write = connect(path, "FULL")
        self._write.execute("PRAGMA wal_autocheckpoint=0")
        # Where SQLite overwrites what is deleted, trimming would write as much as was ever appended.
        self._write.execute("PRAGMA secure_delete=FAST")
        self._checkpoints = Checkpoints(path, options.checkpoint_bytes)
        self._read = connect(path, "FULL", readonly=True)
        self.last_message_id = MessageId(0)  # of the newest record when the log was opened
        self._next = self._find_end()
        self._queue: list[Record] = []
        self._queue_bytes = 0
        self._wake = asyncio.Event()
        self._tail: deque[_Kept] = deque()
        self._tail_records = self._tail_bytes = 0
        self._grown = asyncio.Event()
        self._is_closed = False

    def _find_end(self) -> int:
        """The offset after the last row, which is checked: from it all further offsets follow. Raises SetupError."""
        statement = """SELECT first_offset, count, records FROM record_batch WHERE partition = 0
            ORDER BY first_offset DESC LIMIT 1"""
        with damage_told(self._path):
            row = self._write.execute(statement).fetchone()
        if row is None:
            return 0
        records = self._unsealed(*row)
        self.last_message_id = records[-1].message_id
        return int(row[0]) + len(records)

    def append(self, record: Record) -> None:
        """See the port. Overloaded at `queue_records` or `queue_bytes`, Unavailable once it has ended."""
        if self._is_closed:
            raise Unavailable(what="the log")
        if len(self._queue) >= self._options.queue_records or self._queue_bytes >= self._options.queue_bytes:
            raise Overloaded(what="the log", retry_after_ms=500)
        self._queue.append(record)
        command = record.command
        # `_weight`, without the call: this runs for every message.
        self._queue_bytes += _RECORD_BYTES + (len(command.content) if type(command) is SendMessage else 0)
        if not self._wake.is_set():
            self._wake.set()

    def waiting(self) -> int:
        """See the port."""
        return len(self._queue)

    @property
    def end_now(self) -> int:
        """The offset that the next durable record will get; what `end` says, without waiting."""
        return self._next

    async def end(self, partition: int) -> int:
        """See the port."""
        _check_partition(partition)
        return self._next

    async def run(self) -> None:
        """See the port. A disk error that is not a full disk ends it: what the file holds is then unknown."""
        try:
            busy = False
            while True:
                await self._wake.wait()
                if busy and len(self._queue) < self._options.linger_records:
                    await asyncio.sleep(self._options.linger_s)
                await self._commit()
                busy = bool(self._queue)
        except asyncio.CancelledError:
            while self._queue:
                await self._commit()
            raise
        finally:
            self._is_closed = True
            await self._checkpoints.end()
            # The writer last: SQLite empties the WAL into the file when the last connection closes, if that one may write.
            await self._reader.end(self._read)
            await self._writer.end(self._write)

    async def _commit(self) -> None:
        batch, encoded = self._encoded(self._take())
        if not batch:
            return
        insert = self._writer.start(self._insert, self._next, len(batch), encoded)
        try:
            # Not interrupted: were the outcome missed, the next batch would be written to the same offsets.
            await _through(insert)
        finally:
            self._conclude(batch, len(encoded), insert)
        if self._checkpoints.wrote(len(encoded)):
            await self._writer.call(checkpoint, self._write)

    def _conclude(self, batch: list[Record], size_bytes: int, insert: asyncio.Future[None]) -> None:
        error = insert.exception()
        if error is None:
            self._keep(_Kept(LogBatch(0, self._next, batch), size_bytes))
            self._next += len(batch)
            self._grown.set()
            return
        fault = as_fault(error) if isinstance(error, sqlite3.Error) else None
        if fault is None:
            with damage_told(self._path):
                raise error
        self._failed(batch, fault)

    def _encoded(self, batch: list[Record]) -> tuple[list[Record], bytes]:
        """The batch and its bytes, less records that have no encoding: text of Python's may hold what UTF-8 cannot."""
        try:
            return batch, _ENCODER.encode(batch)
        except (ValueError, OverflowError):
            good = []
            for record in batch:
                try:
                    _ENCODER.encode(record)
                except (ValueError, OverflowError) as error:
                    self._failed([record], InvalidField(field="command", reason=str(error)))
                else:
                    good.append(record)
            return good, _ENCODER.encode(good)

    def _take(self) -> list[Record]:
        """The next batch. What does not fit into one commit stays, and the wake-up with it."""
        queue, options = self._queue, self._options
        if len(queue) <= options.batch_records and self._queue_bytes <= options.batch_bytes:
            self._queue, self._queue_bytes = [], 0
            self._wake.clear()
            return queue
        taken, size = 0, 0
        for record in queue[: options.batch_records]:
            size += _weight(record)
            if taken and size > options.batch_bytes:
                break
            taken += 1
        batch, self._queue = queue[:taken], queue[taken:]
        self._queue_bytes -= sum(map(_weight, batch))
        if not self._queue:
            self._wake.clear()
        return batch

    def _insert(self, first_offset: int, count: int, encoded: bytes) -> None:
        # One statement in autocommit: insert, commit and fsync happen in one step, with the interpreter's lock released once.
        row = (first_offset, count, _seal(first_offset, encoded) + encoded)
        self._write.execute("INSERT INTO record_batch VALUES (0, ?, ?, ?)", row)

    def _keep(self, kept: _Kept) -> None:
        tail, options = self._tail, self._options
        tail.append(kept)
        self._tail_records += len(kept.batch.records)
        self._tail_bytes += kept.size_bytes
        while len(tail) > 1 and (self._tail_records > options.tail_records or self._tail_bytes > options.tail_bytes):
            oldest = tail.popleft()
            self._tail_records -= len(oldest.batch.records)
            self._tail_bytes -= oldest.size_bytes

    async def read(self, partition: int, after: int, limit: int) -> LogBatch:
        """See the port."""
        _check_partition(partition)
        first = after + 1
        while first >= self._next:
            self._grown.clear()
            await self._grown.wait()
        if self._tail and self._tail[0].batch.first_offset <= first:
            return LogBatch(0, first, _slice(_from(self._tail, first, self._options.read_bytes), first, limit))
        rows = await self._reader.call(self._select, first, limit)
        if not rows or rows[0][0] > first:
            raise Unavailable(what=f"the log below offset {rows[0][0] if rows else self._next}")
        batches = [LogBatch(0, start, records) for start, records in rows]
        return LogBatch(0, first, _slice(batches, first, limit))

    def _select(self, first: int, limit: int) -> list[tuple[int, list[Record]]]:
        """The rows with the records from `first` on, until there are enough records or bytes. Raises SetupError."""
        # The inner search finds the row that holds `first` by the key; without it all rows before that would be read.
        statement = """SELECT first_offset, count, records FROM record_batch WHERE partition = 0 AND first_offset >= coalesce(
                (SELECT max(first_offset) FROM record_batch WHERE partition = 0 AND first_offset <= ?1), ?1)
            AND first_offset < ?2 AND first_offset + count > ?1 ORDER BY first_offset"""
        rows, size_bytes = [], 0
        with damage_told(self._path):
            for first_offset, count, sealed in self._read.execute(statement, (first, first + limit)):
                rows.append((first_offset, self._unsealed(first_offset, count, sealed)))
                size_bytes += len(sealed)
                if size_bytes >= self._options.read_bytes:
                    break
        return rows

    def _unsealed(self, first_offset: int, count: int, sealed: bytes) -> list[Record]:
        """A row's records. Raises SetupError when they are not what was written: nothing wrong is ever served."""
        encoded = memoryview(sealed)[_SEAL_BYTES:]
        if sealed[:_SEAL_BYTES] == _seal(first_offset, encoded):
            try:
                records = _DECODER.decode(encoded)
            except msgspec.ValidationError as error:
                # What was written is whole, so whoever wrote it knew more commands than this code.
                raise SetupError(
                    f"{self._path} holds records of a newer hongyan ({error}); start that version, "
                    "or restore the backup made before the upgrade."
                ) from error
            if len(records) == count:
                return records
        raise SetupError(
            f"{self._path} is damaged: the records from offset {first_offset} on are not what was written there; "
            "restore the data directory from a backup."
        )

    async def trim(self, partition: int, below: int) -> None:
        """See the port. The newest row always stays: it remembers the next offset."""
        _check_partition(partition)
        # In short turns, so that commits come between them.
        with full_disk_told():
            while await self._writer.call(self._delete, below) == _TRIMMED_ROWS:
                pass

    def _delete(self, below: int) -> int:
        statement = """DELETE FROM record_batch WHERE partition = 0 AND first_offset IN (
            SELECT first_offset FROM record_batch WHERE partition = 0 AND first_offset + count <= ?
            AND first_offset < (SELECT max(first_offset) FROM record_batch WHERE partition = 0)
            ORDER BY first_offset LIMIT ?)"""
        return self._write.execute(statement, (below, _TRIMMED_ROWS)).rowcount


def _seal(first_offset: int, encoded: bytes | memoryview) -> bytes:
    """A checksum of a row's records and its place (XXH3, 64 bits): it finds bits that a disk has flipped."""
    return xxhash.xxh3_64_digest(encoded, seed=first_offset)


async def _through(work: asyncio.Future[None]) -> None:
    """Waits until the work has ended, well or badly. A cancellation is raised after that."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _check_partition(partition: int) -> None:
    if partition != 0:
        raise ValueError(f"this log has one partition, 0, not {partition}")


def _weight(record: Record) -> int:
    command = record.command
    return _RECORD_BYTES + (len(command.content) if type(command) is SendMessage else 0)


def _slice(batches: Iterable[LogBatch], first: int, limit: int) -> Sequence[Record]:
    """The records from offset `first`, at most `limit`, of batches that begin at or before it."""
    records: list[Record] = []
    for batch in batches:
        start = max(0, first - batch.first_offset)
        if not records and start == 0 and len(batch.records) >= limit:
            return batch.records[:limit]
        records.extend(batch.records[start : start + limit - len(records)])
        if len(records) >= limit:
            break
    return records


def _from(tail: deque[_Kept], first: int, size_bytes: int) -> list[LogBatch]:
    """The batches of the tail that end after offset `first`, of so many bytes or one more.

    Found from the new end, where a reader that keeps up is.
    """
    found: list[_Kept] = []
    for kept in reversed(tail):
        if kept.batch.next_offset <= first:
            break
        found.append(kept)
    batches: list[LogBatch] = []
    while found and size_bytes > 0:
        kept = found.pop()
        size_bytes -= kept.size_bytes
        batches.append(kept.batch)
    return batches
