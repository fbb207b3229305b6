"""Between deciding and storing: a bounded queue, batches that merge while the store is busy, and patience with a full disk."""

import asyncio
from collections.abc import Callable, Sequence

from hongyan.model.codes import StorageFull
from hongyan.ports.log import Log
from hongyan.ports.state import Hot
from hongyan.ports.store import ConversationRow, ConversationStore, StoreBatch
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

Settled = Callable[[Sequence[ConversationRow], int], None]
_MERGED_ENTRIES = 4_000


class Persister:
    """Stores batches in order. `put` waits while `capacity` of them wait: the log holds what comes meanwhile.

    A full disk is tried again every `retry_s`.
    """

    def __init__(
        self, store: ConversationStore, hot: Hot, capacity: int, settled: Settled, retry_s: float = 0.5
    ) -> None:
        self._store, self._hot, self._settled, self._retry_s = store, hot, settled, retry_s
        self._queue: asyncio.Queue[StoreBatch] = asyncio.Queue(capacity)
        self.position = 0
        self.disk_full = False

    def waiting(self) -> int:
        """How many batches wait."""
        return self._queue.qsize()

    async def put(self, batch: StoreBatch) -> None:
        """Hands a batch over, waiting for room."""
        await self._queue.put(batch)

    async def drained(self) -> None:
        """Returns once everything that was handed over is stored."""
        await self._queue.join()

    async def run(self) -> None:
        """Stores until cancelled. What is left then is replayed from the log."""
        while True:
            batch, count = await self._queue.get(), 1
            while not self._queue.empty() and len(batch.entries) < _MERGED_ENTRIES:
                batch = merged(batch, self._queue.get_nowait())
                count += 1
            await self._persist(batch)
            await self._hot.settle(batch.conversations)
            self._settled(batch.conversations, batch.next_offset)
            self.position = batch.next_offset
            for _ in range(count):
                self._queue.task_done()

    async def _persist(self, batch: StoreBatch) -> None:
        while True:
            try:
                await self._store.persist(batch)
            except StorageFull:
                if not self.disk_full:
                    logger.error("the store's disk is full; waiting for room", waiting=self.waiting())
                self.disk_full = True
                await asyncio.sleep(self._retry_s)
            else:
                self.disk_full = False
                return


def merged(first: StoreBatch, second: StoreBatch) -> StoreBatch:
    """Two consecutive batches of a partition as one: of states and members the newer counts."""
    conversations = {row.conversation_id: row for row in (*first.conversations, *second.conversations)}
    members = {(row.conversation_id, row.user_id): row for row in (*first.members, *second.members)}
    return StoreBatch(
        second.partition,
        second.next_offset,
        first.entries + second.entries,
        first.replaced + second.replaced,
        list(conversations.values()),
        list(members.values()),
        first.silent + second.silent,
        first.dead + second.dead,
    )


async def trim_log(log: Log, store: ConversationStore, retention_records: int) -> None:
    """Lets the log go below what the store holds safely, less what is kept for other readers."""
    safe = await store.checkpoint()
    if safe > retention_records:
        await log.trim(0, safe - retention_records)
