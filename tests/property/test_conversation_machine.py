"""Random conversations of random users, decided in batches, stored late, crashed and replayed, beside a naive model.

Whatever happens in between, each record does what the naive model says, the first time and at every replay; and a reader
sees the same as the naive model at every moment, whether the store has kept it or not.
"""

import zlib
from typing import ClassVar

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from hongyan.adapters.store.memory import MemoryStore
from hongyan.delivery import warm
from hongyan.model import conversation
from hongyan.model.commands import (
    AddMembers,
    AnyCommand,
    Befriend,
    Block,
    CreateGroup,
    DeleteMessage,
    EditMessage,
    LeaveGroup,
    Mark,
    MovePositions,
    Pin,
    React,
    Recall,
    RemoveMembers,
    Role,
    SendMessage,
    SendToFriend,
    Unfriend,
)
from hongyan.model.conversation import apply, needed_facts
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message, Record
from hongyan.model.state import Conversation, Outcome, new_conversation, unread
from hongyan.protocol.codec import encode_entry
from tests.property.naive import Answer, Expected, NaiveConversation
from tests.property.owner import Owner, now
from tests.property.scale import settings, timeout

RETRY_WINDOW = 3
USERS = [UserId(name) for name in ("alice", "bob", "carol", "dave")]
users = st.sampled_from([*USERS, SYSTEM_USER])
some_users = st.lists(st.sampled_from(USERS), max_size=4).map(tuple)
limits = st.sampled_from([1, 3, 4, 4, 4])
contents = st.binary(max_size=3)


class ConversationMachine(RuleBasedStateMachine):
    """Two conversations in one log, of an owner that keeps at most one warm."""

    conversation_ids: ClassVar[tuple[ConversationId, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Record] = []
        self.expected: list[Expected] = []
        self.naive = {key: NaiveConversation(key, RETRY_WINDOW) for key in self.conversation_ids}
        self.store = MemoryStore()
        self.owner = self._new_owner()
        self.now_ms = 1_000

    def _new_owner(self) -> Owner:
        return Owner(self.log, self.store, capacity=1)

    # Asking

    def _append(
        self, conversation_id: ConversationId, sender_id: UserId, client_msg_id: str, command: AnyCommand, resend: bool
    ) -> None:
        number = len(self.log)
        digest = zlib.crc32(msgspec.msgpack.encode(command))
        stamps = (ClientMsgId(client_msg_id), MessageId(10_000 + number), self.now_ms)
        record = Record(conversation_id, sender_id, *stamps, command, digest, resend)
        self.log.append(record)
        self.expected.append(self.naive[conversation_id].take(record))

    def _ask(self, data: st.DataObject, command: AnyCommand, *, resend: bool = False) -> None:
        """Mostly by somebody who may; in one case of six by anybody."""
        naive = self.naive[data.draw(st.sampled_from(self.conversation_ids), "conversation")]
        speakers = [SYSTEM_USER] if naive.is_system else sorted(naive.present())
        anybody = not speakers or data.draw(st.integers(0, 5), "anybody") == 5
        sender_id = data.draw(users if anybody else st.sampled_from(speakers), "sender")
        self._append(naive.conversation_id, sender_id, f"m{len(self.log)}", command, resend)

    def _seqs(self) -> st.SearchStrategy[int]:
        return st.integers(-1, max(naive.head for naive in self.naive.values()) + 2)

    @initialize(others=some_users, owner=st.sampled_from(USERS))
    def begin(self, others: tuple[UserId, ...], owner: UserId) -> None:
        for number, conversation_id in enumerate(self.conversation_ids):
            self._append(conversation_id, owner, f"begin{number}", CreateGroup("begin", others, 4), False)

    @rule(data=st.data(), kind=st.integers(1, 8), content=contents, mention_all=st.booleans(), resend=st.booleans())
    def send(self, data: st.DataObject, kind: int, content: bytes, mention_all: bool, resend: bool) -> None:
        self._ask(data, SendMessage(kind, content, mention_all), resend=resend)

    @rule(data=st.data(), count=st.integers(1, 8))
    def chatter(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            self._ask(data, SendMessage(1, b"chatter"))

    @rule(data=st.data(), window_ms=st.sampled_from([0, 10, 100_000, 100_000]), resend=st.booleans())
    def recall(self, data: st.DataObject, window_ms: int, resend: bool) -> None:
        self._ask(data, Recall(data.draw(self._seqs(), "seq"), window_ms), resend=resend)

    @rule(data=st.data())
    def recall_everything(self, data: st.DataObject) -> None:
        for seq in range(1, max(naive.head for naive in self.naive.values()) + 1):
            self._ask(data, Recall(seq, 100_000))

    @rule(data=st.data(), kind=st.integers(1, 2), content=contents, mention_all=st.booleans(), resend=st.booleans())
    def edit(self, data: st.DataObject, kind: int, content: bytes, mention_all: bool, resend: bool) -> None:
        window_ms = data.draw(st.sampled_from([0, 0, 10]), "window")
        command = EditMessage(data.draw(self._seqs(), "seq"), kind, content, mention_all, window_ms)
        self._ask(data, command, resend=resend)

    @rule(data=st.data(), emoji=st.sampled_from(["a", "b"]), on=st.booleans(), count=st.integers(1, 4))
    def react(self, data: st.DataObject, emoji: str, on: bool, count: int) -> None:
        for _ in range(count):
            self._ask(data, React(data.draw(self._seqs(), "seq"), emoji, on))

    @rule(data=st.data())
    def amend_the_last(self, data: st.DataObject) -> None:
        """Several things happen to one message, each by whoever may."""
        naive = data.draw(st.sampled_from(list(self.naive.values())), "naive")
        spoken = [seq for seq, shown in enumerate(naive.shown, 1) if shown.counts and not shown.is_gone]
        if not spoken:
            return
        seq = spoken[-1]
        said, sender_id = naive.shown[seq - 1].body, naive.shown[seq - 1].record.sender_id
        assert isinstance(said, Message)
        each: st.SearchStrategy[AnyCommand] = st.sampled_from(
            [EditMessage(seq, said.kind, b"new"), React(seq, "a"), React(seq, "a", on=False), React(seq, "b"), Pin(seq)]
        )
        last: list[AnyCommand] = [DeleteMessage(seq)] * data.draw(st.integers(0, 1), "deleted")
        for command in [*data.draw(st.lists(each, min_size=2, max_size=5), "commands"), *last]:
            self._append(naive.conversation_id, sender_id, f"m{len(self.log)}", command, False)

    @rule(data=st.data(), on=st.booleans())
    def pin_or_delete(self, data: st.DataObject, on: bool) -> None:
        seq = data.draw(self._seqs(), "seq")
        commands: list[AnyCommand] = [Pin(seq, on), DeleteMessage(seq)]
        self._ask(data, data.draw(st.sampled_from(commands), "command"))

    @rule(data=st.data(), on=st.booleans(), by=st.sampled_from(USERS[:2]))
    def relate(self, data: st.DataObject, on: bool, by: UserId) -> None:
        if data.draw(st.booleans(), "block"):
            self._ask(data, Block(on))
        else:
            key = data.draw(st.sampled_from(self.conversation_ids), "conversation")
            self._append(key, SYSTEM_USER, f"m{len(self.log)}", Befriend(by) if on else Unfriend(by), False)

    @rule(data=st.data(), content=contents)
    def send_to_friend(self, data: st.DataObject, content: bytes) -> None:
        self._ask(data, SendToFriend(1, content))

    @rule(data=st.data(), others=some_users, limit=limits, resend=st.booleans())
    def add(self, data: st.DataObject, others: tuple[UserId, ...], limit: int, resend: bool) -> None:
        self._ask(data, AddMembers(others, limit), resend=resend)

    @rule(data=st.data(), others=some_users, limit=limits)
    def part(self, data: st.DataObject, others: tuple[UserId, ...], limit: int) -> None:
        commands: list[AnyCommand] = [CreateGroup("again", others, limit), RemoveMembers(others), LeaveGroup()]
        self._ask(data, data.draw(st.sampled_from(commands), "command"))

    @rule(data=st.data())
    def mark(self, data: st.DataObject) -> None:
        marks = st.builds(Mark, st.sampled_from(USERS), self._seqs(), self._seqs())
        command = MovePositions(tuple(data.draw(st.lists(marks, min_size=1, max_size=4), "marks")))
        self._append(data.draw(st.sampled_from(self.conversation_ids)), SYSTEM_USER, "", command, False)

    @rule(data=st.data(), count=st.integers(1, 5), resend=st.booleans(), latest=st.booleans())
    def repeat(self, data: st.DataObject, count: int, resend: bool, latest: bool) -> None:
        """The same ids again, as a client that has no receipts does; some say that they are retries and some do not."""
        for _ in range(count):
            before = data.draw(st.sampled_from(self.log[-12:] if latest else self.log), "record")
            if before.client_msg_id:
                self._append(before.conversation_id, before.sender_id, before.client_msg_id, before.command, resend)

    @rule(data=st.data(), content=contents, resend=st.booleans())
    def conflict(self, data: st.DataObject, content: bytes, resend: bool) -> None:
        """Something else under an id that was used before."""
        before = data.draw(st.sampled_from(self.log), "record")
        if before.client_msg_id:
            command = SendMessage(1, content)
            self._append(before.conversation_id, before.sender_id, before.client_msg_id, command, resend)

    @rule(by_ms=st.sampled_from([-5, 1, 7, 1_000]))
    def pass_time(self, by_ms: int) -> None:
        self.now_ms += by_ms

    # Deciding, storing, crashing

    @rule(count=st.integers(1, 6))
    def decide(self, count: int) -> None:
        start = self.owner.offset
        for offset, outcome in enumerate(self.owner.decide(count), start):
            self.check_outcome(offset, outcome)
            if outcome.entry is not None:
                self.check_push(outcome.entry)
        if self.owner.offset == len(self.log):
            for naive in self.naive.values():
                self.check_readers(naive)

    @rule(count=st.integers(1, 4))
    def persist(self, count: int) -> None:
        self.owner.persist(count)
        if self.owner.offset == len(self.log):
            for naive in self.naive.values():
                self.check_readers(naive)

    @rule(batch=st.integers(1, 6), left=st.integers(0, 3))
    def go_on(self, batch: int, left: int) -> None:
        """Decides all there is and stores all but the last batches, as an owner does that keeps up."""
        while self.owner.offset < len(self.log):
            self.decide(batch)
        self.persist(max(0, len(self.owner.decided) - left))

    @rule()
    def crash(self) -> None:
        """What was decided and not stored is decided again, in other batches, by an owner that remembers nothing."""
        self.owner = self._new_owner()

    def teardown(self) -> None:
        self.decide(len(self.log) + 1)
        self.check_replay_from_the_start()
        self.crash()
        self.decide(len(self.log) + 1)
        self.owner.persist(1_000)
        for naive in self.naive.values():
            self.check_readers(naive)
            self.check_store(naive)

    # What must hold

    def check_outcome(self, offset: int, outcome: Outcome) -> None:
        expected = self.expected[offset]
        assert answer_of(outcome) == expected.answer
        assert outcome.entry == expected.entry
        assert outcome.replaced == expected.replaced
        assert frozenset(outcome.joined) == expected.joined
        assert frozenset(outcome.former) == expected.former
        assert frozenset(outcome.moved) == expected.moved
        for user_ids in (outcome.joined, outcome.former, outcome.moved):
            assert len(set(user_ids)) == len(user_ids)

    def check_push(self, entry: Entry) -> None:
        recipients = self.owner.pushed[entry.conversation_id, entry.seq]
        assert set(recipients) == self.naive[entry.conversation_id].viewers(entry.seq)
        assert len(set(recipients)) == len(recipients)

    def check_state(self, state: Conversation, naive: NaiveConversation) -> None:
        present = naive.present()
        assert (state.seq, state.countable) == (naive.head, naive.countable(naive.head))
        assert set(state.audience) == set(state.members) == set(present)
        assert len(state.audience) == len(present)
        flagged = {user_id: member.seat.flags for user_id, member in state.members.items()}
        assert flagged == {user_id: naive.flags(user_id) for user_id in present}
        assert list(state.settings.pins) == naive.pins
        owners = [user_id for user_id, member in state.members.items() if member.role == Role.OWNER]
        assert len(owners) == (1 if naive.is_group and present else 0)
        for user_id, member in state.members.items():
            stay = present[user_id]
            assert (member.joined_seq, member.left_seq) == (stay.first, 0)
            assert (member.read_seq, member.delivered_seq) == (stay.read_seq, stay.delivered_seq)
            assert unread(state.countable, member) == naive.unread(user_id)

    def _state(self, conversation_id: ConversationId) -> Conversation:
        """As its owner has it, or would load it."""
        warm_state = self.owner.warm.get(conversation_id)
        return (
            warm_state
            or now(self.store.load([conversation_id])).get(conversation_id)
            or new_conversation(conversation_id)
        )

    def check_readers(self, naive: NaiveConversation) -> None:
        conversation_id = naive.conversation_id
        self.check_state(self._state(conversation_id), naive)
        shown = {seq: encode_entry(naive.entry(seq)) for seq in range(1, naive.head + 1)}
        assert self.owner.shown(conversation_id) == shown
        self.check_memberships(naive)
        self.check_unsettled(naive)

    def check_memberships(self, naive: NaiveConversation) -> None:
        """The hot head first, then the store, as sync reads them."""
        for user_id, stays in naive.stays.items():
            row = now(self.owner.hot.membership(naive.conversation_id, user_id))
            if row is None:
                row = now(self.store.membership(naive.conversation_id, user_id))
            if naive.head == 0:
                continue
            assert row is not None
            stay = stays[-1]
            assert (row.joined_seq, row.left_seq) == (stay.first, stay.last)
            assert (row.read_seq, row.delivered_seq) == (stay.read_seq, stay.delivered_seq)

    def check_unsettled(self, naive: NaiveConversation) -> None:
        """Who is in finds the conversation among the unsettled unless the store has it as it is."""
        conversation_id = naive.conversation_id
        true, stored = self._state(conversation_id), now(self.store.load([conversation_id])).get(conversation_id)
        is_stored = visible(true) == visible(stored or new_conversation(conversation_id))
        for user_id in USERS:
            found = [row for row, _ in now(self.owner.hot.unsettled(user_id)) if row.conversation_id == conversation_id]
            assert len(found) <= 1
            if user_id not in naive.stays:
                assert found == []
            elif user_id in naive.present() and not is_stored:
                # Without an entry too: it may hold no more than that one blocks the other; sync passes over it.
                assert [row.seq for row in found] == [naive.head]

    def check_replay_from_the_start(self) -> None:
        """Nobody crashed, nothing is ever looked up: the same entries and receipts."""
        states = {key: new_conversation(key) for key in self.conversation_ids}
        for state in states.values():
            state.opened = {}
        for offset, record in enumerate(self.log):
            state = states[record.conversation_id]
            assert needed_facts(state, record) == []
            self.check_outcome(offset, apply(state, record, offset))
            times = [submitted.time_ms for submitted in state.recent.values()]
            assert times == sorted(times)
            assert list(state.recent) == list(range(1, state.seq + 1))
        for key, state in states.items():
            self.check_state(state, self.naive[key])

    def check_store(self, naive: NaiveConversation) -> None:
        """A user's list, once everything is stored."""
        for user_id, stays in naive.stays.items():
            heads = [
                row
                for row in now(self.store.heads(user_id, -1, 100))
                if row.conversation.conversation_id == naive.conversation_id
            ]
            if naive.head == 0:
                assert heads == []
                continue
            (row,) = heads
            last = stays[-1].last or naive.head
            assert (row.conversation.seq, row.conversation.countable) == (last, naive.countable(last))
            assert row.preview == encode_entry(naive.entry(last))


def visible(state: Conversation) -> tuple[object, ...]:
    """What anybody can tell of a conversation."""
    return state.seq, state.countable, state.time_ms, state.name, state.members, state.settings.pins


def answer_of(outcome: Outcome) -> Answer | None:
    if outcome.refusal is not None:
        assert outcome.receipt is None
        return Answer(type(outcome.refusal))
    receipt = outcome.receipt
    if receipt is None:
        return None
    return Answer(None, receipt.seq, receipt.message_id, receipt.time_ms, outcome.duplicate)


class SingleMachine(ConversationMachine):
    conversation_ids = (ConversationId("s:alice:bob"), ConversationId("s:alice:carol"))


class GroupMachine(ConversationMachine):
    conversation_ids = (ConversationId("g:books"), ConversationId("g:films"))


class SystemMachine(ConversationMachine):
    conversation_ids = (ConversationId("n:alice"), ConversationId("n:bob"), ConversationId("u:alice"))


class MixedMachine(ConversationMachine):
    conversation_ids = (ConversationId("g:books"), ConversationId("s:alice:bob"), ConversationId("n:alice"))


@pytest.fixture(autouse=True)
def _retry_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fifty steps can leave behind."""
    monkeypatch.setattr(conversation, "RETRY_WINDOW", RETRY_WINDOW)
    monkeypatch.setattr(warm, "RETRY_WINDOW", RETRY_WINDOW)


# Many short rounds and not one long one, so that each ends in time on a busy machine too.
ROUNDS = [SingleMachine] * 2 + [GroupMachine] * 4 + [SystemMachine] + [MixedMachine] * 3


@timeout()
@pytest.mark.parametrize(
    "machine", ROUNDS, ids=[f"{machine.__name__}-{number}" for number, machine in enumerate(ROUNDS)]
)
def test_every_record_does_what_the_naive_model_says(machine: type[ConversationMachine]) -> None:
    run_state_machine_as_test(machine, settings=settings(30))
