"""Who may say what, and what becomes of it."""

import pytest
from msgspec.structs import replace

from hongyan.model.codes import (
    AlreadyRecalled,
    EntryUnknown,
    NotAllowed,
    NotAMember,
    RecallTooLate,
)
from hongyan.model.commands import (
    LeaveGroup,
    Mark,
    MessageKind,
    Recall,
    RemoveMembers,
    Role,
    SendMessage,
)
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId
from hongyan.model.records import (
    Message,
    Recalled,
    RecallNotice,
)
from hongyan.model.state import Member
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    GROUP,
    NOTICES,
    SAVED,
    SINGLE,
    WINDOW_MS,
    Story,
    add,
    entry_of,
    group,
    receipt_of,
    refusal_of,
    with_admin,
)

RECALL_1, RECALL_2 = Recall(1, WINDOW_MS), Recall(2, WINDOW_MS)


def test_a_message_takes_the_next_seq_and_counts() -> None:
    story = Story()
    story.say(ALICE)
    outcome = story.ask(BOB, SendMessage(MessageKind.IMAGE, b"\x00\xff"), "m-1", digest=77)
    entry = entry_of(outcome)
    record = story.records[-1]
    assert (entry.conversation_id, entry.seq, entry.countable) == (SINGLE, 2, 2)
    assert (entry.message_id, entry.sender_id, entry.client_msg_id) == (record.message_id, BOB, "m-1")
    assert entry.time_ms == record.time_ms
    assert entry.body == Message(MessageKind.IMAGE, b"\x00\xff")
    receipt = receipt_of(outcome)
    assert (receipt.seq, receipt.message_id, receipt.time_ms) == (entry.seq, entry.message_id, entry.time_ms)
    assert (receipt.countable, receipt.digest, receipt.kind) == (2, 77, MessageKind.IMAGE)
    assert not outcome.duplicate


@pytest.mark.parametrize("conversation_id", [SINGLE, GROUP, NOTICES, SAVED])
def test_a_stranger_cannot_speak(conversation_id: ConversationId) -> None:
    story = Story(conversation_id)
    refusal = refusal_of(story.say(CAROL))
    assert isinstance(refusal, NotAllowed if conversation_id == NOTICES else NotAMember)
    assert story.state.seq == 0


def test_only_the_system_speaks_in_a_system_conversation() -> None:
    story = Story(NOTICES)
    assert entry_of(story.say(SYSTEM_USER)).seq == 1
    assert isinstance(refusal_of(story.say(ALICE)), NotAllowed)
    assert story.unread(ALICE) == 1


def test_what_a_user_says_to_himself_is_his_alone_and_read_at_once() -> None:
    story = Story(SAVED)
    outcome = story.say(ALICE)
    assert (entry_of(outcome).seq, outcome.joined) == (1, (ALICE,))
    assert story.unread(ALICE) == 0
    assert isinstance(refusal_of(story.say(SYSTEM_USER)), NotAMember)
    assert entry_of(story.ask(ALICE, Recall(1, WINDOW_MS))).seq == 2


def test_the_system_speaks_in_groups_that_are_there_and_not_between_two() -> None:
    assert isinstance(refusal_of(Story().say(SYSTEM_USER)), NotAMember)
    assert isinstance(refusal_of(Story(GROUP).say(SYSTEM_USER)), NotAMember)
    story = group(BOB)
    entry_of(story.say(SYSTEM_USER))
    assert (story.unread(ALICE), story.unread(BOB)) == (1, 1)


def test_the_first_message_makes_a_single_known_to_both() -> None:
    story = Story()
    first = story.say(ALICE)
    assert set(first.joined) == set(story.state.touched) == {ALICE, BOB}
    story.state.touched.clear()
    second = story.say(BOB)
    assert second.joined == ()
    assert set(story.state.touched) == {BOB}


def test_sending_moves_ones_own_positions_and_nobody_elses() -> None:
    story = Story()
    for sender_id in (ALICE, ALICE, BOB, ALICE):
        story.say(sender_id)
    assert story.state.members == {
        ALICE: Member(Role.MEMBER, 1, 0, read_seq=4, read_countable=4, delivered_seq=4),
        BOB: Member(Role.MEMBER, 1, 0, read_seq=3, read_countable=3, delivered_seq=3),
    }
    assert (story.unread(ALICE), story.unread(BOB)) == (0, 1)


def test_entry_time_never_runs_backwards() -> None:
    story = Story()
    times = []
    for now_ms in (5_000, 4_000, 6_000, 5_999):
        story.now_ms = now_ms
        times.append(entry_of(story.say(ALICE)).time_ms)
    assert times == [5_001, 5_001, 6_001, 6_001]


def test_only_owner_and_admins_of_a_group_call_everybody() -> None:
    everybody = SendMessage(1, b"", mention_all=True)
    story = with_admin(group(BOB, CAROL), BOB)
    assert [story.ask(user_id, everybody).refusal is None for user_id in (ALICE, BOB, CAROL)] == [True, True, False]
    refusal = refusal_of(story.ask(CAROL, everybody))
    assert str(refusal) == "You may not mention all here."
    assert isinstance(refusal_of(Story().ask(ALICE, everybody)), NotAllowed)


# Recall


def test_a_recalled_message_keeps_its_place_and_number_but_not_its_content() -> None:
    story = Story()
    said = entry_of(story.say(ALICE, "secret"))
    story.say(BOB)
    outcome = story.ask(ALICE, RECALL_1)
    notice = entry_of(outcome)
    assert (notice.seq, notice.countable, notice.body) == (3, 2, RecallNotice(1))
    assert outcome.replaced == (replace(said, body=Recalled(ALICE)),)


def test_a_recall_does_not_change_what_is_unread() -> None:
    story = Story()
    story.say(ALICE)
    story.say(ALICE)
    story.ask(ALICE, RECALL_1)
    assert story.unread(BOB) == 2
    story.mark(Mark(BOB, read_seq=3))
    assert story.unread(BOB) == 0


def test_a_message_is_recalled_once() -> None:
    story = group(BOB)
    story.say(BOB)
    assert entry_of(story.ask(BOB, RECALL_2)).seq == 3
    for user_id in (ALICE, BOB):
        assert isinstance(refusal_of(story.ask(user_id, RECALL_2)), AlreadyRecalled)


@pytest.mark.parametrize(("late_ms", "allowed"), [(WINDOW_MS, True), (WINDOW_MS + 1, False)])
def test_the_sender_recalls_within_the_window(late_ms: int, allowed: bool) -> None:
    story = Story()
    story.say(ALICE)
    story.now_ms += late_ms - 1
    outcome = story.ask(ALICE, RECALL_1)
    assert (outcome.refusal is None) is allowed
    if not allowed:
        assert str(refusal_of(outcome)) == "A message can be recalled for 120000 ms."
        assert isinstance(outcome.refusal, RecallTooLate)


def test_in_a_single_nobody_recalls_the_others_message() -> None:
    story = Story()
    story.say(ALICE)
    assert isinstance(refusal_of(story.ask(BOB, RECALL_1)), NotAllowed)


@pytest.mark.parametrize("actor", [ALICE, BOB, CAROL])
@pytest.mark.parametrize("sender", [ALICE, BOB, CAROL])
def test_in_a_group_a_higher_rank_recalls_at_any_time(actor: UserId, sender: UserId) -> None:
    """Alice owns the group, bob is an admin, carol is a member."""
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(sender)
    story.now_ms += 10 * WINDOW_MS
    ranks = {ALICE: 3, BOB: 2, CAROL: 1}
    outcome = story.ask(actor, RECALL_2)
    assert (outcome.refusal is None) is (ranks[actor] > ranks[sender])


def test_a_message_of_one_who_left_is_a_members_message() -> None:
    story = with_admin(group(BOB, CAROL, DAVE), BOB)
    story.say(CAROL)
    story.ask(CAROL, LeaveGroup())
    assert isinstance(refusal_of(story.ask(DAVE, RECALL_2)), NotAllowed)
    assert story.ask(BOB, RECALL_2).refusal is None


def test_what_is_no_message_cannot_be_recalled() -> None:
    story = group(BOB)
    story.say(ALICE)
    story.ask(ALICE, RECALL_2)
    for seq in (-1, 0, 1, 3, 4, 1 << 62):
        refusal = refusal_of(story.ask(ALICE, Recall(seq, WINDOW_MS)))
        assert isinstance(refusal, EntryUnknown)
        assert str(refusal) == f"There is no entry {seq} for you."


def test_who_cannot_see_a_message_cannot_recall_it() -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(CAROL)
    story.say(BOB, "mine")
    story.ask(ALICE, RemoveMembers((BOB,)))
    assert isinstance(refusal_of(story.ask(BOB, Recall(3, WINDOW_MS))), NotAMember)
    story.ask(ALICE, add(BOB))
    with_admin(story, BOB)
    for seq in (2, 3):
        assert isinstance(refusal_of(story.ask(BOB, Recall(seq, WINDOW_MS))), EntryUnknown)


def test_the_system_recalls_its_own_notices_and_the_reader_does_not() -> None:
    story = Story(NOTICES)
    story.say(SYSTEM_USER)
    assert isinstance(refusal_of(story.ask(ALICE, RECALL_1)), NotAllowed)
    assert entry_of(story.ask(SYSTEM_USER, RECALL_1)).body == RecallNotice(1)
    assert isinstance(refusal_of(Story().ask(SYSTEM_USER, RECALL_1)), NotAMember)
