"""States stay warm as far as memory allows, and a cold owner decides as a warm one does."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from hongyan.adapters.store.memory import FactKey, MemoryStore
from hongyan.delivery.warm import WarmStates
from hongyan.delivery.work import Work, conversation_row, touched_rows
from hongyan.model.commands import AnyCommand, Recall, SendMessage
from hongyan.model.conversation import RETRY_WINDOW, apply
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId, single_id
from hongyan.model.records import Record, Submitted
from hongyan.model.state import Outcome
from hongyan.ports.store import ConversationRow, StoreBatch

ALICE, BOB = UserId("alice"), UserId("bob")
SINGLE = single_id(ALICE, BOB)
WINDOW = RETRY_WINDOW


def record(
    number: int, name: str = "", command: AnyCommand | None = None, conversation_id: ConversationId = SINGLE
) -> Record:
    asked = SendMessage(1, b"hello") if command is None else command
    return Record(conversation_id, ALICE, ClientMsgId(name or f"m{number}"), MessageId(number), 1_000 + number, asked)


class Owner:
    """Decides batches with warm states and stores them when told to, as delivery does."""

    def __init__(self, store: MemoryStore, *, capacity: int = 100, offset: int = 0) -> None:
        self.store, self.offset = store, offset
        self.warm = WarmStates(store, capacity, WINDOW)
        self.decided: list[StoreBatch] = []

    async def decide(self, *records: Record) -> list[Outcome]:
        states = await self.warm.prepare(records)
        works: dict[ConversationId, Work] = {}
        outcomes = []
        for each in records:
            work = works.setdefault(each.conversation_id, Work(states[each.conversation_id]))
            outcomes.append(apply(work.state, each, self.offset))
            work.take(each, outcomes[-1])
            self.offset += 1
        batch = StoreBatch(0, self.offset, [], [], [], [], [], [])
        for work in works.values():
            batch.entries += work.rows
            batch.replaced += work.replaced
            batch.silent += work.silent
            batch.conversations.append(conversation_row(work.state))
            batch.members += touched_rows(work.state)
        self.decided.append(batch)
        return outcomes

    async def persist(self) -> None:
        """Stores the oldest batch that was decided and not stored."""
        batch = self.decided.pop(0)
        await self.store.persist(batch)
        self.warm.settle(batch.conversations, batch.next_offset)

    async def restarted(self) -> "Owner":
        """Another owner of the same store, that has seen what was stored."""
        return Owner(self.store, offset=await self.store.position(0))


async def chatted(entries: int) -> Owner:
    owner = Owner(MemoryStore())
    for start in range(0, entries, 500):
        await owner.decide(*(record(number) for number in range(start, min(entries, start + 500))))
        await owner.persist()
    return owner


def seqs(outcomes: Sequence[Outcome]) -> list[int]:
    assert all(outcome.receipt is not None for outcome in outcomes)
    return [outcome.receipt.seq for outcome in outcomes if outcome.receipt is not None]


async def test_windows_shrink_though_there_is_always_something_that_is_not_stored() -> None:
    owner = Owner(MemoryStore())
    for start in range(0, 6_000, 100):
        await owner.decide(*(record(number) for number in range(start, start + 100)))
        if start:
            await owner.persist()
    state = owner.warm.get(SINGLE)
    assert state is not None
    assert state.seq == 6_000
    assert len(state.recent) <= 2 * WINDOW + 200
    assert len(state.submitted) <= 2 * WINDOW + 200


async def test_a_restarted_owner_knows_a_retry_that_does_not_say_so() -> None:
    """In its first batch and in later ones, as long as its own window does not reach back far enough."""
    owner = await (await chatted(1_000)).restarted()
    assert seqs(await owner.decide(record(1_000), record(1_001, "m900"))) == [1_001, 901]
    for number in range(300):
        await owner.decide(record(2_000 + number))
    assert seqs(await owner.decide(record(3_000, "m995"))) == [996]


async def test_warm_and_restarted_owners_decide_alike_about_a_retry_that_does_not_say_so() -> None:
    for back in (1, RETRY_WINDOW - 1, RETRY_WINDOW, RETRY_WINDOW + 1, 1_900):
        warm = await chatted(2_000)
        cold = await warm.restarted()
        retry = record(5_000, f"m{2_000 - back}")
        assert seqs(await warm.decide(retry)) == seqs(await cold.decide(retry)), back


async def test_a_retry_that_says_so_is_known_from_the_store() -> None:
    owner = await chatted(3_000)
    state = owner.warm.get(SINGLE)
    assert state is not None
    assert (ALICE, "m5") not in state.submitted
    (outcome,) = await owner.decide(replace(record(5_000, "m5"), resend=True))
    assert outcome.duplicate
    assert seqs([outcome]) == [6]


async def test_the_last_message_can_be_recalled_after_a_restart() -> None:
    owner = await (await chatted(3)).restarted()
    (outcome,) = await owner.decide(record(10, command=Recall(3, 120_000)))
    assert outcome.refusal is None


class Interrupting(MemoryStore):
    """A store during whose look-up of facts earlier batches settle."""

    def __init__(self) -> None:
        super().__init__()
        self.warm: WarmStates | None = None
        self.rows: list[ConversationRow] = []

    async def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Submitted]:
        if self.warm is not None:
            self.warm.settle(self.rows, 1 << 40)
        return await super().facts(keys)


async def test_what_a_batch_is_prepared_with_is_not_let_go_meanwhile() -> None:
    store = Interrupting()
    owner = Owner(store)
    count = 2 * WINDOW + 1
    await owner.decide(*(record(number) for number in range(count)))
    await owner.persist()
    other = single_id(ALICE, UserId("carol"))
    await owner.decide(record(0, conversation_id=other))
    await owner.persist()
    owner = await owner.restarted()
    await owner.decide(*(record(count + number) for number in range(count)))
    warm_seq = count + 1
    store.warm, store.rows = owner.warm, list(owner.decided[0].conversations)
    recalls = [record(1, "r1", Recall(1, 1 << 40), other), record(2, "r2", Recall(warm_seq, 1 << 40))]
    assert [outcome.refusal for outcome in await owner.decide(*recalls)] == [None, None]


async def test_states_beyond_the_capacity_go_least_recently_used_first_and_only_when_stored() -> None:
    owner = Owner(MemoryStore(), capacity=2)
    names = [single_id(ALICE, UserId(name)) for name in ("b", "c", "d", "e")]
    for number, name in enumerate(names):
        await owner.decide(record(number, conversation_id=name))
    await owner.decide(record(9, conversation_id=names[0]))
    assert len(owner.warm) == 4
    for _ in range(5):
        await owner.persist()
    await owner.decide(record(10, conversation_id=names[0]))
    assert [owner.warm.get(name) is not None for name in names] == [True, False, False, True]
    assert seqs(await owner.decide(record(11, conversation_id=names[1]))) == [2]
