"""Entries that rules look into."""

from hongyan.model.records import Amended, EditNotice, Entry, Message, Recalled
from hongyan.model.rules.opened import after, message_at, replaced, without_words
from tests.unit.model.stories import ALICE, Story, entry_of, text_of


def told(story: Story) -> Entry:
    return entry_of(story.ask(ALICE, text_of("hello")))


def test_only_an_opened_message_can_be_looked_into() -> None:
    story = Story()
    told(story)
    assert message_at(story.state, 1) == Message(1, b"hello")
    assert message_at(story.state, 2) is None
    story.state.opened = None
    assert message_at(story.state, 1) is None


def test_what_is_replaced_keeps_its_place_and_is_what_the_next_rule_sees() -> None:
    story = Story()
    first = told(story)
    entry = replaced(story.state, story.state.recent[1], Recalled(ALICE))
    assert (entry.seq, entry.message_id, entry.time_ms) == (first.seq, first.message_id, first.time_ms)
    assert message_at(story.state, 1) is None


def test_a_message_without_an_edit_has_no_words_elsewhere() -> None:
    story = Story()
    told(story)
    assert without_words(story.state, 1) == ()


def test_the_words_of_the_last_edit_go_where_they_were_told() -> None:
    story = Story()
    told(story)
    notice = told(story)
    assert story.state.opened is not None
    story.state.opened[1] = Amended(1, b"new", edit_seq=2)
    (entry,) = without_words(story.state, 1)
    assert (entry.seq, entry.message_id, entry.body) == (2, notice.message_id, EditNotice(1))


def test_an_outcome_that_tells_nothing_leaves_the_message() -> None:
    story = Story()
    told(story)
    outcome = story.say(ALICE)
    assert after(story.state, story.state.recent[1], Message(1, b"hello"), outcome).body == Message(1, b"hello")
