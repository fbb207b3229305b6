"""What two users are to each other: friends, blocked, or strangers."""

import pytest

from hongyan.model.codes import Blocked, InvalidField, NotAllowed, NotAMember, NotFriends
from hongyan.model.commands import Befriend, Block, EditMessage, React, SendToFriend, Unfriend
from hongyan.model.ids import SYSTEM_USER, ConversationId
from hongyan.model.records import Befriended
from hongyan.model.state import BLOCKED, BLOCKS, FRIEND
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    GROUP,
    NOTICES,
    Story,
    entry_of,
    group,
    receipt_of,
    refusal_of,
    text_of,
)

TO_FRIEND = SendToFriend(1, b"hello")


def flags(story: Story) -> tuple[int, int]:
    return story.state.members[ALICE].seat.flags, story.state.members[BOB].seat.flags


def test_a_block_is_silent_and_the_blocked_ones_sends_are_refused_from_there_on() -> None:
    story = Story()
    story.say(BOB)
    outcome = story.ask(ALICE, Block())
    assert (receipt_of(outcome).seq, outcome.entry) == (0, None)
    assert flags(story) == (BLOCKS, BLOCKED)
    refusal = refusal_of(story.say(BOB))
    assert isinstance(refusal, Blocked)
    assert str(refusal) == "alice takes no messages from you."
    assert entry_of(story.say(ALICE)).seq == 2


def test_who_is_blocked_leaves_no_other_trace_either() -> None:
    story = Story()
    story.say(BOB)
    story.ask(ALICE, Block())
    for command in (EditMessage(1, 1, b"new"), React(1, "a"), TO_FRIEND):
        assert isinstance(refusal_of(story.ask(BOB, command)), Blocked)


def test_after_the_block_is_lifted_all_is_as_before() -> None:
    story = Story()
    story.ask(ALICE, Block())
    story.ask(ALICE, Block(on=False))
    assert flags(story) == (0, 0)
    assert entry_of(story.say(BOB)).seq == 1


def test_blocking_twice_is_blocking_once_and_both_may_block() -> None:
    story = Story()
    for actor in (ALICE, ALICE, BOB):
        receipt_of(story.ask(actor, Block()))
    assert flags(story) == (BLOCKS | BLOCKED, BLOCKS | BLOCKED)
    story.ask(ALICE, Block(on=False))
    assert flags(story) == (BLOCKED, BLOCKS)


def test_what_is_kept_of_an_empty_conversation_has_its_two_members() -> None:
    story = Story()
    story.ask(ALICE, Block(on=False))
    assert set(story.state.touched) == {ALICE, BOB}


@pytest.mark.parametrize("conversation_id", [GROUP, NOTICES])
def test_only_one_of_a_single_blocks_the_other(conversation_id: ConversationId) -> None:
    story = group(BOB) if conversation_id == GROUP else Story(conversation_id)
    assert isinstance(refusal_of(story.ask(ALICE, Block())), NotAllowed)
    assert isinstance(refusal_of(Story().ask(CAROL, Block())), NotAMember)


def test_both_see_that_they_are_friends_and_a_conversation_may_begin_with_it() -> None:
    story = Story()
    outcome = story.ask(SYSTEM_USER, Befriend(BOB, "we met"))
    assert entry_of(outcome).body == Befriended(BOB, "we met")
    assert set(outcome.joined) == {ALICE, BOB}
    assert flags(story) == (FRIEND, FRIEND)
    assert receipt_of(story.ask(SYSTEM_USER, Befriend(ALICE))).seq == 0


def test_the_end_of_a_friendship_is_silent() -> None:
    story = Story()
    story.ask(SYSTEM_USER, Befriend(BOB))
    story.ask(ALICE, Block())
    outcome = story.ask(SYSTEM_USER, Unfriend(ALICE))
    assert (receipt_of(outcome).seq, outcome.entry) == (0, None)
    assert flags(story) == (BLOCKS, BLOCKED)


def test_only_the_system_says_who_are_friends_and_only_of_the_two() -> None:
    for command in (Befriend(ALICE), Unfriend(ALICE)):
        assert isinstance(refusal_of(Story().ask(ALICE, command)), NotAllowed)
        assert isinstance(refusal_of(group(BOB).ask(SYSTEM_USER, command)), NotAllowed)
    assert isinstance(refusal_of(Story().ask(SYSTEM_USER, Befriend(CAROL))), InvalidField)


def test_a_message_to_one_who_takes_only_friends_needs_one() -> None:
    story = Story()
    assert isinstance(refusal_of(story.ask(BOB, TO_FRIEND)), NotFriends)
    story.ask(SYSTEM_USER, Befriend(BOB))
    assert entry_of(story.ask(BOB, TO_FRIEND)).countable == 1
    story.ask(SYSTEM_USER, Unfriend(BOB))
    assert isinstance(refusal_of(story.ask(BOB, TO_FRIEND)), NotFriends)
    assert entry_of(story.ask(BOB, text_of("hello"))).countable == 2
