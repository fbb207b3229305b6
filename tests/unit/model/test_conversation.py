"""Applying records: once each, the same answer to a retry, and what the owner has to look up before."""

from hongyan.model.commands import Mark, Recall
from hongyan.model.conversation import needed_facts
from tests.unit.model.stories import ALICE, BOB, CAROL, WINDOW_MS, Story, text_of


def cold(story: Story) -> Story:
    """The same conversation as a restarted owner loads it: windows empty."""
    story.state.submitted.clear()
    story.state.recent.clear()
    return story


def chat(length: int) -> Story:
    """Alice and bob in turn."""
    story = Story()
    for number in range(length):
        story.say((ALICE, BOB)[number % 2])
    return story


def test_a_recall_needs_the_facts_of_its_message_when_they_are_not_warm() -> None:
    story = chat(3)
    record = story.record(ALICE, Recall(1, WINDOW_MS))
    assert needed_facts(story.state, record) == []
    assert needed_facts(cold(story).state, record) == [1]


def test_the_facts_of_the_head_are_needed_too() -> None:
    """A record before it in the same batch may add an entry, and after a restart no entry is warm."""
    story = cold(chat(2))
    assert needed_facts(story.state, story.record(BOB, Recall(2, WINDOW_MS))) == [2]
    assert needed_facts(story.state, story.marks(Mark(ALICE, read_seq=2))) == [2]


def test_a_mark_needs_facts_only_where_it_moves_a_member() -> None:
    story = cold(chat(6))
    marks = story.marks(Mark(ALICE, read_seq=5), Mark(ALICE, read_seq=6), Mark(CAROL, read_seq=3), Mark(BOB, 2, 6))
    assert needed_facts(story.state, marks) == [6]


def test_no_facts_are_needed_of_what_is_not_there() -> None:
    story = cold(chat(2))
    for seq in (-1, 0, 3, 1 << 62):
        assert needed_facts(story.state, story.record(ALICE, Recall(seq, WINDOW_MS))) == []
    assert needed_facts(story.state, story.marks(Mark(ALICE, 99, 99))) == []
    assert needed_facts(story.state, story.record(ALICE, text_of("hello"))) == []
