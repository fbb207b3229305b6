"""The log in the memory of one process: exact in its promises, and gone with the process."""

import asyncio
from itertools import islice

from hongyan.model.codes import Overloaded, StorageFull, Unavailable
from hongyan.model.records import Record
from hongyan.ports.log import AppendFailed, LogBatch, partition_of


class _Partition:
    """Durable records; `first_offset` is that of the oldest one kept."""

    def __init__(self) -> None:
        self.first_offset = 0
        self.records: list[Record] = []
        self.grown = asyncio.Event()

    @property
    def next_offset(self) -> int:
        return self.first_offset + len(self.records)


class MemoryLog:
    """A `ports.log.Log`. `failed` hears of records that found no room.

    At most `queue_records` wait for `run` to take them in. At most `capacity_records` are kept: more are refused as
    by a full disk, until some are trimmed.
    """

    def __init__(
        self,
        failed: AppendFailed,
        *,
        partitions: int = 1,
        queue_records: int = 20_000,
        capacity_records: int = 1_000_000,
    ) -> None:
        self._failed = failed
        self._queue_records = queue_records
        self._capacity_records = capacity_records
        self._partitions = [_Partition() for _ in range(partitions)]
        self._queue: list[Record] = []
        self._kept = 0
        self._wake = asyncio.Event()
        self._closed = False

    @property
    def partitions(self) -> int:
        return len(self._partitions)

    def append(self, record: Record) -> None:
        """See the port. Raises Overloaded at `queue_records`, Unavailable once closed."""
        if self._closed:
            raise Unavailable(what="the log")
        if len(self._queue) >= self._queue_records:
            raise Overloaded(what="the log", retry_after_ms=500)
        self._queue.append(record)
        self._wake.set()

    def waiting(self) -> int:
        return len(self._queue)

    async def run(self) -> None:
        """See the port. Each round takes in all that waits, so that appends are seen in batches, as on a disk."""
        try:
            while True:
                await self._wake.wait()
                self._commit()
        finally:
            self._commit()
            self._closed = True

    def _commit(self) -> None:
        queue, self._queue = self._queue, []
        self._wake.clear()
        room = self._capacity_records - self._kept
        for record in islice(queue, room):
            partition = self._partitions[partition_of(record.conversation_id, len(self._partitions))]
            partition.records.append(record)
            self._kept += 1
            partition.grown.set()
        if len(queue) > room:
            self._failed(queue[room:], StorageFull())

    async def read(self, partition: int, after: int, limit: int) -> LogBatch:
        """See the port."""
        kept = self._partitions[partition]
        first = after + 1
        while first >= kept.next_offset:
            kept.grown.clear()
            await kept.grown.wait()
        if first < kept.first_offset:
            raise Unavailable(what=f"the log below offset {kept.first_offset}")
        start = first - kept.first_offset
        return LogBatch(partition, first, tuple(kept.records[start : start + limit]))

    async def end(self, partition: int) -> int:
        return self._partitions[partition].next_offset

    async def trim(self, partition: int, below: int) -> None:
        """See the port. Trimming past the end empties the partition and keeps the next offset."""
        kept = self._partitions[partition]
        count = min(max(below - kept.first_offset, 0), len(kept.records))
        del kept.records[:count]
        kept.first_offset += count
        self._kept -= count
