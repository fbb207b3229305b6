"""States stay warm as far as memory allows, and a cold owner decides as a warm one does."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from hongyan.adapters.store.memory import FactKey, MemoryStore
from hongyan.delivery.warm import WarmStates
from hongyan.model.commands import AnyCommand, EditMessage, React, Recall, SendMessage
from hongyan.model.conversation import RETRY_WINDOW
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId, single_id
from hongyan.model.records import Record, Submitted
from hongyan.model.state import Outcome
from hongyan.ports.store import ConversationRow
from tests.property.owner import Owner, seqs_of

ALICE, BOB = UserId("alice"), UserId("bob")
SINGLE = single_id(ALICE, BOB)
WINDOW = RETRY_WINDOW


def record(
    number: int, name: str = "", command: AnyCommand | None = None, conversation_id: ConversationId = SINGLE
) -> Record:
    asked = SendMessage(1, b"hello") if command is None else command
    return Record(conversation_id, ALICE, ClientMsgId(name or f"m{number}"), MessageId(number), 1_000 + number, asked)


def owner_of(store: MemoryStore, *, capacity: int = 100) -> Owner:
    return Owner([], store, capacity=capacity, window=WINDOW)


def decide(owner: Owner, *records: Record) -> list[Outcome]:
    """Appends the records and decides them as one batch."""
    owner.log.extend(records)
    return owner.decide(len(records))


def restarted(owner: Owner) -> Owner:
    """Another owner of the same log and store, that has seen what was stored."""
    return Owner(list(owner.log), owner.store, window=WINDOW)


def chatted(entries: int) -> Owner:
    owner = owner_of(MemoryStore())
    for start in range(0, entries, 500):
        decide(owner, *(record(number) for number in range(start, min(entries, start + 500))))
        owner.persist(1)
    return owner


def test_windows_shrink_though_there_is_always_something_that_is_not_stored() -> None:
    owner = owner_of(MemoryStore())
    for start in range(0, 6_000, 100):
        decide(owner, *(record(number) for number in range(start, start + 100)))
        if start:
            owner.persist(1)
    state = owner.warm.get(SINGLE)
    assert state is not None
    assert state.seq == 6_000
    assert len(state.recent) <= max(WINDOW, RETRY_WINDOW) + 200
    assert len(state.submitted) <= max(WINDOW, RETRY_WINDOW) + 200


def test_a_restarted_owner_knows_a_retry_that_does_not_say_so() -> None:
    """In its first batch and in later ones, as long as its own window does not reach back far enough."""
    owner = restarted(chatted(1_000))
    assert seqs_of(decide(owner, record(1_000), record(1_001, "m900"))) == [1_001, 901]
    for number in range(300):
        decide(owner, record(2_000 + number))
    assert seqs_of(decide(owner, record(3_000, "m995"))) == [996]


def test_warm_and_restarted_owners_decide_alike_about_a_retry_that_does_not_say_so() -> None:
    for back in (1, RETRY_WINDOW - 1, RETRY_WINDOW, RETRY_WINDOW + 1, 1_900):
        warm = chatted(2_000)
        cold = restarted(warm)
        retry = record(5_000, f"m{2_000 - back}")
        assert seqs_of(decide(warm, retry)) == seqs_of(decide(cold, retry)), back


def test_a_retry_that_says_so_is_known_from_the_store() -> None:
    owner = chatted(3_000)
    state = owner.warm.get(SINGLE)
    assert state is not None
    assert (ALICE, "m5") not in state.submitted
    (outcome,) = decide(owner, replace(record(5_000, "m5"), resend=True))
    assert outcome.duplicate
    assert seqs_of([outcome]) == [6]


def test_the_last_message_can_be_recalled_after_a_restart() -> None:
    owner = restarted(chatted(3))
    (outcome,) = decide(owner, record(10, command=Recall(3, 120_000)))
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


def test_what_a_batch_is_prepared_with_is_not_let_go_meanwhile() -> None:
    store = Interrupting()
    owner = owner_of(store)
    count = 2 * WINDOW + 1
    decide(owner, *(record(number) for number in range(count)))
    owner.persist(1)
    other = single_id(ALICE, UserId("carol"))
    decide(owner, record(0, conversation_id=other))
    owner.persist(1)
    owner = restarted(owner)
    decide(owner, *(record(count + number) for number in range(count)))
    warm_seq = count + 1
    store.warm, store.rows = owner.warm, list(owner.decided[0].conversations)
    recalls = [record(1, "r1", Recall(1, 1 << 40), other), record(2, "r2", Recall(warm_seq, 1 << 40))]
    assert [outcome.refusal for outcome in decide(owner, *recalls)] == [None, None]


def test_states_beyond_the_capacity_go_least_recently_used_first_and_only_when_stored() -> None:
    owner = owner_of(MemoryStore(), capacity=2)
    names = [single_id(ALICE, UserId(name)) for name in ("b", "c", "d", "e")]
    for number, name in enumerate(names):
        decide(owner, record(number, conversation_id=name))
    decide(owner, record(9, conversation_id=names[0]))
    assert len(owner.warm) == 4
    for _ in range(5):
        owner.persist(1)
    decide(owner, record(10, conversation_id=names[0]))
    assert [owner.warm.get(name) is not None for name in names] == [True, False, False, True]
    assert seqs_of(decide(owner, record(11, conversation_id=names[1]))) == [2]


def test_a_cold_owner_edits_and_recalls_as_a_warm_one_does() -> None:
    """What was said, and the edit before, are in the store, in the hot head, or in the batch itself."""
    commands: list[AnyCommand] = [
        SendMessage(1, b"old"),
        EditMessage(1, 1, b"secret"),
        React(1, "a"),
        EditMessage(1, 1, b"new"),
        Recall(1, 120_000),
    ]
    records = [record(number, command=command) for number, command in enumerate(commands)]
    at_once = decide(owner_of(MemoryStore()), *records)
    for stored in (True, False):
        owner = owner_of(MemoryStore())
        outcomes = []
        for each in records:
            outcomes += decide(owner, each)
            if stored:
                owner.persist(1)
                owner = restarted(owner)
        assert [outcome.replaced for outcome in outcomes] == [outcome.replaced for outcome in at_once]
    assert [entry.seq for entry in at_once[-1].replaced] == [1, 4]


def test_what_was_opened_is_let_go_with_the_next_batch() -> None:
    owner = owner_of(MemoryStore())
    decide(owner, record(0), record(1, command=React(1, "a")))
    state = owner.warm.get(SINGLE)
    assert state is not None
    assert state.opened is not None
    decide(owner, record(2))
    assert state.opened is None
