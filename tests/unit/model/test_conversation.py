"""Applying records: once each, the same answer to a retry, and what the owner has to look up before."""

from copy import deepcopy

import pytest
from msgspec.structs import replace

from hongyan.model.codes import AlreadyRecalled, NotAMember, SubmissionConflict
from hongyan.model.commands import LeaveGroup, Mark, Recall, RemoveMembers
from hongyan.model.conversation import RETRY_WINDOW, needed_facts, trim
from hongyan.model.state import Conversation, Outcome
from tests.unit.model.stories import (
    ALICE,
    BOB,
    CAROL,
    WINDOW_MS,
    Story,
    add,
    group,
    receipt_of,
    refusal_of,
    text_of,
)


def unchanged(state: Conversation, before: Conversation) -> bool:
    """Whether nothing but the offset moved."""
    return state.offset == before.offset + 1 and replace(state, offset=0) == replace(before, offset=0)


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


def test_a_retry_gets_the_receipt_of_the_first_try_and_changes_nothing() -> None:
    story = Story()
    first = receipt_of(story.say(ALICE, client_msg_id="once"))
    story.say(BOB)
    before = deepcopy(story.state)
    outcome = story.say(ALICE, client_msg_id="once")
    assert outcome == Outcome(receipt=first, duplicate=True)
    assert first.time_ms < story.now_ms
    assert unchanged(story.state, before)


def test_another_payload_under_the_same_id_is_a_conflict_and_changes_nothing() -> None:
    story = Story()
    story.say(ALICE, client_msg_id="once")
    before = deepcopy(story.state)
    refusal = refusal_of(story.ask(ALICE, text_of("else"), "once", digest=2))
    assert isinstance(refusal, SubmissionConflict)
    assert str(refusal) == "once was used before for something else."
    assert unchanged(story.state, before)


def test_ids_are_the_senders_own() -> None:
    story = Story()
    assert receipt_of(story.say(ALICE, client_msg_id="once")).seq == 1
    assert receipt_of(story.say(BOB, client_msg_id="once")).seq == 2


def test_a_retry_is_answered_after_the_sender_has_left() -> None:
    story = group(BOB)
    said = receipt_of(story.say(BOB, client_msg_id="said"))
    left = receipt_of(story.ask(BOB, LeaveGroup(), "left"))
    assert story.say(BOB, client_msg_id="said").receipt == said
    assert story.ask(BOB, LeaveGroup(), "left").receipt == left
    assert isinstance(refusal_of(story.say(BOB, client_msg_id="new")), NotAMember)


def test_what_was_refused_leaves_no_trace_and_may_succeed_later() -> None:
    story = group()
    assert isinstance(refusal_of(story.say(BOB, client_msg_id="early")), NotAMember)
    assert isinstance(refusal_of(story.ask(BOB, text_of("else"), "early", digest=2)), NotAMember)
    story.ask(ALICE, add(BOB))
    assert receipt_of(story.say(BOB, client_msg_id="early")).seq == 3


def test_a_retry_of_what_changed_nothing_gets_the_same_receipt() -> None:
    story = group(BOB)
    first = receipt_of(story.ask(ALICE, add(BOB), "again"))
    assert first.seq == 0
    story.ask(ALICE, RemoveMembers((BOB,)))
    assert story.ask(ALICE, add(BOB), "again") == Outcome(receipt=first, duplicate=True)
    assert BOB not in story.state.members


def test_a_record_without_an_id_is_never_a_retry() -> None:
    story = Story()
    assert [receipt_of(story.say(ALICE, client_msg_id="")).seq for _ in range(3)] == [1, 2, 3]
    assert story.state.submitted == {}


def test_a_late_retry_that_says_so_is_one_however_late() -> None:
    story = Story()
    first = receipt_of(story.say(ALICE, client_msg_id="once"))
    for _ in range(RETRY_WINDOW + 10):
        story.say(BOB)
    retry = replace(story.record(ALICE, text_of("hello"), "once"), resend=True)
    assert story.apply(retry) == Outcome(receipt=first, duplicate=True)


def test_a_late_retry_of_what_is_no_message_is_one_whatever_it_says() -> None:
    story = group(BOB)
    first = receipt_of(story.ask(ALICE, add(CAROL), "once"))
    for _ in range(RETRY_WINDOW + 10):
        story.say(BOB)
    story.ask(ALICE, RemoveMembers((CAROL,)))
    assert story.ask(ALICE, add(CAROL), "once") == Outcome(receipt=first, duplicate=True)
    assert isinstance(refusal_of(story.ask(ALICE, LeaveGroup(), "once", digest=2)), SubmissionConflict)


@pytest.mark.parametrize(("others", "again"), [(RETRY_WINDOW - 1, 1), (RETRY_WINDOW, RETRY_WINDOW + 2)])
def test_a_message_that_does_not_say_it_is_a_retry_is_one_within_the_newest_entries_whatever_is_warm(
    others: int, again: int
) -> None:
    """Otherwise an owner that looked the submission up would decide in another way than one that did not."""
    story = Story()
    story.say(ALICE, client_msg_id="once")
    for _ in range(others):
        story.say(BOB)
    assert receipt_of(story.say(ALICE, client_msg_id="once")).seq == again


def test_the_offset_moves_with_every_record() -> None:
    story = Story()
    for offset in range(4):
        story.say((ALICE, CAROL)[offset % 2], client_msg_id="once")
        assert story.state.offset == offset


def test_windows_shrink_to_the_newest_that_are_asked_for_and_never_below_the_retry_window() -> None:
    story = chat(3 * RETRY_WINDOW)
    newest = list(range(story.state.seq - RETRY_WINDOW + 1, story.state.seq + 1))
    trim(story.state, 2 * RETRY_WINDOW, story.state.seq, story.state.offset)
    assert list(story.state.recent) == list(range(RETRY_WINDOW + 1, story.state.seq + 1))
    trim(story.state, 10, story.state.seq, story.state.offset)
    assert list(story.state.recent) == newest
    assert [submitted.seq for submitted in story.state.submitted.values()] == newest
    trim(story.state, 10, story.state.seq, story.state.offset)
    assert list(story.state.recent) == newest


def test_what_is_not_stored_stays_in_the_windows() -> None:
    story = chat(3 * RETRY_WINDOW)
    trim(story.state, RETRY_WINDOW, settled_seq=100, settled_offset=99)
    assert min(story.state.recent) == 101
    assert len(story.state.submitted) == len(story.state.recent)


def test_a_recall_and_a_submission_without_entry_stay_until_all_is_stored() -> None:
    """A look-up would not know of them yet."""
    story = group(BOB)
    story.say(ALICE)
    story.ask(BOB, add(ALICE), "quiet")
    for _ in range(3 * RETRY_WINDOW):
        story.say(BOB)
    story.ask(ALICE, Recall(2, WINDOW_MS))
    settled = story.state.seq - 1
    trim(story.state, RETRY_WINDOW, settled, story.state.offset - 1)
    assert 2 in story.state.recent
    assert 1 not in story.state.recent
    assert (BOB, "quiet") in story.state.submitted
    assert isinstance(refusal_of(story.ask(ALICE, Recall(2, WINDOW_MS))), AlreadyRecalled)
    trim(story.state, RETRY_WINDOW, story.state.seq, story.state.offset)
    assert 2 not in story.state.recent
    assert (BOB, "quiet") not in story.state.submitted
