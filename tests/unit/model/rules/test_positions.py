"""How far people have read and received."""

from hongyan.model.commands import (
    Mark,
)
from hongyan.model.state import Outcome
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    GROUP,
    NOTICES,
    SINGLE,
    Story,
    add,
    group,
)


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
