"""An owner of conversations in small: log, warm states, hot head and memory store, driven step by step without a loop.

It does what delivery does with a batch, but persists only when told to, so that a test decides what a crash loses.
"""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.delivery.persist import Gathering
from hongyan.delivery.warm import WarmStates
from hongyan.delivery.work import Work, conversation_row, touched_rows
from hongyan.model.conversation import apply
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import Record
from hongyan.model.state import Outcome
from hongyan.ports.store import StoreBatch

T = TypeVar("T")


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing, as those of the memory adapters do."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a memory adapter waited")


class Owner:
    """The owner of partition 0 of a log; what it knows at first is what the store has."""

    def __init__(self, log: list[Record], store: MemoryStore, *, capacity: int = 100, window: int = 1) -> None:
        self.log, self.store = log, store
        self.hot = MemoryHot(capacity_bytes=0, keep_entries=2)
        self.warm = WarmStates(store, self.hot, capacity, window)
        self.offset = now(store.position(0))
        self.decided: list[StoreBatch] = []
        self.pushed: dict[tuple[ConversationId, int], Sequence[UserId]] = {}

    def decide(self, count: int) -> list[Outcome]:
        """Decides the next records of the log as one batch."""
        records = self.log[self.offset : self.offset + count]
        states = now(self.warm.prepare(records))
        works: dict[ConversationId, Work] = {}
        outcomes = []
        for offset, record in enumerate(records, self.offset):
            work = works.setdefault(record.conversation_id, Work(states[record.conversation_id]))
            outcomes.append(apply(work.state, record, offset))
            work.take(record, outcomes[-1])
        self.offset += len(records)
        self._show(works)
        return outcomes

    def _show(self, works: dict[ConversationId, Work]) -> None:
        batch = StoreBatch(0, self.offset, [], [], [], [], [], [])
        updates = []
        for conversation_id, work in works.items():
            for segment in work.segments:
                pushed = {(conversation_id, entry.seq): segment.recipients for entry in segment.entries}
                self.pushed.update(pushed)
            members = touched_rows(work.state)
            if work.rows or members or work.silent:
                updates.append(work.hot_update(members))
                seats, settings = work.take_settings(members)
                batch.seats += seats
                batch.settings += settings
                batch.entries += work.rows
                batch.replaced += work.replaced
                batch.silent += work.silent
                batch.conversations.append(conversation_row(work.state))
                batch.members += members
        now(self.hot.write(updates))
        self.decided.append(batch)

    def persist(self, count: int) -> None:
        """Stores the oldest of the decided batches, merged into one as when the store is slow."""
        batches, self.decided = self.decided[:count], self.decided[count:]
        if not batches:
            return
        gathering = Gathering(partition=0)
        for decided in batches:
            gathering.add(decided)
        batch = gathering.batch()
        now(self.store.persist(batch))
        now(self.hot.settle(batch.conversations))
        self.warm.settle(batch.conversations, batch.next_offset)

    def shown(self, conversation_id: ConversationId) -> dict[int, bytes]:
        """What a reader sees: the store's entries, and the hot ones over them."""
        hot = now(self.hot.read(conversation_id))
        entries = dict(now(self.store.entries(conversation_id, 1, 1 << 40, 1 << 40, backward=False)))
        if hot is not None:
            entries.update({row.seq: row.encoded for row in (*hot.replaced, *hot.entries)})
        return entries


def seqs_of(outcomes: Sequence[Outcome]) -> list[int]:
    """The seqs that were acknowledged; all were."""
    receipts = [outcome.receipt for outcome in outcomes]
    assert None not in receipts
    return [receipt.seq for receipt in receipts if receipt is not None]
