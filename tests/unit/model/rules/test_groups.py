"""How a group ends, and who may be taken out of it. What else its members do is in tests/unit/model/test_rules.py."""

from hongyan.model import commands as ask
from hongyan.model.codes import GroupExists, LastOwner, NotAllowed, NotAMember
from hongyan.model.commands import Role
from hongyan.model.ids import SYSTEM_USER
from hongyan.model.records import GroupDismissed
from tests.unit.model.stories import ALICE, BOB, CAROL, DAVE, GROUP, LIMIT, Story, add, entry_of, group, refusal_of


def test_a_dismissed_group_is_over_for_everybody() -> None:
    story = group(BOB, CAROL)
    outcome = story.ask(ALICE, ask.DismissGroup())
    assert entry_of(outcome).body == GroupDismissed()
    assert set(outcome.former) == {ALICE, BOB, CAROL}
    assert story.state.members == {}
    assert story.state.audience == ()
    assert {member.left_seq for member in story.state.touched.values()} == {2}
    for command in (ask.SendMessage(1, b"hello"), add(DAVE), ask.DismissGroup(), ask.LeaveGroup()):
        assert isinstance(refusal_of(story.ask(ALICE, command)), NotAMember)
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, add(DAVE))), NotAMember)
    assert isinstance(refusal_of(story.ask(ALICE, ask.CreateGroup("Books", (), LIMIT))), GroupExists)


def test_only_the_owner_or_the_system_dismisses() -> None:
    story = group(BOB, CAROL)
    entry_of(story.ask(ALICE, ask.SetRole(BOB, Role.ADMIN)))
    for user_id in (BOB, CAROL):
        assert isinstance(refusal_of(story.ask(user_id, ask.DismissGroup())), NotAllowed)
    assert isinstance(refusal_of(story.ask(DAVE, ask.DismissGroup())), NotAMember)
    entry_of(story.ask(SYSTEM_USER, ask.DismissGroup()))


def test_with_its_last_member_a_group_ends() -> None:
    story = group()
    entry_of(story.ask(ALICE, ask.LeaveGroup()))
    assert story.state.settings.is_dismissed


def test_the_system_owns_no_group() -> None:
    assert isinstance(refusal_of(Story(GROUP).ask(SYSTEM_USER, ask.CreateGroup("Books", (BOB,), LIMIT))), NotAllowed)


def test_not_even_the_system_takes_the_only_owner_from_the_others() -> None:
    story = group(BOB, CAROL)
    assert isinstance(refusal_of(story.ask(SYSTEM_USER, ask.RemoveMembers((ALICE, BOB)))), LastOwner)
    entry_of(story.ask(SYSTEM_USER, ask.RemoveMembers((ALICE, BOB, CAROL))))
    assert story.state.settings.is_dismissed


def test_who_is_put_out_while_he_sends_has_sent_before_or_not_at_all() -> None:
    """The log's order decides between a kick and a message, and there is no third way."""
    before, after = group(BOB, CAROL), group(BOB, CAROL)
    entry_of(before.say(BOB))
    entry_of(before.ask(ALICE, ask.RemoveMembers((BOB,))))
    entry_of(after.ask(ALICE, ask.RemoveMembers((BOB,))))
    assert isinstance(refusal_of(after.say(BOB)), NotAMember)
