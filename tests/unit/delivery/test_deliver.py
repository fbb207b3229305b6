"""What one owner of a partition does with its log, whatever becomes of single records, of the store or of itself."""

import asyncio
from collections.abc import Sequence

import pytest

from hongyan.adapters.store.memory import MemoryStore
from hongyan.delivery import work as work_module
from hongyan.delivery.deliver import DeliveryOptions
from hongyan.delivery.persist import PersistOptions
from hongyan.model.codes import AlreadyRecalled, EntryUnknown, ErrorCode, NotAMember, SubmissionConflict
from hongyan.model.commands import AddMembers, Block, LeaveGroup, Mark, MovePositions, Recall, RemoveMembers
from hongyan.model.errors import SetupError
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId
from hongyan.model.records import Entry, Record, Submitted
from hongyan.model.rules.membership import put_out
from hongyan.model.state import Conversation
from hongyan.ports.link import MovedPosition
from hongyan.protocol.codec import encode_entry
from tests.unit.delivery.worlds import ALICE, BOB, CAROL, DAVE, GROUP, SINGLE, GatedStore, World, founded, record


async def stored_seqs(store: MemoryStore, conversation_id: ConversationId = SINGLE) -> list[int]:
    return [seq for seq, _ in await store.entries(conversation_id, 1, 1 << 40, 10_000, backward=False)]


async def all_of(store: MemoryStore, conversation_id: ConversationId) -> object:
    """Everything that people see of a conversation, and how far they are."""
    entries = await store.entries(conversation_id, 1, 1 << 40, 10_000, backward=False)
    return entries, [await store.membership(conversation_id, user_id) for user_id in (ALICE, BOB, CAROL)]


def marks(number: int, *each: Mark, to: ConversationId = SINGLE) -> Record:
    return record(number, MovePositions(each), sender=SYSTEM_USER, to=to, name="", request=0)


# Deciding and showing


async def test_a_message_is_answered_pushed_and_stored_under_one_number() -> None:
    world = World()
    async with world.running():
        heard = await world.take(record(0), record(1, sender=BOB, connection=2))
        assert heard.seqs() == {1: 1, 2: 2}
        assert heard.seen_by(ALICE) == heard.seen_by(BOB) == [1, 2]
        await world.stored()
    assert await stored_seqs(world.store) == [1, 2]
    assert await world.store.position(0) == 2
    assert world.delivery.persist_lag == 0


async def test_entries_of_a_batch_that_the_same_users_see_travel_together() -> None:
    world = World()
    async with world.running():
        heard = await world.take(*(record(number) for number in range(50)))
    assert [len(fanout.entries) for fanout in heard.fanouts] == [50]


async def test_what_is_pushed_is_in_the_hot_head_before() -> None:
    world = World()
    seen: list[int] = []
    deliver = world.heard.deliver

    def deliver_and_look(gateway: int, fanouts: Sequence[object]) -> None:
        warm = world.hot._conversations[SINGLE]
        seen.extend(entry.seq for entry in warm.entries)
        deliver(gateway, fanouts)  # type: ignore[arg-type]

    world.heard.deliver = deliver_and_look  # type: ignore[method-assign]
    async with world.running():
        await world.take(record(0))
    assert seen == [1]


async def test_receipt_and_push_do_not_wait_for_the_store() -> None:
    store = GatedStore()
    store.gate.clear()
    world = World(store)
    async with world.running():
        heard = await world.take(record(0))
        assert heard.seqs() == {1: 1}
        assert await store.position(0) == 0
        assert world.delivery.persist_lag == 1
        store.gate.set()
        await world.stored()
    assert await stored_seqs(store) == [1]


async def test_delivery_waits_for_a_store_that_is_far_behind() -> None:
    """So what it holds in memory is bounded; the log holds the rest."""
    store = GatedStore()
    store.gate.clear()
    world = World(store, DeliveryOptions(batch_records=1, persist=PersistOptions(capacity_records=3, gather_s=0)))
    world.append(*(record(number) for number in range(20)))
    async with world.running():
        await store.waiting.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        # The fourth is decided and waits to be handed over.
        assert len(world.heard.seqs()) == 4
        assert world.delivery.persister.waiting() == 3
        store.gate.set()
        await world.stored()
    assert await stored_seqs(store) == list(range(1, 21))


# Once


async def test_every_retry_gets_the_receipt_of_the_first_try() -> None:
    """In the same batch, within the warm window, marked as one, and after a restart."""
    world = World()
    async with world.running():
        heard = await world.take(record(0, "one", name="a"), record(1, "one", name="a"))
        await world.take(record(2, "one", name="a"))
        await world.take(record(3, "one", name="a", resend=True))
        await world.stored()
    first = heard.answers()[1]
    assert isinstance(first, Submitted)
    assert list(heard.answers().values()) == [first] * 4
    assert heard.seen_by(BOB) == [1]
    world.restart()
    async with world.running():
        heard = await world.take(record(4, "one", name="a", resend=True), record(5, "two"))
        again = heard.answers()[5]
    assert isinstance(again, Submitted)
    assert (again.seq, again.message_id, again.time_ms, again.countable) == (
        first.seq,
        first.message_id,
        first.time_ms,
        first.countable,
    )
    assert heard.seqs()[6] == 2


async def test_a_retry_that_arrives_before_the_store_has_the_first_try_gets_its_receipt() -> None:
    store = GatedStore()
    store.gate.clear()
    world = World(store)
    async with world.running():
        await world.take(record(0, "one", name="a"))
        heard = await world.take(record(1, "one", name="a", resend=True))
        assert heard.seqs() == {1: 1, 2: 1}
        store.gate.set()
        await world.stored()


async def test_a_retry_is_pushed_to_nobody_and_leaves_nothing_in_the_store() -> None:
    world = World()
    async with world.running():
        await world.take(record(0, "one", name="a"))
        await world.stored()
        heard = await world.take(record(1, "one", name="a"))
        await world.stored()
    assert heard.seen_by(BOB) == [1]
    (head,) = await world.store.heads(BOB, -1, 10)
    assert head.conversation.offset == 0


async def test_another_payload_under_the_same_id_is_a_conflict_now_and_after_a_restart() -> None:
    world = World()
    async with world.running():
        heard = await world.take(record(0, "one", name="a"), record(1, "two", name="a"))
        assert isinstance(heard.answers()[2], SubmissionConflict)
        await world.stored()
    world.restart()
    async with world.running():
        heard = await world.take(record(2, "two", name="a", resend=True))
    assert isinstance(heard.answers()[3], SubmissionConflict)


async def test_an_id_is_its_senders_own() -> None:
    world = World()
    async with world.running():
        heard = await world.take(
            record(0, "one", name="a"), record(1, "two", name="a", sender=BOB, connection=2), record(2, to=GROUP)
        )
    assert heard.seqs() == {1: 1, 2: 2}
    assert isinstance(heard.answers()[3], NotAMember)


# Rights at the entry's place


async def test_the_removed_sees_the_removal_as_his_last_entry_and_the_added_the_addition_as_his_first() -> None:
    world = World()
    async with world.running():
        heard = await world.take(
            founded(0, BOB, CAROL),
            record(1, to=GROUP),
            record(2, RemoveMembers((CAROL,)), to=GROUP),
            record(3, sender=CAROL, to=GROUP, connection=3),
            record(4, sender=BOB, to=GROUP, connection=2),
            record(5, AddMembers((DAVE,), 500), to=GROUP),
            record(6, to=GROUP),
            record(7, LeaveGroup(), sender=BOB, to=GROUP, connection=2),
            record(8, to=GROUP),
        )
    assert heard.seen_by(CAROL, GROUP) == [1, 2, 3]
    assert heard.seen_by(DAVE, GROUP) == [5, 6, 7, 8]
    assert heard.seen_by(BOB, GROUP) == [1, 2, 3, 4, 5, 6, 7]
    assert heard.seen_by(ALICE, GROUP) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert isinstance(heard.answers()[4], NotAMember)


async def test_a_stranger_who_asks_sees_nothing_but_his_refusal() -> None:
    world = World()
    async with world.running():
        heard = await world.take(founded(0, BOB), record(1, sender=DAVE, to=GROUP, connection=9), record(2, to=GROUP))
    assert heard.seen_by(DAVE, GROUP) == []
    assert isinstance(heard.answers()[2], NotAMember)


async def test_what_was_only_refused_leaves_no_trace() -> None:
    world = World()
    async with world.running():
        await world.take(founded(0, BOB))
        await world.stored()
        heard = await world.take(record(1, sender=DAVE, to=GROUP), record(2, Recall(5, 1), sender=BOB, to=GROUP))
        assert {type(heard.answers()[n]) for n in (2, 3)} == {NotAMember, EntryUnknown}
        await world.stored()
        (head,) = await world.store.heads(BOB, -1, 10)
        assert head.conversation.offset == 0
        assert await world.hot.unsettled(BOB) == []
    assert await world.store.position(0) == 3


async def test_marks_and_refusals_in_a_conversation_that_does_not_exist_do_not_bring_it_about() -> None:
    """Were its row stored without members, its two users would be strangers in it after a restart."""
    world = World()
    async with world.running():
        await world.take(marks(0, Mark(ALICE, 9, 9)), record(1, Recall(1, 1_000)))
        await world.stored()
        assert await world.store.load([SINGLE]) == {}
        assert await world.hot.read(SINGLE) is None
    world.restart()
    async with world.running():
        heard = await world.take(record(2))
    assert heard.seqs() == {3: 1}


# Facts of older entries


async def test_a_message_can_be_recalled_and_is_then_recalled_however_cold_the_owner_is() -> None:
    world = World()
    async with world.running():
        await world.take(record(0), record(1), record(2))
        await world.stored()
    for number, seq in ((10, 1), (11, 3)):
        world.restart()
        async with world.running():
            heard = await world.take(record(number, Recall(seq, 120_000)))
            assert isinstance(heard.answers()[number + 1], Submitted)
            await world.stored()
    world.restart()
    async with world.running():
        heard = await world.take(record(12, Recall(1, 120_000)), record(13, Recall(99, 120_000)))
        assert isinstance(heard.answers()[13], AlreadyRecalled)
        assert isinstance(heard.answers()[14], EntryUnknown)
    encoded = dict(await world.store.entries(SINGLE, 1, 3, 10, backward=False))
    assert b"text 0" not in encoded[1]
    assert b"text 1" in encoded[2]
    assert b"text 2" not in encoded[3]


async def test_a_mark_at_an_old_entry_counts_what_is_unread_after_it() -> None:
    world = World()
    async with world.running():
        await world.take(founded(0, BOB), *(record(number, to=GROUP) for number in range(1, 6)))
        await world.stored()
    world.restart()
    async with world.running():
        heard = await world.take(marks(10, Mark(BOB, 3, 5), to=GROUP))
        await world.stored()
    (moved,) = (fanout.moved for fanout in heard.fanouts)
    assert list(moved) == [MovedPosition(BOB, 3, 5)]
    row = await world.store.membership(GROUP, BOB)
    assert row is not None
    assert (row.read_seq, row.read_countable, row.delivered_seq) == (3, 2, 5)


async def test_positions_go_to_all_of_a_small_group_and_to_their_own_user_in_a_large_one() -> None:
    for bound, to_all in ((2, True), (1, False)):
        world = World(options=DeliveryOptions(positions_group=bound))
        async with world.running():
            await world.take(founded(0, BOB), record(1, to=GROUP))
            heard = await world.take(marks(2, Mark(BOB, 2), to=GROUP))
        assert heard.fanouts[-1].moved_to_all is to_all


# Records that cannot be applied


class Poison:
    """Makes the encoding of some messages fail, after they were numbered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(work_module, "encode_entry", self.encode)
        self.contents: set[bytes] = set()

    def encode(self, entry: Entry) -> bytes:
        content = getattr(entry.body, "content", b"")
        if content in self.contents:
            raise ValueError("this cannot be encoded")
        return encode_entry(entry)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    return Poison(monkeypatch)


async def test_a_record_that_cannot_be_applied_becomes_a_dead_letter_and_the_others_go_on(poison: Poison) -> None:
    poison.contents = {b"bad"}
    world = World()
    async with world.running():
        heard = await world.take(
            record(0), record(1, "bad"), record(2, sender=BOB, connection=2), founded(3), record(4, to=GROUP)
        )
        await world.stored()
    assert heard.seqs() == {1: 1, 3: 2, 4: 1, 5: 2}
    error = heard.answers()[2]
    assert not isinstance(error, Submitted)
    assert error.code == ErrorCode.INTERNAL
    assert error.fields == {"reference": "0-1"}
    assert await world.store.position(0) == 5
    assert world.metrics.dead_letters == 1
    (letter,) = world.store._dead.values()
    assert (letter.offset, letter.record, letter.reason) == (1, record(1, "bad"), "ValueError: this cannot be encoded")


@pytest.mark.parametrize("places", [{0}, {2}, {5}, {0, 1}, {1, 3, 5}, {0, 1, 2, 3, 4, 5}])
async def test_a_dead_letter_leaves_no_hole_wherever_it_stands_in_its_batch(poison: Poison, places: set[int]) -> None:
    poison.contents = {b"bad"}
    world = World()
    async with world.running():
        heard = await world.take(
            record(0), *(record(10 + n, "bad" if n in places else "good", sender=BOB, connection=2) for n in range(6))
        )
        await world.take(record(20))
        await world.stored()
    count = 2 + 6 - len(places)
    assert heard.seen_by(ALICE) == heard.seen_by(BOB) == list(range(1, count + 1))
    assert sorted(heard.seqs().values()) == list(range(1, count + 1))
    assert await stored_seqs(world.store) == list(range(1, count + 1))
    row = await world.store.membership(SINGLE, ALICE)
    assert row is not None
    assert (row.read_seq, row.read_countable) == (count, count)


async def test_a_dead_letter_takes_nothing_with_it_that_was_decided_and_not_stored_yet(poison: Poison) -> None:
    poison.contents = {b"bad"}
    store = GatedStore()
    store.gate.clear()
    world = World(store)
    async with world.running():
        await world.take(record(0, "one"), record(1, Recall(1, 120_000)))
        world.append(record(2, "bad"), record(3, "three"), record(4, "one", name="m0"))
        await store.waiting.wait()
        store.gate.set()
        await world.stored()
        heard = world.heard
        assert heard.seqs() == {1: 1, 2: 2, 4: 3, 5: 1}
        await world.take(record(5, Recall(1, 120_000)))
        assert isinstance(heard.answers()[6], AlreadyRecalled)


async def test_a_retry_of_a_dead_letter_is_tried_anew(poison: Poison) -> None:
    poison.contents = {b"bad"}
    world = World()
    async with world.running():
        await world.take(record(0, "bad", name="a"))
        poison.contents = set()
        heard = await world.take(record(1, "bad", name="a", resend=True))
    assert heard.seqs() == {2: 1}


async def test_a_rule_that_fails_half_way_leaves_the_state_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_for_carol(state: Conversation, record: Record, user_ids: Sequence[UserId]) -> None:
        put_out(state, record, user_ids)
        if CAROL in user_ids:
            raise RuntimeError("a bug")

    monkeypatch.setattr("hongyan.model.rules.groups.put_out", fails_for_carol)
    world = World()
    async with world.running():
        heard = await world.take(
            founded(0, BOB, CAROL, DAVE),
            record(1, RemoveMembers((BOB, CAROL)), to=GROUP),
            record(2, sender=BOB, to=GROUP),
        )
        await world.stored()
    assert heard.seqs() == {1: 1, 3: 2}
    assert heard.seen_by(BOB, GROUP) == [1, 2]
    assert [row.user_id for row in await world.store.members(GROUP, "", 10)] == [ALICE, BOB, CAROL, DAVE]


async def test_a_replay_buries_what_was_buried_and_numbers_the_rest_alike(poison: Poison) -> None:
    poison.contents = {b"bad"}
    records = [record(n, "bad" if n % 3 == 1 else f"text {n}") for n in range(30)]
    store = GatedStore()
    store.gate.clear()
    world = World(store, DeliveryOptions(batch_records=1_000))
    async with world.running():
        # The dead letters are decided before anything is stored: the batch is the first of the log.
        before = dict((await world.take(*records)).seqs())
    store.gate.set()
    world.options = DeliveryOptions(batch_records=7)
    world.restart()
    async with world.running():
        await world.stored()
    assert world.heard.seqs() == before
    assert await stored_seqs(store) == list(range(1, 21))


# Crash and replay


@pytest.mark.parametrize("batch_records", [1, 3, 1_000])
async def test_a_replay_gives_the_same_numbers_however_its_batches_are_cut(batch_records: int) -> None:
    records = [
        founded(0, BOB),
        *(record(n, to=GROUP if n % 2 else SINGLE) for n in range(1, 10)),
        record(10, Recall(2, 120_000)),
        record(11, "text 3", to=GROUP, name="m3"),
        record(12, LeaveGroup(), sender=BOB, to=GROUP, connection=2),
        record(13, sender=BOB, to=GROUP, connection=2),
        marks(14, Mark(BOB, 2, 3)),
        record(15),
    ]
    store = GatedStore()
    world = World(store)
    async with world.running():
        await world.take(*records[:5])
        await world.stored()
        store.gate.clear()
        heard = await world.take(*records[5:])
        before = heard.answers()
    store.gate.set()
    world.options = DeliveryOptions(batch_records=batch_records)
    world.restart()
    async with world.running():
        await world.stored()
        after = world.heard.answers()
    assert {key: str(value) for key, value in after.items()} == {
        key: str(value) for key, value in before.items() if key > 5
    }
    assert await stored_seqs(store, GROUP) == list(range(1, 8))
    # Stored once more from nothing, in one go, it is the same.
    whole = World(MemoryStore())
    async with whole.running():
        await whole.take(*records)
        await whole.stored()
    for each in (SINGLE, GROUP):
        assert await all_of(store, each) == await all_of(whole.store, each)


async def test_it_is_caught_up_when_what_was_logged_before_the_start_is_decided() -> None:
    world = World(options=DeliveryOptions(batch_records=2))
    world.append(*(record(number) for number in range(5)))
    assert not world.delivery.caught_up.is_set()
    async with world.running():
        await world.delivery.caught_up.wait()
        assert len(world.heard.seqs()) == 5


async def test_latency_is_measured_of_what_comes_after_the_start_only() -> None:
    world = World()
    world.append(record(0))
    async with world.running():
        await world.delivery.caught_up.wait()
        assert sum(world.metrics.delivery_latency.counts) == 0
        await world.take(record(1), marks(2, Mark(BOB, 1)))
    assert sum(world.metrics.delivery_latency.counts) == 2
    assert sum(world.metrics.receipt_latency.counts) == 1


async def test_a_store_that_is_ahead_of_the_log_keeps_the_server_from_starting() -> None:
    """New records would get offsets that count as decided, and nobody would ever hear of them."""
    world = World()
    async with world.running():
        await world.take(record(0))
        await world.stored()
    lost = World(world.store)
    with pytest.raises(ExceptionGroup) as raised:
        await lost.delivery.run()
    assert raised.group_contains(SetupError, match="the same backup")


async def test_a_log_that_lost_what_the_store_has_not_kept_keeps_the_server_from_starting() -> None:
    """As after an older store was put beside a log that has been trimmed since."""
    world = World()
    async with world.running():
        await world.take(record(0), record(1))
    await world.log.trim(0, 1)
    lost = World()
    lost.log = world.log
    lost.restart()
    with pytest.raises(ExceptionGroup) as raised:
        await lost.delivery.run()
    assert raised.group_contains(SetupError, match="does not hold them any more")


# Signals


async def test_a_signal_goes_to_the_others() -> None:
    world = World()
    async with world.running():
        await world.take(founded(0, BOB, CAROL))
        world.delivery.signal(GROUP, BOB, "typing")
        world.delivery.signal(SINGLE, ALICE, "typing")
    assert world.heard.signals == [([ALICE, CAROL], (GROUP, BOB, "typing")), ([BOB], (SINGLE, ALICE, "typing"))]


async def test_who_is_blocked_is_not_seen_typing() -> None:
    world = World()
    async with world.running():
        await world.take(record(0, sender=BOB), record(1, Block()))
        world.delivery.signal(SINGLE, BOB, "typing")
        world.delivery.signal(SINGLE, ALICE, "typing")
    assert world.heard.signals == [([BOB], (SINGLE, ALICE, "typing"))]


async def test_a_signal_of_a_stranger_or_in_a_large_or_unknown_group_is_dropped() -> None:
    world = World(options=DeliveryOptions(signals_group=2))
    async with world.running():
        await world.take(founded(0, BOB, CAROL))
        world.delivery.signal(GROUP, BOB, "typing")
        world.delivery.signal(GROUP, DAVE, "typing")
        world.delivery.signal(SINGLE, CAROL, "typing")
        world.delivery.signal(ConversationId("g:nowhere"), ALICE, "typing")
    assert world.heard.signals == []
