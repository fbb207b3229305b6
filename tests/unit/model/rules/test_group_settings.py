"""What the members of a group set: ranks, voices, names and rules."""

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import LastOwner, Muted, NotAllowed, NotAMember, UserUnknown
from hongyan.model.commands import AnyCommand, JoinPolicy, Role, SendMessage
from hongyan.model.ids import SYSTEM_USER, UserId
from hongyan.model.records import (
    AllMuted,
    GroupProfileSet,
    GroupRulesSet,
    MemberMuted,
    NicknameSet,
    OwnerTransferred,
    RoleSet,
)
from hongyan.model.state import PLAIN_SETTINGS
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    SINGLE,
    Story,
    add,
    entry_of,
    group,
    receipt_of,
    refusal_of,
)

FOREVER_MS = 1 << 50
ADMIN, MEMBER = Role.ADMIN, Role.MEMBER


def staffed() -> Story:
    """Alice's group: bob is an admin, carol and dave are members."""
    story = group(BOB, CAROL, DAVE)
    entry_of(story.ask(ALICE, ask.SetRole(BOB, ADMIN)))
    return story


def silently(story: Story, sender_id: UserId, command: AnyCommand) -> bool:
    """Whether it was taken and nothing changed."""
    outcome = story.ask(sender_id, command)
    return receipt_of(outcome).seq == 0 and outcome.entry is None


def roles(story: Story) -> dict[UserId, int]:
    return {user_id: member.role for user_id, member in story.state.members.items()}


EVERY_SETTING: list[AnyCommand] = [
    ask.SetRole(CAROL, ADMIN),
    ask.TransferOwner(CAROL),
    ask.MuteMember(CAROL, FOREVER_MS),
    ask.MuteAll(on=True),
    ask.SetGroupProfile(name="Reading"),
    ask.SetGroupRules(join_policy=JoinPolicy.OPEN),
]


@pytest.mark.parametrize("command", EVERY_SETTING, ids=lambda command: type(command).__name__)
def test_a_stranger_hears_of_no_group_and_a_member_that_he_may_not(command: AnyCommand) -> None:
    story = staffed()
    before = story.state.seq, story.state.settings
    assert isinstance(refusal_of(story.ask(UserId("eve"), command)), NotAMember)
    assert isinstance(refusal_of(story.ask(DAVE, command)), NotAllowed)
    assert (story.state.seq, story.state.settings) == before
    entry_of(story.ask(ALICE, command))


@pytest.mark.parametrize("command", [*EVERY_SETTING, ask.SetNickname("Al")], ids=lambda each: type(each).__name__)
def test_of_two_users_conversation_nothing_of_a_group_can_be_set(command: AnyCommand) -> None:
    assert isinstance(refusal_of(Story(SINGLE).ask(ALICE, command)), NotAllowed)


# Ranks


def test_an_owner_makes_admins_and_unmakes_them() -> None:
    story = staffed()
    assert roles(story) == {ALICE: Role.OWNER, BOB: ADMIN, CAROL: MEMBER, DAVE: MEMBER}
    entry = entry_of(story.ask(ALICE, ask.SetRole(BOB, MEMBER)))
    assert (entry.body, entry.countable) == (RoleSet(BOB, MEMBER), 0)
    assert roles(story)[BOB] == MEMBER
    assert BOB in story.state.touched


def test_nobody_grants_a_rank_as_high_as_his_own() -> None:
    story = staffed()
    assert isinstance(refusal_of(story.ask(BOB, ask.SetRole(CAROL, ADMIN))), NotAllowed)
    assert isinstance(refusal_of(story.ask(ALICE, ask.SetRole(BOB, Role.OWNER))), NotAllowed)
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, ask.SetRole(BOB, Role.OWNER))), NotAllowed)


def test_nobody_acts_on_his_own_rank_or_above() -> None:
    story = staffed()
    entry_of(story.ask(ALICE, ask.SetRole(CAROL, ADMIN)))
    for command in (ask.SetRole(CAROL, MEMBER), ask.MuteMember(CAROL, FOREVER_MS), ask.RemoveMembers((CAROL,))):
        assert isinstance(refusal_of(story.ask(BOB, command)), NotAllowed)
    for command in (ask.SetRole(ALICE, MEMBER), ask.MuteMember(ALICE, FOREVER_MS), ask.RemoveMembers((ALICE,))):
        assert isinstance(refusal_of(story.ask(BOB, command)), NotAllowed)
        assert isinstance(refusal_of(story.ask(ALICE, command)), NotAllowed)


def test_who_is_not_in_has_no_rank_to_change() -> None:
    story = staffed()
    eve = UserId("eve")
    for command in (ask.SetRole(eve, ADMIN), ask.MuteMember(eve, FOREVER_MS), ask.TransferOwner(eve)):
        assert isinstance(refusal_of(story.ask(ALICE, command)), UserUnknown)


def test_a_rank_that_is_there_makes_no_entry() -> None:
    assert silently(staffed(), ALICE, ask.SetRole(BOB, ADMIN))


def test_a_group_that_is_given_away_has_one_owner_and_the_giver_is_an_admin() -> None:
    story = staffed()
    entry = entry_of(story.ask(ALICE, ask.TransferOwner(CAROL)))
    assert (entry.sender_id, entry.body) == (ALICE, OwnerTransferred(CAROL))
    assert roles(story) == {ALICE: ADMIN, BOB: ADMIN, CAROL: Role.OWNER, DAVE: MEMBER}
    assert {ALICE, CAROL} <= set(story.state.touched)


def test_of_two_transfers_of_one_owner_the_first_counts() -> None:
    story = staffed()
    entry_of(story.ask(ALICE, ask.TransferOwner(BOB)))
    assert isinstance(refusal_of(story.ask(ALICE, ask.TransferOwner(CAROL))), NotAllowed)
    assert roles(story)[BOB] == Role.OWNER


def test_to_give_to_the_owner_changes_nothing() -> None:
    assert silently(staffed(), ALICE, ask.TransferOwner(ALICE))


def test_who_gave_the_group_away_may_leave() -> None:
    story = staffed()
    entry_of(story.ask(ALICE, ask.TransferOwner(BOB)))
    entry_of(story.ask(ALICE, ask.LeaveGroup()))


def test_the_system_stands_above_the_owner() -> None:
    story = staffed()
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, ask.RemoveMembers((ALICE,)))), LastOwner)
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, ask.SetRole(ALICE, MEMBER))), LastOwner)
    entry_of(story.ask(SYSTEM_USER, ask.TransferOwner(BOB)))
    entry_of(story.ask(SYSTEM_USER, ask.MuteMember(BOB, FOREVER_MS)))
    entry_of(story.ask(SYSTEM_USER, ask.RemoveMembers((ALICE,))))
    assert roles(story) == {BOB: Role.OWNER, CAROL: MEMBER, DAVE: MEMBER}
    for command in (ask.LeaveGroup(), ask.SetNickname("root")):
        assert isinstance(refusal_of(story.ask(SYSTEM_USER, command)), NotAllowed)


# Voices


def test_who_is_muted_does_not_speak_until_the_time_has_come() -> None:
    story = staffed()
    until_ms = story.now_ms + 4
    assert entry_of(story.ask(BOB, ask.MuteMember(CAROL, until_ms))).body == MemberMuted(CAROL, until_ms)
    refusal = refusal_of(story.say(CAROL))
    assert isinstance(refusal, Muted)
    assert refusal.fields == {"until_ms": until_ms}
    entry_of(story.say(DAVE))
    entry_of(story.say(CAROL))
    assert story.now_ms == until_ms


def test_a_mute_is_lifted() -> None:
    story = staffed()
    entry_of(story.ask(BOB, ask.MuteMember(CAROL, FOREVER_MS)))
    assert silently(story, BOB, ask.MuteMember(CAROL, FOREVER_MS))
    assert entry_of(story.ask(BOB, ask.MuteMember(CAROL, 0))).body == MemberMuted(CAROL, 0)
    entry_of(story.say(CAROL))
    assert silently(story, BOB, ask.MuteMember(CAROL, 0))


def test_a_time_that_has_passed_mutes_nobody() -> None:
    story = staffed()
    assert silently(story, BOB, ask.MuteMember(CAROL, story.now_ms))
    entry_of(story.say(CAROL))


def test_leaving_and_coming_back_does_not_give_a_voice() -> None:
    story = staffed()
    entry_of(story.ask(BOB, ask.MuteMember(CAROL, FOREVER_MS)))
    entry_of(story.ask(CAROL, ask.LeaveGroup()))
    entry_of(story.ask(DAVE, add(CAROL)))
    assert isinstance(refusal_of(story.say(CAROL)), Muted)
    assert story.state.settings.muted_away == ()
    entry_of(story.ask(BOB, ask.MuteMember(CAROL, 0)))
    entry_of(story.ask(CAROL, ask.LeaveGroup()))
    entry_of(story.ask(DAVE, add(CAROL)))
    entry_of(story.say(CAROL))


def test_an_owner_mutes_an_admin_and_nobody_is_left_mute_who_owns_the_group() -> None:
    story = staffed()
    entry_of(story.ask(ALICE, ask.MuteMember(BOB, FOREVER_MS)))
    assert isinstance(refusal_of(story.say(BOB)), Muted)
    entry_of(story.ask(ALICE, ask.TransferOwner(BOB)))
    entry_of(story.say(BOB))


def test_when_all_are_muted_admins_and_those_allowed_speak() -> None:
    story = staffed()
    entry = entry_of(story.ask(BOB, ask.MuteAll(on=True, allowed_ids=(DAVE, UserId("eve"), DAVE))))
    assert entry.body == AllMuted(on=True, allowed_ids=(DAVE,))
    for speaker in (ALICE, BOB, DAVE):
        entry_of(story.say(speaker))
    refusal = refusal_of(story.say(CAROL))
    assert isinstance(refusal, Muted)
    assert refusal.fields == {"until_ms": 0}
    assert silently(story, ALICE, ask.MuteAll(on=True, allowed_ids=(DAVE,)))
    entry_of(story.ask(ALICE, ask.MuteAll(on=False, allowed_ids=(DAVE,))))
    assert story.state.settings == PLAIN_SETTINGS
    entry_of(story.say(CAROL))


def test_who_left_is_allowed_no_more_when_he_comes_back() -> None:
    story = staffed()
    entry_of(story.ask(ALICE, ask.MuteAll(on=True, allowed_ids=(DAVE,))))
    entry_of(story.ask(DAVE, ask.LeaveGroup()))
    entry_of(story.ask(ALICE, add(DAVE)))
    assert isinstance(refusal_of(story.say(DAVE)), Muted)


def test_to_be_allowed_does_not_help_one_who_is_muted_himself() -> None:
    story = staffed()
    entry_of(story.ask(ALICE, ask.MuteMember(DAVE, FOREVER_MS)))
    entry_of(story.ask(ALICE, ask.MuteAll(on=True, allowed_ids=(DAVE,))))
    assert isinstance(refusal_of(story.say(DAVE)), Muted)


# Names and rules


def test_a_profile_is_changed_part_by_part() -> None:
    story = staffed()
    entry = entry_of(story.ask(BOB, ask.SetGroupProfile(name="读书会", announcement="Friday")))
    assert entry.body == GroupProfileSet("读书会", None, "Friday")
    entry_of(story.ask(BOB, ask.SetGroupProfile(avatar="blob-1")))
    settings = story.state.settings
    assert (story.state.name, settings.avatar, settings.announcement) == ("读书会", "blob-1", "Friday")
    assert story.state.is_set


def test_an_entry_tells_only_what_became_different() -> None:
    story = staffed()
    entry = entry_of(story.ask(BOB, ask.SetGroupProfile(name="Books", announcement="Friday")))
    assert entry.body == GroupProfileSet(announcement="Friday")
    assert silently(story, BOB, ask.SetGroupProfile(name="Books", avatar="", announcement="Friday"))
    entry_of(story.ask(BOB, ask.SetGroupProfile(announcement="")))
    assert story.state.settings == PLAIN_SETTINGS


def test_everybody_gives_himself_a_nickname_and_takes_it_away() -> None:
    story = staffed()
    assert entry_of(story.ask(CAROL, ask.SetNickname("小卡"))).body == NicknameSet("小卡")
    assert story.state.members[CAROL].seat.nickname == "小卡"
    assert story.state.seated == {CAROL}
    assert silently(story, CAROL, ask.SetNickname("小卡"))
    entry_of(story.ask(CAROL, ask.SetNickname("")))
    assert story.state.members[CAROL].seat.nickname == ""


def test_who_has_no_voice_finds_none_in_his_name() -> None:
    story = staffed()
    entry_of(story.ask(CAROL, ask.SetNickname("Caz")))
    entry_of(story.ask(BOB, ask.MuteMember(CAROL, FOREVER_MS)))
    assert isinstance(refusal_of(story.ask(CAROL, ask.SetNickname("let me speak"))), Muted)
    entry_of(story.ask(CAROL, ask.SetNickname("")))


def test_rules_say_which_ranks_may_add_and_mention_all() -> None:
    story = staffed()
    entry = entry_of(story.ask(BOB, ask.SetGroupRules(who_may_add=ADMIN, who_may_mention_all=MEMBER)))
    assert entry.body == GroupRulesSet(None, None, ADMIN, MEMBER)
    assert isinstance(refusal_of(story.ask(CAROL, add(UserId("eve")))), NotAllowed)
    entry_of(story.ask(BOB, add(UserId("eve"))))
    entry_of(story.ask(CAROL, SendMessage(1, b"all", mention_all=True)))
    assert silently(story, BOB, ask.SetGroupRules(who_may_add=ADMIN))
    entry_of(story.ask(ALICE, ask.SetGroupRules(who_may_mention_all=Role.OWNER)))
    assert isinstance(refusal_of(story.ask(BOB, SendMessage(1, b"all", mention_all=True))), NotAllowed)
    entry_of(story.ask(ALICE, SendMessage(1, b"all", mention_all=True)))


def test_nobody_asks_for_a_rank_above_his_own() -> None:
    story = staffed()
    assert isinstance(refusal_of(story.ask(BOB, ask.SetGroupRules(who_may_add=Role.OWNER))), NotAllowed)
    entry_of(story.ask(ALICE, ask.SetGroupRules(who_may_add=Role.OWNER)))


def test_newcomers_see_what_was_said_before_only_where_the_rules_say_so() -> None:
    story = group(BOB)
    story.say(ALICE)
    story.say(BOB)
    entry_of(story.ask(ALICE, add(CAROL)))
    assert story.state.members[CAROL].first_seq == 4
    entry_of(story.ask(ALICE, ask.SetGroupRules(history_for_newcomers=True)))
    entry_of(story.ask(ALICE, add(DAVE)))
    member = story.state.members[DAVE]
    assert (member.first_seq, member.joined_seq) == (1, 6)
    assert story.unread(DAVE) == 0
    assert story.state.members[CAROL].first_seq == 4
    story.say(ALICE)
    assert story.unread(DAVE) == 1
