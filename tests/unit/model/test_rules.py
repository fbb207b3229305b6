"""Who may do what, and what happens then: one part a command."""

from copy import deepcopy

import pytest
from msgspec.structs import replace

from hongyan.model.codes import (
    AlreadyRecalled,
    EntryUnknown,
    GroupExists,
    GroupFull,
    InvalidField,
    LastOwner,
    NotAllowed,
    NotAMember,
    RecallTooLate,
)
from hongyan.model.commands import (
    AnyCommand,
    CreateGroup,
    LeaveGroup,
    Mark,
    MessageKind,
    Recall,
    RemoveMembers,
    Role,
    SendMessage,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId
from hongyan.model.records import (
    GroupCreated,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
    Message,
    Recalled,
    RecallNotice,
)
from hongyan.model.rules import RULES
from hongyan.model.state import Member, Outcome
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    GROUP,
    NOTICES,
    SINGLE,
    WINDOW_MS,
    Story,
    add,
    entry_of,
    group,
    receipt_of,
    refusal_of,
    text_of,
    with_admin,
)

RECALL_1, RECALL_2 = Recall(1, WINDOW_MS), Recall(2, WINDOW_MS)
EVERY_COMMAND: list[AnyCommand] = [
    text_of("hello"),
    RECALL_1,
    CreateGroup("Books", (BOB,), 5),
    add(DAVE),
    RemoveMembers((BOB,)),
    LeaveGroup(),
]


def test_every_command_has_its_rule() -> None:
    assert set(RULES) == set(AnyCommand.__args__)


# Messages


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


@pytest.mark.parametrize("conversation_id", [SINGLE, GROUP, NOTICES])
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
    assert outcome.replaced is not None
    assert outcome.replaced == replace(said, body=Recalled(ALICE))


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


# Groups


def test_the_creator_owns_the_group_and_the_first_entry_names_everybody() -> None:
    story = Story(GROUP)
    outcome = story.ask(ALICE, CreateGroup("读书会", (BOB, ALICE, CAROL, BOB), 3))
    entry = entry_of(outcome)
    assert (entry.seq, entry.countable) == (1, 0)
    assert entry.body == GroupCreated("读书会", (ALICE, BOB, CAROL))
    assert outcome.joined == story.state.audience == (ALICE, BOB, CAROL)
    assert story.state.name == "读书会"
    assert {user_id: member.role for user_id, member in story.state.members.items()} == {
        ALICE: Role.OWNER,
        BOB: Role.MEMBER,
        CAROL: Role.MEMBER,
    }
    assert all(member.joined_seq == 1 for member in story.state.members.values())
    assert [story.unread(user_id) for user_id in (ALICE, BOB, CAROL)] == [0, 0, 0]


def test_a_group_is_made_once_even_when_everybody_has_left() -> None:
    story = group()
    story.ask(ALICE, LeaveGroup())
    for user_id in (ALICE, BOB):
        assert isinstance(refusal_of(story.ask(user_id, CreateGroup("Books", (), 5))), GroupExists)


@pytest.mark.parametrize("conversation_id", [SINGLE, NOTICES])
def test_only_a_groups_conversation_can_be_a_group(conversation_id: ConversationId) -> None:
    assert isinstance(refusal_of(Story(conversation_id).ask(ALICE, CreateGroup("Books", (), 5))), InvalidField)


def test_a_group_has_no_more_members_than_the_limit() -> None:
    story = Story(GROUP)
    assert isinstance(refusal_of(story.ask(ALICE, CreateGroup("Books", (BOB, CAROL), 2))), GroupFull)
    receipt_of(story.ask(ALICE, CreateGroup("Books", (BOB, BOB, ALICE), 2)))
    refusal = refusal_of(story.ask(ALICE, add(CAROL, limit=2)))
    assert isinstance(refusal, GroupFull)
    assert str(refusal) == "A group may have 2 members."
    assert receipt_of(story.ask(ALICE, add(CAROL, CAROL, BOB, limit=3))).seq == 2


def test_any_member_brings_others_in_and_those_who_are_in_are_passed_over() -> None:
    story = group(BOB)
    outcome = story.ask(BOB, add(CAROL, ALICE, DAVE, CAROL))
    assert entry_of(outcome).body == MembersAdded((CAROL, DAVE))
    assert outcome.joined == (CAROL, DAVE)
    assert story.state.audience == (ALICE, BOB, CAROL, DAVE)
    assert story.state.members[CAROL].role == Role.MEMBER


def test_who_joins_sees_nothing_of_before_and_owes_it_no_reading() -> None:
    story = group(BOB)
    story.say(ALICE)
    story.say(BOB)
    story.ask(ALICE, add(CAROL))
    assert story.state.members[CAROL] == Member(Role.MEMBER, 4, 0, read_seq=3, read_countable=2, delivered_seq=3)
    assert story.unread(CAROL) == 0
    story.say(ALICE)
    assert story.unread(CAROL) == 1


@pytest.mark.parametrize("command", [add(BOB, ALICE), add(BOB, limit=1), RemoveMembers((DAVE,))])
def test_nothing_to_do_is_answered_without_an_entry(command: AnyCommand) -> None:
    story = group(BOB)
    story.say(ALICE)
    before = deepcopy(story.state)
    outcome = story.ask(ALICE, command, "quiet", digest=9)
    receipt = receipt_of(outcome)
    assert outcome == Outcome(receipt=receipt)
    assert (receipt.seq, receipt.countable, receipt.digest) == (0, 1, 9)
    assert story.state.submitted.pop((ALICE, receipt.client_msg_id)) == receipt
    assert replace(story.state, offset=before.offset) == before


def test_a_removed_member_sees_the_removal_as_his_last_entry() -> None:
    story = group(BOB, CAROL)
    story.say(ALICE)
    bob = story.state.members[BOB]
    outcome = story.ask(ALICE, RemoveMembers((BOB, DAVE, BOB)))
    assert entry_of(outcome).body == MembersRemoved((BOB,))
    assert outcome.former == (BOB,)
    assert story.state.audience == (ALICE, CAROL)
    assert (bob.left_seq, bob.read_seq) == (3, 0)
    assert story.state.touched[BOB] is bob
    assert isinstance(refusal_of(story.say(BOB)), NotAMember)
    assert story.mark(Mark(BOB, read_seq=3)).moved == ()
    assert bob.read_seq == 0


@pytest.mark.parametrize("actor", [ALICE, BOB, CAROL])
@pytest.mark.parametrize("target", [ALICE, BOB, CAROL, DAVE])
def test_a_higher_rank_puts_a_lower_one_out(actor: UserId, target: UserId) -> None:
    """Alice owns the group, bob is an admin, carol and dave are members."""
    story = with_admin(group(BOB, CAROL, DAVE), BOB)
    ranks = {ALICE: 3, BOB: 2, CAROL: 1, DAVE: 1}
    outcome = story.ask(actor, RemoveMembers((target,)))
    assert (outcome.refusal is None) is (ranks[actor] > ranks[target])
    assert (target in story.state.members) is (outcome.refusal is not None)


def test_who_may_not_put_out_all_of_them_puts_out_nobody() -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    assert isinstance(refusal_of(story.ask(BOB, RemoveMembers((CAROL, ALICE)))), NotAllowed)
    assert CAROL in story.state.members


def test_who_comes_back_is_a_new_member_who_sees_from_there_on() -> None:
    story = with_admin(group(BOB, CAROL), BOB)
    story.say(ALICE)
    story.ask(ALICE, RemoveMembers((BOB,)))
    story.say(CAROL)
    story.ask(CAROL, add(BOB))
    assert story.state.members[BOB] == Member(Role.MEMBER, 5, 0, read_seq=4, read_countable=2, delivered_seq=4)
    assert story.state.touched[BOB] is story.state.members[BOB]
    assert story.state.audience == (ALICE, CAROL, BOB)


def test_who_leaves_sees_it_as_his_last_entry() -> None:
    story = group(BOB)
    bob = story.state.members[BOB]
    outcome = story.ask(BOB, LeaveGroup())
    assert entry_of(outcome).body == MemberLeft()
    assert outcome.former == (BOB,)
    assert story.state.audience == (ALICE,)
    assert (bob.left_seq, bob.read_seq) == (2, 2)


def test_the_last_owner_stays_while_others_are_there() -> None:
    story = group(BOB)
    assert isinstance(refusal_of(story.ask(ALICE, LeaveGroup())), LastOwner)
    story.state.members[BOB].role = Role.OWNER
    receipt_of(story.ask(ALICE, LeaveGroup()))
    receipt_of(story.ask(BOB, LeaveGroup()))
    assert story.state.audience == ()


@pytest.mark.parametrize(
    ("command", "action"),
    [(add(CAROL), "add members"), (RemoveMembers((BOB,)), "remove members"), (LeaveGroup(), "leave")],
)
def test_a_single_keeps_its_two_members(command: AnyCommand, action: str) -> None:
    story = Story()
    story.say(ALICE)
    refusal = refusal_of(story.ask(ALICE, command))
    assert isinstance(refusal, NotAllowed)
    assert str(refusal) == f"You may not {action} here."
    assert isinstance(refusal_of(story.ask(CAROL, command)), NotAMember)


@pytest.mark.parametrize("command", [each for each in EVERY_COMMAND if not isinstance(each, CreateGroup)], ids=repr)
def test_a_stranger_hears_the_same_of_a_group_and_of_none(command: AnyCommand) -> None:
    there, nowhere = group(BOB, CAROL), Story(GROUP)
    there.say(ALICE)
    refusals: list[HongyanError] = [refusal_of(story.ask(DAVE, command)) for story in (there, nowhere)]
    assert [type(refusal) for refusal in refusals] == [NotAMember, NotAMember]
    assert str(refusals[0]) == str(refusals[1])


REFUSED: list[tuple[UserId, AnyCommand]] = [
    *((DAVE, command) for command in EVERY_COMMAND),
    (BOB, Recall(3, WINDOW_MS)),
    (BOB, Recall(2, 0)),
    (BOB, RemoveMembers((CAROL, ALICE))),
    (BOB, SendMessage(1, b"", mention_all=True)),
    (ALICE, LeaveGroup()),
    (ALICE, add(DAVE, limit=3)),
    (ALICE, CreateGroup("Again", (DAVE,), 9)),
]


@pytest.mark.parametrize(("sender_id", "command"), REFUSED, ids=repr)
def test_a_refusal_leaves_the_state_as_it_was(sender_id: UserId, command: AnyCommand) -> None:
    story = group(BOB, CAROL)
    story.say(BOB)
    story.say(ALICE)
    before = deepcopy(story.state)
    refusal_of(story.ask(sender_id, command))
    assert replace(story.state, offset=before.offset) == before


# Positions


def test_marks_move_positions_forward_only() -> None:
    story = Story()
    for _ in range(5):
        story.say(ALICE)
    for mark, read, delivered, moved in (
        (Mark(BOB, delivered_seq=2), 0, 2, True),
        (Mark(BOB, read_seq=3), 3, 3, True),
        (Mark(BOB, read_seq=1, delivered_seq=2), 3, 3, False),
        (Mark(BOB), 3, 3, False),
        (Mark(BOB, read_seq=3, delivered_seq=5), 3, 5, True),
        (Mark(BOB, read_seq=-9, delivered_seq=-9), 3, 5, False),
        (Mark(BOB, read_seq=99, delivered_seq=99), 5, 5, True),
    ):
        story.state.touched.clear()
        outcome = story.mark(mark)
        assert outcome == Outcome(moved=(BOB,) if moved else ())
        assert set(story.state.touched) == set(outcome.moved)
        member = story.state.members[BOB]
        assert (member.read_seq, member.delivered_seq) == (read, delivered)
        assert story.unread(BOB) == 5 - read


def test_a_mark_beyond_the_head_does_not_reach_entries_that_come_later() -> None:
    story = Story()
    story.say(ALICE)
    story.mark(Mark(BOB, 1_000, 1_000))
    story.say(ALICE)
    assert story.unread(BOB) == 1


def test_read_positions_count_messages_only() -> None:
    story = group(BOB)
    story.say(ALICE)
    story.ask(ALICE, add(CAROL))
    story.say(ALICE)
    for seq, unread in ((1, 2), (2, 1), (3, 1), (4, 0)):
        story.mark(Mark(BOB, read_seq=seq))
        assert story.unread(BOB) == unread


def test_marks_of_many_are_merged_and_those_of_strangers_passed_over() -> None:
    story = group(BOB, CAROL)
    story.say(ALICE)
    marks = (Mark(BOB, 2), Mark(DAVE, 2, 2), Mark(CAROL, 0, 2), Mark(ALICE, 2), Mark(BOB, 2), Mark(CAROL, 2))
    assert story.mark(*marks).moved == (BOB, CAROL)
    assert DAVE not in story.state.members


def test_a_mark_of_what_came_before_one_joined_moves_nothing() -> None:
    story = group(BOB)
    story.say(ALICE)
    story.ask(ALICE, add(CAROL))
    assert story.mark(Mark(CAROL, 1, 2)).moved == ()


def test_marks_in_a_conversation_that_is_not_there_do_nothing() -> None:
    for conversation_id in (SINGLE, GROUP, NOTICES):
        story = Story(conversation_id)
        assert story.mark(Mark(ALICE, 5, 5)) == Outcome()
        assert story.state.touched == {}
