"""Between deciding and storing: what was decided gathers, and is stored some tens of milliseconds at a time."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from hongyan.model.codes import StorageFull
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import Submitted
from hongyan.ports.log import Log
from hongyan.ports.state import Hot
from hongyan.ports.store import (
    ConversationRow,
    ConversationStore,
    DeadLetter,
    EntryRow,
    MemberRow,
    SettingsRow,
    StoreBatch,
)
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

Settled = Callable[[Sequence[ConversationRow], int], None]


class PersistOptions(msgspec.Struct, frozen=True):
    """At most `capacity_records` wait; a transaction waits for `gather_records` or `gather_s`, whichever comes first.

    A full disk is tried again every `retry_s`.
    """

    capacity_records: int = 20_000
    gather_records: int = 4_000
    gather_s: float = 0.25
    retry_s: float = 0.5


class Gathering:
    """Consecutive batches of a partition as one: of states and members the newer counts."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._entries: list[EntryRow] = []
        self._replaced: dict[tuple[ConversationId, int], EntryRow] = {}
        self._conversations: dict[ConversationId, ConversationRow] = {}
        self._members: dict[tuple[ConversationId, UserId], MemberRow] = {}
        self._silent: list[tuple[ConversationId, Submitted]] = []
        self._dead: list[DeadLetter] = []
        self._seats: dict[tuple[ConversationId, UserId], None] = {}
        self._settings: dict[ConversationId, SettingsRow] = {}
        self.next_offset = 0

    def add(self, batch: StoreBatch) -> None:
        """Takes the next batch in."""
        self._entries += batch.entries
        for replaced in batch.replaced:
            # A crowd that reacts replaces one entry hundreds of times; the last of them is what stands.
            self._replaced[replaced.conversation_id, replaced.seq] = replaced
        self._silent += batch.silent
        self._dead += batch.dead
        conversations, members = self._conversations, self._members
        for row in batch.conversations:
            conversations[row.conversation_id] = row
        for member in batch.members:
            members[member.conversation_id, member.user_id] = member
        for seat in batch.seats:
            self._seats[seat.conversation_id, seat.user_id] = None
        for settings in batch.settings:
            self._settings[settings.conversation_id] = settings
        self.next_offset = batch.next_offset

    def batch(self) -> StoreBatch:
        """All of it."""
        return StoreBatch(
            self._partition,
            self.next_offset,
            self._entries,
            list(self._replaced.values()),
            list(self._conversations.values()),
            list(self._members.values()),
            self._silent,
            self._dead,
            # Not as they were when they changed: who left and came back since has the seat of his new stay.
            [self._members[key] for key in self._seats],
            list(self._settings.values()),
        )


class Persister:
    """Stores batches in order.

    Nobody waits for the store: entries are pushed and the hot head shows them. So a transaction may wait for company, and
    the pages of an index are written once for many rows.
    `position` is the log offset up to which all is stored, `decided` the one up to which all was handed over.
    """

    def __init__(
        self, store: ConversationStore, hot: Hot, settled: Settled, options: PersistOptions | None = None
    ) -> None:
        self._store, self._hot, self._settled = store, hot, settled
        self._options = options or PersistOptions()
        self._gathering: Gathering | None = None
        self._arrived, self._enough, self._stored = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.position = self.decided = 0
        self.disk_full = False

    def start_at(self, position: int) -> None:
        """What is stored and decided before anything is handed over."""
        self.position = self.decided = position

    def waiting(self) -> int:
        """How many records were decided and are not stored."""
        return self.decided - self.position

    async def put(self, batch: StoreBatch) -> None:
        """Hands a batch over; waits while `capacity_records` are not stored. The log holds what comes meanwhile."""
        while self.waiting() >= self._options.capacity_records:
            await self._next_stored()
        if self._gathering is None:
            self._gathering = Gathering(batch.partition)
            self._arrived.set()
        self._gathering.add(batch)
        self.decided = batch.next_offset
        if self.waiting() >= self._options.gather_records:
            self._enough.set()

    async def drained(self) -> None:
        """Returns once everything that was handed over is stored, without waiting for company."""
        while self.waiting():
            self._enough.set()
            await self._next_stored()

    async def run(self) -> None:
        """Stores until cancelled. What is left then is replayed from the log."""
        while True:
            await self._arrived.wait()
            await self._gather()
            gathering, self._gathering = self._gathering, None
            self._arrived.clear()
            self._enough.clear()
            if gathering is not None:
                await self._keep(gathering.batch())

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(self._options.gather_s):
                await self._enough.wait()
        except TimeoutError:
            return

    async def _keep(self, batch: StoreBatch) -> None:
        await self._persist(batch)
        await self._hot.settle(batch.conversations)
        self._settled(batch.conversations, batch.next_offset)
        self.position = batch.next_offset
        self._stored.set()

    async def _next_stored(self) -> None:
        self._stored.clear()
        await self._stored.wait()

    async def _persist(self, batch: StoreBatch) -> None:
        while True:
            try:
                await self._store.persist(batch)
            except StorageFull:
                if not self.disk_full:
                    logger.error("the store's disk is full; waiting for room", waiting=self.waiting())
                self.disk_full = True
                await asyncio.sleep(self._options.retry_s)
            else:
                self.disk_full = False
                return


class Retention(msgspec.Struct, frozen=True):
    """What of the log stays though the store has it: always `records`, and what another reader needs from `needed` on.

    Of that, `lag_records` at most: a reader that is further behind goes on with the oldest there is.
    """

    records: int
    lag_records: int = 0
    needed: int | None = None

    def below(self, safe: int) -> int:
        """The offset under which records may go, where the store holds all that those under `safe` did."""
        if self.needed is None:
            return safe - self.records
        return min(safe - self.records, max(self.needed, safe - self.lag_records))


async def trim_log(log: Log, store: ConversationStore, retention: Retention) -> None:
    """Lets the log go below what the store holds safely, less what is kept for other readers.

    On a full disk nothing goes, for letting go takes room too; the next call tries again.
    """
    try:
        below = retention.below(await store.checkpoint())
        if below > 0:
            await log.trim(0, below)
    except StorageFull:
        logger.warning("the log is not trimmed: the disk is full")
