"""The loop of a partition: read, prepare, decide, show, push, hand to the store."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from hongyan.delivery.persist import Persister, PersistOptions
from hongyan.delivery.warm import WarmStates
from hongyan.delivery.work import Segment, Work, conversation_row, touched_rows
from hongyan.model.codes import Internal, Unavailable
from hongyan.model.conversation import apply
from hongyan.model.errors import SetupError
from hongyan.model.ids import ConversationId, UserId, fixed_members
from hongyan.model.records import Record
from hongyan.model.state import BLOCKED, Conversation
from hongyan.ports.clock import Clock
from hongyan.ports.link import Downlink, Fanout
from hongyan.ports.log import Log, LogBatch
from hongyan.ports.state import Hot, Routes
from hongyan.ports.store import ConversationStore, DeadLetter, MemberRow, StoreBatch
from hongyan.telemetry import Metrics, get_logger

logger = get_logger(__name__)


class DeliveryOptions(msgspec.Struct, frozen=True):
    """Bounds. Groups above `positions_group` members get no position pushes but their own."""

    batch_records: int = 2_000
    warm_conversations: int = 50_000
    window: int = 1_024
    persist: PersistOptions = PersistOptions()
    positions_group: int = 500
    signals_group: int = 500


Seated = Callable[[Sequence[MemberRow]], None]
"""Told of members whose seat changed: who became a friend, was muted, blocks somebody. Must not wait."""


class Surroundings(msgspec.Struct, frozen=True):
    """What delivery was given to work with."""

    log: Log
    store: ConversationStore
    hot: Hot
    routes: Routes
    downlink: Downlink
    clock: Clock
    metrics: Metrics
    seated: Seated = lambda _rows: None


class Delivery:
    """The owner of one partition."""

    def __init__(self, partition: int, around: Surroundings, options: DeliveryOptions) -> None:
        self._partition, self._around, self._options = partition, around, options
        self._warm = WarmStates(around.store, around.hot, options.warm_conversations, options.window)
        self._persister = Persister(around.store, around.hot, self._warm.settle, options.persist)
        self._position = 0
        self.caught_up = asyncio.Event()

    @property
    def position(self) -> int:
        """The offset of the next record to decide."""
        return self._position

    @property
    def persist_lag(self) -> int:
        """How many decided records the store has not kept yet."""
        return self._persister.waiting()

    @property
    def persister(self) -> Persister:
        """Where decided batches wait for the store."""
        return self._persister

    async def run(self) -> None:
        """Works until cancelled; raises what makes going on unsafe. What was decided and not stored is replayed next time."""
        self._position = await self._around.store.position(self._partition)
        self._persister.start_at(self._position)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._persister.run())
            await self._loop()

    async def _loop(self) -> None:
        log, limit = self._around.log, self._options.batch_records
        end = await log.end(self._partition)
        if self._position > end:
            # Its offsets would be given to new records, and those be passed over as if they were decided.
            raise SetupError(
                f"The log ends at {end} and the store has kept what records up to {self._position} did: they do not belong "
                "together; restore both from the same backup."
            )
        while True:
            if self._position >= end:
                self.caught_up.set()
            batch = await self._read(limit)
            await self._process(batch)
            self._position = batch.next_offset

    async def _read(self, limit: int) -> LogBatch:
        try:
            return await self._around.log.read(self._partition, self._position - 1, limit)
        except Unavailable as error:
            raise SetupError(
                f"The store has not kept what records from {self._position} on did, and the log does not hold them any more: "
                "they do not belong together; restore both from the same backup."
            ) from error

    async def _process(self, batch: LogBatch) -> None:
        around = self._around
        states = await self._warm.prepare(batch.records)
        works: dict[ConversationId, Work] = {}
        dead = self._decide(batch, states, works)
        if dead:
            dead = await self._decide_again(batch, works, dead)
        members = {key: touched_rows(work.state) for key, work in works.items()}
        # What was only refused leaves no trace: a conversation that is no more than asked about is kept nowhere.
        changed = [key for key, work in works.items() if work.rows or members[key] or work.silent or work.state.is_set]
        await around.hot.write([works[key].hot_update(members[key]) for key in changed])
        await self._push(works)
        if self.caught_up.is_set():
            self._observe(batch)
        whole = _store_batch(batch, [works[key] for key in changed], members, dead)
        if whole.seats:
            # Before it is stored: what a crash keeps from being told is told again by the replay.
            self._around.seated(whole.seats)
        await self._persister.put(whole)

    def _decide(
        self, batch: LogBatch, states: Mapping[ConversationId, Conversation], works: dict[ConversationId, Work]
    ) -> list[DeadLetter]:
        """Decides a batch; returns what failed. The conversation of such a record has then no state to go on with."""
        dead: list[DeadLetter] = []
        offset = batch.first_offset
        for record in batch.records:
            work = works.get(record.conversation_id)
            if work is None:
                work = works[record.conversation_id] = Work(states[record.conversation_id])
            if offset > work.state.offset:
                try:
                    work.take(record, apply(work.state, record, offset))
                except Exception as error:  # noqa: BLE001 - one record must not stop its partition; it goes to the dead letters
                    dead.append(self._dead_letter(record, offset, error))
                    work.state.offset = batch.next_offset  # the others of this conversation wait for the next try
            offset += 1
        return dead

    async def _decide_again(
        self, batch: LogBatch, works: dict[ConversationId, Work], failed: list[DeadLetter]
    ) -> list[DeadLetter]:
        """Decides the conversations of failed records anew, without those records; returns all that failed.

        What failed half way may have left a number without an entry. The store is whole: once it has kept all that was
        decided before this batch, it has each state as it was before this batch.
        """
        dead: dict[int, DeadLetter] = {}
        while failed:
            dead.update((letter.offset, letter) for letter in failed)
            spoiled = {letter.record.conversation_id for letter in failed}
            await self._persister.drained()
            self._warm.forget(spoiled)
            numbered = [
                (offset, record)
                for offset, record in enumerate(batch.records, batch.first_offset)
                if record.conversation_id in spoiled
            ]
            states = await self._warm.prepare([record for _, record in numbered])
            works.update((key, Work(states[key])) for key in spoiled)
            failed = self._decide_around(numbered, works, dead)
        return [dead[offset] for offset in sorted(dead)]

    def _decide_around(
        self,
        numbered: Sequence[tuple[int, Record]],
        works: Mapping[ConversationId, Work],
        dead: Mapping[int, DeadLetter],
    ) -> list[DeadLetter]:
        """Decides the records that are not dead; returns what failed now. A conversation stops at its first failure."""
        failed: dict[ConversationId, DeadLetter] = {}
        for offset, record in numbered:
            work = works[record.conversation_id]
            if record.conversation_id in failed:
                continue
            if offset in dead:
                work.bury(record, offset, Internal(reference=self._reference(offset)))
                continue
            try:
                work.take(record, apply(work.state, record, offset))
            except Exception as error:  # noqa: BLE001 - as in _decide
                failed[record.conversation_id] = self._dead_letter(record, offset, error)
        return list(failed.values())

    def _observe(self, batch: LogBatch) -> None:
        """Answers and pushes are written by now. A replay says nothing about latency and does not come here."""
        now_ms, metrics = self._around.clock(), self._around.metrics
        # Hundreds of records of a batch share a few milliseconds of admission.
        for time_ms, count in Counter([record.time_ms for record in batch.records]).items():
            metrics.delivery_latency.observe_ms(now_ms - time_ms, count)
        for time_ms, count in Counter([record.time_ms for record in batch.records if record.request]).items():
            metrics.receipt_latency.observe_ms(now_ms - time_ms, count)

    def _dead_letter(self, record: Record, offset: int, error: Exception) -> DeadLetter:
        logger.error(
            "record cannot be applied",
            reference=self._reference(offset),
            message_id=record.message_id,
            exc_info=error,
        )
        self._around.metrics.dead_letters += 1
        return DeadLetter(self._partition, offset, record, f"{type(error).__name__}: {error}")

    def _reference(self, offset: int) -> str:
        """What the sender is told and the operator looks for."""
        return f"{self._partition}-{offset}"

    async def _push(self, works: Mapping[ConversationId, Work]) -> None:
        """The hot head is written by now, so whoever registers from here on finds the entries there."""
        by_gateway: dict[int, list[Fanout]] = {}
        locate = self._around.routes.locate
        for conversation_id, work in works.items():
            for segment in work.segments:
                located = await locate(segment.recipients) if segment.entries or segment.moved else {}
                for gateway in located.keys() | segment.answers.keys():
                    fanout = self._fanout(conversation_id, segment, gateway, located.get(gateway, ()))
                    by_gateway.setdefault(gateway, []).append(fanout)
        for gateway, fanouts in by_gateway.items():
            self._around.downlink.deliver(gateway, fanouts)

    def _fanout(
        self, conversation_id: ConversationId, segment: Segment, gateway: int, users: Sequence[UserId]
    ) -> Fanout:
        few = len(segment.recipients) <= self._options.positions_group
        return Fanout(
            conversation_id,
            users,
            segment.entries,
            segment.answers.get(gateway, ()),
            segment.moved,
            moved_to_all=few,
        )

    def signal(self, conversation_id: ConversationId, sender_id: UserId, kind: str) -> None:
        """Passes a sign on to the others.

        Drops it when the group is cold, too large, or not the sender's, and that of one who is known to be blocked.
        """
        state = self._warm.get(conversation_id)
        audience = state.audience if state is not None else fixed_members(conversation_id)
        if sender_id not in audience or len(audience) > self._options.signals_group:
            return
        if state is not None and state.members[sender_id].seat.flags & BLOCKED:
            return
        others = [user_id for user_id in audience if user_id != sender_id]
        self._around.downlink.signal(others, (conversation_id, sender_id, kind))


def _store_batch(
    batch: LogBatch, works: Iterable[Work], members: Mapping[ConversationId, list[MemberRow]], dead: list[DeadLetter]
) -> StoreBatch:
    found = StoreBatch(batch.partition, batch.next_offset, [], [], [], [], [], dead)
    for work in works:
        found.entries += work.rows
        found.replaced += work.replaced
        found.silent += work.silent
        found.members += members[work.state.conversation_id]
        found.conversations.append(conversation_row(work.state))
        if work.state.seated or work.state.is_set:
            seats, settings = work.take_settings(members[work.state.conversation_id])
            found.seats += seats
            found.settings += settings
    return found
