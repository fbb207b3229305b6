"""Positions are marks merged by maximum: neither their order nor how they are bundled matters."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from hongyan.model.commands import CreateGroup, Mark, MovePositions, SendMessage
from hongyan.model.conversation import apply
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Record
from hongyan.model.state import Conversation, new_conversation, unread
from tests.property.scale import settings

GROUP = ConversationId("g:books")
USERS = [UserId(name) for name in ("alice", "bob", "carol")]
HEAD = 12
marks = st.builds(
    Mark, st.sampled_from([*USERS, UserId("stranger")]), st.integers(-1, HEAD + 3), st.integers(-1, HEAD + 3)
)


def record(number: int, sender_id: UserId, command: CreateGroup | SendMessage | MovePositions) -> Record:
    return Record(GROUP, sender_id, ClientMsgId(f"m{number}"), MessageId(number), number, command)


def chatted() -> Conversation:
    """A group of three in which alice and bob have said something in turn, and carol nothing."""
    state = new_conversation(GROUP)
    apply(state, record(0, USERS[0], CreateGroup("Books", tuple(USERS), 5)), 0)
    for number in range(1, HEAD):
        apply(state, record(number, USERS[number % 2], SendMessage(1, b"")), number)
    state.touched.clear()
    return state


def moved(state: Conversation, bundles: list[list[Mark]]) -> Conversation:
    for offset, bundle in enumerate(bundles, state.offset + 1):
        apply(state, record(offset, SYSTEM_USER, MovePositions(tuple(bundle))), offset)
    state.offset = 0
    return state


@settings(200)
@given(st.data(), st.lists(marks, max_size=8))
def test_marks_give_the_same_in_any_order_and_any_bundles(data: st.DataObject, given_marks: list[Mark]) -> None:
    state = chatted()
    together = moved(deepcopy(state), [given_marks])
    shuffled = data.draw(st.permutations(given_marks))
    one_by_one = moved(deepcopy(state), [[mark] for mark in shuffled])
    assert together == one_by_one
    assert together == moved(deepcopy(together), [given_marks])
    for user_id in USERS:
        before, after = state.members[user_id], together.members[user_id]
        wanted = [mark for mark in given_marks if mark.user_id == user_id]
        assert after.read_seq == min(HEAD, max([before.read_seq, *(mark.read_seq for mark in wanted)]))
        delivered = max([before.delivered_seq, after.read_seq, *(mark.delivered_seq for mark in wanted)])
        assert after.delivered_seq == min(HEAD, delivered)
        unread_seqs = range(after.read_seq + 1, HEAD + 1)
        assert unread(state.countable, after) == sum(seq > 1 for seq in unread_seqs)
