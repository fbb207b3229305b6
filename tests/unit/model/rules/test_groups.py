"""Who may do what in a group, and what happens then."""

from copy import deepcopy

import pytest
from msgspec.structs import replace

from hongyan.model.codes import (
    GroupExists,
    GroupFull,
    InvalidField,
    LastOwner,
    NotAllowed,
    NotAMember,
)
from hongyan.model.commands import (
    AnyCommand,
    CreateGroup,
    DismissGroup,
    LeaveGroup,
    Mark,
    Recall,
    RemoveMembers,
    Role,
    SendMessage,
    SetRole,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId
from hongyan.model.records import (
    GroupCreated,
    GroupDismissed,
    MemberLeft,
    MembersAdded,
    MembersRemoved,
)
from hongyan.model.state import Member, Outcome
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    GROUP,
    LIMIT,
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


# How a group ends


def test_a_dismissed_group_is_over_for_everybody() -> None:
    story = group(BOB, CAROL)
    outcome = story.ask(ALICE, DismissGroup())
    assert entry_of(outcome).body == GroupDismissed()
    assert set(outcome.former) == {ALICE, BOB, CAROL}
    assert story.state.members == {}
    assert story.state.audience == ()
    assert {member.left_seq for member in story.state.touched.values()} == {2}
    for command in (SendMessage(1, b"hello"), add(DAVE), DismissGroup(), LeaveGroup()):
        assert isinstance(refusal_of(story.ask(ALICE, command)), NotAMember)
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, add(DAVE))), NotAMember)
    assert isinstance(refusal_of(story.ask(ALICE, CreateGroup("Books", (), LIMIT))), GroupExists)


def test_only_the_owner_or_the_system_dismisses() -> None:
    story = group(BOB, CAROL)
    entry_of(story.ask(ALICE, SetRole(BOB, Role.ADMIN)))
    for user_id in (BOB, CAROL):
        assert isinstance(refusal_of(story.ask(user_id, DismissGroup())), NotAllowed)
    assert isinstance(refusal_of(story.ask(DAVE, DismissGroup())), NotAMember)
    entry_of(story.ask(SYSTEM_USER, DismissGroup()))


def test_with_its_last_member_a_group_ends() -> None:
    story = group()
    entry_of(story.ask(ALICE, LeaveGroup()))
    assert story.state.settings.is_dismissed


def test_the_system_owns_no_group() -> None:
    assert isinstance(refusal_of(Story(GROUP).ask(SYSTEM_USER, CreateGroup("Books", (BOB,), LIMIT))), NotAllowed)


def test_not_even_the_system_takes_the_only_owner_from_the_others() -> None:
    story = group(BOB, CAROL)
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, RemoveMembers((ALICE, BOB)))), LastOwner)
    entry_of(story.ask(SYSTEM_USER, RemoveMembers((ALICE, BOB, CAROL))))
    assert story.state.settings.is_dismissed


def test_who_is_put_out_while_he_sends_has_sent_before_or_not_at_all() -> None:
    """The log's order decides between a kick and a message, and there is no third way."""
    before, after = group(BOB, CAROL), group(BOB, CAROL)
    entry_of(before.say(BOB))
    entry_of(before.ask(ALICE, RemoveMembers((BOB,))))
    entry_of(after.ask(ALICE, RemoveMembers((BOB,))))
    assert isinstance(refusal_of(after.say(BOB)), NotAMember)
