"""The loop of a partition: read, prepare, decide, show, push, hand to the store."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from hongyan.delivery.persist import Persister, PersistOptions
from hongyan.delivery.warm import WarmStates
from hongyan.delivery.work import Segment, Work, conversation_row, touched_rows
from hongyan.model.codes import Internal
from hongyan.model.conversation import apply
from hongyan.model.ids import ConversationId, UserId, fixed_members
from hongyan.model.records import Record
from hongyan.ports.clock import Clock
from hongyan.ports.link import Answer, Downlink, Fanout
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


class Surroundings(msgspec.Struct, frozen=True):
    """What delivery was given to work with."""

    log: Log
    store: ConversationStore
    hot: Hot
    routes: Routes
    downlink: Downlink
    clock: Clock
    metrics: Metrics


class Delivery:
    """The owner of one partition."""

    def __init__(self, partition: int, around: Surroundings, options: DeliveryOptions) -> None:
        self._partition, self._around, self._options = partition, around, options
        self._warm = WarmStates(around.store, options.warm_conversations, options.window)
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
        while True:
            if self._position >= end:
                self.caught_up.set()
            batch = await log.read(self._partition, self._position - 1, limit)
            await self._process(batch)
            self._position = batch.next_offset

    async def _process(self, batch: LogBatch) -> None:
        around = self._around
        states = await self._warm.prepare(batch.records)
        works: dict[ConversationId, Work] = {}
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
                    dead.append(self._bury(record, offset, error, work))
            offset += 1
        members = {key: touched_rows(work.state) for key, work in works.items()}
        await around.hot.write([work.hot_update(members[key]) for key, work in works.items()])
        await self._push(works)
        if self.caught_up.is_set():
            self._observe(batch)
        await self._persister.put(_store_batch(batch, works, members, dead))

    def _observe(self, batch: LogBatch) -> None:
        """Answers and pushes are written by now. A replay says nothing about latency and does not come here."""
        now_ms, metrics = self._around.clock(), self._around.metrics
        for record in batch.records:
            latency_ms = now_ms - record.time_ms
            metrics.delivery_latency.observe_ms(latency_ms)
            if record.request:
                metrics.receipt_latency.observe_ms(latency_ms)

    def _bury(self, record: Record, offset: int, error: Exception, work: Work) -> DeadLetter:
        reference = f"{self._partition}-{offset}"
        logger.error("record cannot be applied", offset=offset, message_id=record.message_id, exc_info=error)
        self._around.metrics.dead_letters += 1
        work.state.offset = offset
        if record.request:
            if not work.segments:
                work.segments.append(Segment(()))
            answer = Answer(record.connection, record.request, Internal(reference=reference))
            work.segments[-1].answers.setdefault(record.gateway, []).append(answer)
        return DeadLetter(self._partition, offset, record, f"{type(error).__name__}: {error}")

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
        """Passes a sign on to the others; drops it when the conversation is cold, too large, or not the sender's."""
        state = self._warm.get(conversation_id)
        audience = state.audience if state is not None else fixed_members(conversation_id)
        if sender_id not in audience or len(audience) > self._options.signals_group:
            return
        others = [user_id for user_id in audience if user_id != sender_id]
        self._around.downlink.signal(others, (conversation_id, sender_id, kind))


def _store_batch(
    batch: LogBatch,
    works: Mapping[ConversationId, Work],
    members: Mapping[ConversationId, list[MemberRow]],
    dead: list[DeadLetter],
) -> StoreBatch:
    found = StoreBatch(batch.partition, batch.next_offset, [], [], [], [], [], dead)
    for conversation_id, work in works.items():
        found.entries += work.rows
        found.replaced += work.replaced
        found.silent += work.silent
        found.members += members[conversation_id]
        found.conversations.append(conversation_row(work.state))
    return found
