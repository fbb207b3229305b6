"""Answers that leave no entry."""

from hongyan.model.codes import NotAllowed
from hongyan.model.rules.answers import not_written_yet, nothing_new, refuse
from tests.unit.model.stories import ALICE, Story, receipt_of, refusal_of, text_of


def test_what_is_not_possible_yet_is_refused_and_says_what_it_is() -> None:
    story = Story()
    record = story.record(ALICE, text_of("hello"))
    refusal = refusal_of(not_written_yet("dance")(story.state, record, record.command))
    assert isinstance(refusal, NotAllowed)
    assert str(refusal) == "You may not dance here."


def test_a_receipt_without_an_entry_has_no_seq_and_the_time_of_the_conversation() -> None:
    story = Story()
    story.now_ms = 5_000
    story.say(ALICE)
    story.now_ms = 1_000
    record = story.record(ALICE, text_of("late"))
    receipt = receipt_of(nothing_new(story.state, record))
    assert (receipt.seq, receipt.countable, receipt.time_ms) == (0, 1, 5_001)
    assert receipt.message_id == record.message_id


def test_a_refusal_is_nothing_but_itself() -> None:
    error = NotAllowed(action="dance")
    assert refusal_of(refuse(error)) is error
