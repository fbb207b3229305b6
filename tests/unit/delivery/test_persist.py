"""Batches are stored in order and wholly, however the store is doing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.adapters.log.memory import MemoryLog
from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.delivery.persist import Gathering, Persister, PersistOptions, Retention, trim_log
from hongyan.delivery.work import Work, conversation_row, touched_rows
from hongyan.model.codes import StorageFull, Unavailable
from hongyan.model.commands import AddMembers, AnyCommand, LeaveGroup, Mark, MovePositions, Recall, RemoveMembers
from hongyan.model.conversation import apply
from hongyan.model.ids import SYSTEM_USER, ConversationId
from hongyan.model.records import Record
from hongyan.model.state import Conversation, Seat, Settings, new_conversation
from hongyan.ports.store import ConversationRow, DeadLetter, SettingsRow, StoreBatch
from tests.contract.rows import batch, entry, head, member
from tests.tasks import beside, rounds
from tests.unit.delivery.worlds import ALICE, BOB, CAROL, GROUP, SINGLE, GatedStore, founded, record

QUICK: dict[str, float] = {"gather_s": 0, "retry_s": 0}


class Settling:
    """A persister on a store, and what it said was settled."""

    def __init__(self, store: MemoryStore, **options: float) -> None:
        self.store, self.hot = store, MemoryHot(1 << 20)
        self.settled: list[tuple[list[str], int]] = []
        self.persister = Persister(store, self.hot, self._settle, msgspec.convert({**QUICK, **options}, PersistOptions))

    def _settle(self, rows: Sequence[ConversationRow], offset: int) -> None:
        self.settled.append(([row.conversation_id for row in rows], offset))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Persister]:
        async with beside(self.persister.run()):
            yield self.persister


async def test_what_was_handed_over_is_stored_in_order_and_then_settled() -> None:
    settling = Settling(MemoryStore())
    async with settling.running() as persister:
        for n in range(1, 4):
            await persister.put(batch(n, [head(n, n - 1)], [entry(n)]))
            await persister.drained()
    assert await settling.store.position(0) == 3
    assert settling.settled == [([SINGLE], 1), ([SINGLE], 2), ([SINGLE], 3)]
    assert persister.position == 3


async def test_what_waits_while_the_store_is_busy_is_stored_in_one_go() -> None:
    store = GatedStore()
    store.gate.clear()
    settling = Settling(store)
    async with settling.running() as persister:
        await persister.put(batch(1, [head(1, 0)], [entry(1)]))
        await store.waiting.wait()
        for n in range(2, 6):
            await persister.put(batch(n, [head(n, n - 1)], [entry(n)]))
        assert (persister.waiting(), persister.decided) == (5, 5)
        store.gate.set()
        await persister.drained()
    assert settling.settled == [([SINGLE], 1), ([SINGLE], 5)]


async def test_a_transaction_waits_for_company_until_there_is_enough() -> None:
    settling = Settling(MemoryStore(), gather_s=3_600, gather_records=3)
    async with settling.running() as persister:
        for n in (1, 2):
            await persister.put(batch(n, [head(n, n - 1)], [entry(n)]))
        await rounds(20)
        assert await settling.store.position(0) == 0
        await persister.put(batch(3, [head(3, 2)], [entry(3)]))
        while persister.waiting():
            await asyncio.sleep(0)
    assert settling.settled == [([SINGLE], 3)]


async def test_draining_does_not_wait_for_company_however_the_batches_come() -> None:
    store = GatedStore()
    settling = Settling(store, gather_s=3_600)
    async with settling.running() as persister:
        await persister.drained()
        await persister.put(batch(1, [head(1, 0)], [entry(1)]))
        await persister.drained()
        store.gate.clear()
        await persister.put(batch(2, [head(2, 1)], [entry(2)]))
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(persister.drained())
            await store.waiting.wait()
            await persister.put(batch(3, [head(3, 2)], [entry(3)]))
            store.gate.set()
            await draining
    assert await store.position(0) == 3


async def test_it_goes_on_where_the_store_ended() -> None:
    settling = Settling(MemoryStore())
    settling.persister.start_at(7)
    assert (settling.persister.waiting(), settling.persister.position) == (0, 7)


async def test_putting_waits_at_the_capacity() -> None:
    store = GatedStore()
    store.gate.clear()
    settling = Settling(store, capacity_records=2)
    async with settling.running() as persister, asyncio.TaskGroup() as group:
        await persister.put(batch(1))
        await store.waiting.wait()
        await persister.put(batch(2))
        putting = group.create_task(persister.put(batch(3)))
        await rounds()
        assert not putting.done()
        store.gate.set()
        await putting
        await persister.drained()
    assert await store.position(0) == 3


async def test_a_full_disk_is_waited_for_and_nothing_is_lost_or_settled_meanwhile() -> None:
    store = MemoryStore(capacity_rows=1)
    settling = Settling(store)
    async with settling.running() as persister:
        await persister.put(batch(1, [head(1, 0)], [entry(1)]))
        await persister.drained()
        await persister.put(batch(2, [head(2, 1)], [entry(2)]))
        while not persister.disk_full:
            await asyncio.sleep(0)
        await rounds()
        assert (await store.position(0), persister.position, settling.settled) == (1, 1, [([SINGLE], 1)])
        store._capacity_rows = 100
        await persister.drained()
    assert not settling.persister.disk_full
    assert await store.position(0) == 2
    assert settling.settled == [([SINGLE], 1), ([SINGLE], 2)]


async def test_a_broken_store_ends_it() -> None:
    class Broken(MemoryStore):
        async def persist(self, batch: StoreBatch) -> None:
            raise OSError("no such device")

    settling = Settling(Broken())
    await settling.persister.put(batch(1))
    with pytest.raises(OSError, match="no such device"):
        await settling.persister.run()
    assert (settling.settled, settling.persister.position) == ([], 0)


async def test_the_position_never_moves_before_the_effects() -> None:
    """A store that is stopped at any moment has both or neither."""
    store = GatedStore()
    store.gate.clear()
    settling = Settling(store)
    async with settling.running() as persister:
        await persister.put(batch(1, [head(1, 0)], [entry(1)]))
        await store.waiting.wait()
        assert (await store.position(0), persister.position) == (0, 0)
        assert await store.entries(SINGLE, 1, 9, 9, backward=False) == []
    assert settling.settled == []


# Gathering


class Story:
    """Two conversations and what batches of records do to them."""

    def __init__(self) -> None:
        self.states: dict[ConversationId, Conversation] = {}
        self.offset = 0

    def batch(self, records: Sequence[Record]) -> StoreBatch:
        found = batch(self.offset + len(records))
        works: dict[ConversationId, Work] = {}
        for each in records:
            key = each.conversation_id
            state = self.states.setdefault(key, new_conversation(key))
            work = works.setdefault(key, Work(state))
            work.take(each, apply(state, each, self.offset))
            self.offset += 1
        for work in works.values():
            found.entries += work.rows
            found.replaced += work.replaced
            found.silent += work.silent
            found.conversations.append(conversation_row(work.state))
            found.members += touched_rows(work.state)
        return found


def _asked(number: int, choice: int) -> Record:
    """One of a dozen things that may happen next."""
    seq = choice % 7 + 1
    marks = MovePositions((Mark(ALICE, seq), Mark(BOB, seq + 1, seq + 2)))
    others: list[tuple[AnyCommand, ConversationId]] = [
        (AddMembers((BOB, CAROL), 500), GROUP),
        (RemoveMembers((BOB,)), GROUP),
        (Recall(seq, 1 << 40), GROUP),
        (Recall(seq, 1 << 40), SINGLE),
        (LeaveGroup(), GROUP),
    ]
    if choice < 5:
        return record(number, sender=(ALICE, BOB)[choice % 2], to=(SINGLE, GROUP)[choice // 2 % 2])
    if choice < 7:
        return record(number, marks, sender=SYSTEM_USER, to=(SINGLE, GROUP)[choice % 2], name="", request=0)
    command, to = others[choice % len(others)]
    return record(number, command, sender=BOB if isinstance(command, LeaveGroup) else ALICE, to=to)


def gathered(*batches: StoreBatch) -> StoreBatch:
    gathering = Gathering(0)
    for each in batches:
        gathering.add(each)
    return gathering.batch()


@given(st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=8), min_size=2, max_size=6))
def test_storing_what_gathered_equals_storing_one_after_another(choices: list[list[int]]) -> None:
    story, number = Story(), 1
    batches = [story.batch([founded(0, BOB)])]
    for some in choices:
        batches.append(story.batch([_asked(number + index, choice) for index, choice in enumerate(some)]))
        number += len(some)
    one_by_one, at_once = MemoryStore(), MemoryStore()

    async def store() -> None:
        for each in batches:
            await one_by_one.persist(each)
        await at_once.persist(gathered(*batches))

    asyncio.run(store())
    for part in ("_entries", "_submissions", "_by_user", "_positions"):
        assert getattr(one_by_one, part) == getattr(at_once, part)
    for conversation_id, kept in one_by_one._conversations.items():
        other = at_once._conversations[conversation_id]
        assert (kept.row, kept.members) == (other.row, other.members)


def test_of_seats_and_settings_that_gathered_the_newer_count() -> None:
    first, second = batch(1, [head(1, 0, GROUP)]), batch(2, [head(1, 1, GROUP)])
    for each, name in ((first, "a"), (second, "b")):
        each.members.append(member(BOB, conversation_id=GROUP, seat=Seat(nickname=name)))
        each.seats += each.members
        each.settings.append(SettingsRow(GROUP, Settings(announcement=name)))
    first.members.append(member(CAROL, conversation_id=GROUP, seat=Seat(nickname="c")))
    first.seats.append(first.members[-1])
    found = gathered(first, second)
    assert {row.user_id: row.seat.nickname for row in found.seats} == {BOB: "b", CAROL: "c"}
    assert [row.settings.announcement for row in found.settings] == ["b"]


def test_of_an_entry_that_was_replaced_again_and_again_the_last_is_written() -> None:
    gathering = Gathering(partition=0)
    gathering.add(batch(1, [head(2, 0)], replaced=[entry(1, b"one"), entry(2, b"two")]))
    gathering.add(batch(2, [head(2, 1)], replaced=[entry(1, b"uno"), entry(1, b"eins")]))
    assert gathering.batch().replaced == [entry(1, b"eins"), entry(2, b"two")]


def test_who_left_and_came_back_while_it_gathered_has_the_seat_of_his_new_stay() -> None:
    first, second = batch(1, [head(1, 0, GROUP)]), batch(2, [head(3, 1, GROUP)])
    first.members.append(member(BOB, conversation_id=GROUP, seat=Seat(nickname="Bobby")))
    first.seats += first.members
    second.members.append(member(BOB, conversation_id=GROUP, joined=3))
    (found,) = gathered(first, second).seats
    assert found == second.members[0]


def test_dead_letters_that_gathered_are_all_there() -> None:
    first, second = batch(1), batch(2)
    first.dead, second.dead = [DeadLetter(0, 0, record(0), "a")], [DeadLetter(0, 1, record(1), "b")]
    assert [letter.reason for letter in gathered(first, second).dead] == ["a", "b"]


def test_gathering_leaves_the_parts_as_they_were() -> None:
    """The hot head holds on to the same lists."""
    first, second = batch(1, [head(1, 0)], [entry(1)], [member(ALICE)]), batch(2, [head(2, 1)], [entry(2)])
    gathered(first, second)
    assert (len(first.entries), len(second.entries), len(first.members)) == (1, 1, 1)


# Trimming


async def filled_log(count: int) -> MemoryLog:
    log = MemoryLog(lambda *_: None)
    for number in range(count):
        log.append(record(number))
    log._commit()
    return log


async def test_the_log_goes_below_what_the_store_holds_less_what_is_kept_for_others() -> None:
    log, store = await filled_log(10), MemoryStore()
    await store.persist(batch(8))
    await trim_log(log, store, Retention(3))
    with pytest.raises(Unavailable):
        await log.read(0, 3, 10)
    assert (await log.read(0, 4, 10)).first_offset == 5


async def test_nothing_of_the_log_goes_that_the_store_has_not_kept() -> None:
    log, store = await filled_log(10), MemoryStore()
    await trim_log(log, store, Retention(0))
    await store.persist(batch(2))
    await trim_log(log, store, Retention(5))
    assert (await log.read(0, -1, 10)).first_offset == 0


async def test_a_full_disk_is_no_reason_to_stop_trimming_for_good() -> None:
    class Full(MemoryStore):
        is_full = True

        async def checkpoint(self) -> int:
            if self.is_full:
                raise StorageFull
            return await super().checkpoint()

    log, store = await filled_log(10), Full()
    await store.persist(batch(8))
    await trim_log(log, store, Retention(3))
    assert (await log.read(0, -1, 10)).first_offset == 0
    store.is_full = False
    await trim_log(log, store, Retention(3))
    assert (await log.read(0, 4, 10)).first_offset == 5


async def test_a_disk_that_is_full_for_a_moment_is_said_once(logged: list[dict[str, object]]) -> None:
    class Moody(MemoryStore):
        tries = 0

        async def persist(self, batch: StoreBatch) -> None:
            self.tries += 1
            if self.tries < 4:
                raise StorageFull
            await super().persist(batch)

    settling = Settling(Moody())
    async with settling.running() as persister:
        await persister.put(batch(1))
        await persister.drained()
    assert [line["log_level"] for line in logged] == ["error"]


@pytest.mark.parametrize(
    ("retention", "below"),
    [
        (Retention(3), 97),
        (Retention(3, 50, needed=99), 97),
        (Retention(3, 50, needed=80), 80),
        (Retention(3, 50, needed=10), 50),
        (Retention(3, 0, needed=10), 97),
    ],
)
def test_another_reader_keeps_what_it_needs_of_the_log_up_to_a_bound(retention: Retention, below: int) -> None:
    assert retention.below(100) == below
