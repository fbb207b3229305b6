"""Takes what changed to the store, a batch at a time, and says when it is there."""

import asyncio
from collections.abc import Callable, Sequence

from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Entry
from hongyan_client.copy import Added
from hongyan_client.items import ItemChanges
from hongyan_client.outbox import Pending
from hongyan_client.replica import Settled
from hongyan_client.store import Batch, Kept, Store

BACKLOG_ENTRIES = 10_000
"""So many entries may wait for the store; above that, `behind` asks the connection to wait."""


class Keeper:
    """Gathers changes while a batch is being written: slow disks make batches larger, not queues longer.

    `kept` is told of submissions that are safe now and may be sent.
    """

    def __init__(self, store: Store, kept: Callable[[Sequence[Pending]], None]) -> None:
        self._store, self._kept = store, kept
        self._batch = Batch()
        self._entries = 0
        self._dirty = asyncio.Event()
        self._written: asyncio.Future[None] | None = None
        self._stopping = self._stopped = False

    @property
    def behind(self) -> bool:
        """Whether too much waits for the store."""
        return self._entries > BACKLOG_ENTRIES

    async def open(self) -> Kept:
        """Opens the store. Raises StoreError."""
        return await self._store.open()

    def take(self, settled: Settled) -> None:
        """What a packet changed."""
        batch = self._batch
        batch.changes += settled.changes
        batch.copies |= {copy.conversation_id: copy for copy in settled.copies}
        self._entries += sum(len(change.entries) for change in settled.changes if isinstance(change, Added))
        self._dirty.set()

    def take_items(self, changes: ItemChanges, version: int) -> None:
        """What changed of the user's items; all up to `version` are known with it."""
        self._batch.items.append(changes)
        self._batch.items_version = version
        self._dirty.set()

    def put(self, item: Pending) -> None:
        """A new submission."""
        self._batch.put.append(item)
        self._dirty.set()

    def done(self, client_msg_id: ClientMsgId) -> None:
        """A submission that need not be kept any longer."""
        self._batch.done.append(client_msg_id)
        self._dirty.set()

    def note(self, *, cursor: str | None = None, synced: bool | None = None, user_id: UserId | None = None) -> None:
        """Facts; they are kept with all that was taken before."""
        batch = self._batch
        batch.cursor = cursor if cursor is not None else batch.cursor
        batch.synced = synced if synced is not None else batch.synced
        batch.user_id = user_id if user_id is not None else batch.user_id
        self._dirty.set()

    async def run(self) -> None:
        """Writes until stopped, and then what is left. Raises StoreError."""
        try:
            while not self._stopping or self._batch:
                await self._dirty.wait()
                self._dirty.clear()
                await self._write()
                if self._stopping:
                    self._dirty.set()
        finally:
            self._stopped = True
            self._tell_readers()

    def stop(self) -> None:
        """Makes `run` return once all is written."""
        self._stopping = True
        self._dirty.set()

    async def read(
        self, conversation_id: ConversationId, low: int, high: int, limit: int, *, backward: bool
    ) -> list[Entry]:
        """Entries as the store has them, with all that was taken until now. Raises StoreError."""
        while self._batch.changes and not self._stopped:
            if self._written is None:
                self._written = asyncio.get_running_loop().create_future()
            self._dirty.set()
            await asyncio.shield(self._written)
        return await self._store.read(conversation_id, low, high, limit, backward=backward)

    async def close(self) -> None:
        """Closes the store."""
        await self._store.close()

    async def _write(self) -> None:
        batch, self._batch = self._batch, Batch()
        readers, self._written = self._written, None
        self._entries = 0
        try:
            if batch:
                await self._store.write(batch)
        finally:
            if readers is not None:
                readers.set_result(None)
        self._kept(batch.put)

    def _tell_readers(self) -> None:
        if self._written is not None:
            self._written.set_result(None)
