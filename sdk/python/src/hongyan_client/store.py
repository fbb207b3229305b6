"""Where a client keeps what it knows between two runs: the promise, and the store in memory."""

import bisect
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from hongyan.model.amendments import amended
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.personal import Item
from hongyan.model.records import Entry, ReactionNotice
from hongyan_client.copy import Added, Copy, DroppedBelow, StoreChange
from hongyan_client.items import ItemChanges
from hongyan_client.outbox import Pending


class Kept(msgspec.Struct, frozen=True):
    """What a store holds besides entries. A new one holds nothing; `synced`: a first sync was once completed."""

    user_id: UserId
    cursor: str
    synced: bool
    copies: Sequence[Copy]
    pending: Sequence[Pending]
    items: Sequence[Item] = ()
    items_version: int = 0


class Batch(msgspec.Struct):
    """What is to be kept, all of it or nothing; the changes are done in their order. None leaves a value as it is."""

    changes: list[StoreChange] = []
    copies: dict[ConversationId, Copy] = {}
    put: list[Pending] = []
    done: list[ClientMsgId] = []
    cursor: str | None = None
    synced: bool | None = None
    user_id: UserId | None = None
    items: list[ItemChanges] = []
    items_version: int | None = None

    def __bool__(self) -> bool:
        facts = (self.cursor, self.synced, self.user_id, self.items_version, self.items or None)
        return bool(self.changes or self.copies or self.put or self.done or any(fact is not None for fact in facts))


class Store(Protocol):
    """Keeps a device's copies. One client uses a store at a time."""

    async def open(self) -> Kept:
        """Makes the store ready and gives what it holds. Raises StoreError when it cannot be used."""
        ...

    async def write(self, batch: Batch) -> None:
        """Keeps a batch, whole; a crash leaves this batch and all before it, or only those before it."""
        ...

    async def read(
        self, conversation_id: ConversationId, low: int, high: int, limit: int, *, backward: bool = False
    ) -> list[Entry]:
        """Entries with seqs in [low, high], ascending: the last `limit` of them when `backward`, else the first."""
        ...

    async def close(self) -> None:
        """Lets go of what is open; what was written stays. A store may be opened again."""
        ...


class MemoryStore:
    """Keeps everything as long as the object lives; a second client may take it over when the first has closed it."""

    def __init__(self) -> None:
        self._user_id = UserId("")
        self._cursor = ""
        self._synced = False
        self._copies: dict[ConversationId, Copy] = {}
        self._pending: dict[ClientMsgId, Pending] = {}
        self._entries: dict[ConversationId, list[Entry]] = {}
        self._items: dict[tuple[str, str], Item] = {}
        self._items_version = 0

    async def open(self) -> Kept:
        """What was written so far."""
        copies = [msgspec.structs.replace(copy) for copy in self._copies.values()]
        pending = [msgspec.structs.replace(item) for item in self._pending.values()]
        items = list(self._items.values())
        return Kept(self._user_id, self._cursor, self._synced, copies, pending, items, self._items_version)

    async def write(self, batch: Batch) -> None:
        """Takes a batch in."""
        for change in batch.changes:
            self._apply(change)
        self._copies.update(batch.copies)
        for item in batch.put:
            self._pending[item.submit.client_msg_id] = msgspec.structs.replace(item)
        for client_msg_id in batch.done:
            self._pending.pop(client_msg_id, None)
        self._cursor = batch.cursor if batch.cursor is not None else self._cursor
        self._synced = batch.synced if batch.synced is not None else self._synced
        self._user_id = batch.user_id if batch.user_id is not None else self._user_id
        for changes in batch.items:
            if changes.reset:
                self._items.clear()
            self._items.update({(item.topic, item.key): item for item in changes.items})
        self._items_version = batch.items_version if batch.items_version is not None else self._items_version

    async def read(
        self, conversation_id: ConversationId, low: int, high: int, limit: int, *, backward: bool = False
    ) -> list[Entry]:
        """Entries of a range, ascending."""
        entries = self._entries.get(conversation_id, [])
        found = entries[_place(entries, low) : _place(entries, high + 1)]
        return found[max(0, len(found) - limit) :] if backward else found[:limit]

    async def close(self) -> None:
        """Nothing is open."""

    def _apply(self, change: StoreChange) -> None:
        if isinstance(change, Added):
            self._add(change.entries)
            return
        if isinstance(change, DroppedBelow):
            entries = self._entries.setdefault(change.conversation_id, [])
            del entries[: _place(entries, change.seq)]
            return
        entries = self._entries.setdefault(change.entry.conversation_id, [])
        # A reaction concerns the message alone; edits of it may stand anywhere above.
        first = _place(entries, change.seq)
        last = first + 1 if isinstance(change.entry.body, ReactionNotice) else len(entries)
        for place, entry in enumerate(entries[first:last], first):
            if change.concerns(entry):
                entries[place] = amended(entry, change.entry)

    def _add(self, added: Iterable[Entry]) -> None:
        for entry in added:
            entries = self._entries.setdefault(entry.conversation_id, [])
            place = _place(entries, entry.seq)
            if place == len(entries) or entries[place].seq != entry.seq:
                entries.insert(place, entry)


def _place(entries: list[Entry], seq: int) -> int:
    return bisect.bisect_left(entries, seq, key=lambda entry: entry.seq)
