"""What later entries make of earlier ones."""

import pytest

from hongyan.model.amendments import amended, target_of
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import (
    Amended,
    AnyBody,
    Deleted,
    DeleteNotice,
    EditNotice,
    Entry,
    MemberLeft,
    Message,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
)

KEY = ConversationId("s:a:b")
A, B = UserId("a"), UserId("b")
SAID = Message(1, b"first")


def entry(seq: int, body: AnyBody, who: UserId = A) -> Entry:
    return Entry(KEY, seq, MessageId(seq), who, ClientMsgId(f"c{seq}"), 1000 * seq, 1, body)


def after(body: AnyBody, *told: Entry) -> AnyBody:
    """The body of entry 1 after others."""
    found = entry(1, body)
    for each in told:
        found = amended(found, each)
    return found.body


def like(seq: int, who: UserId, *, on: bool = True, emoji: str = "👍") -> Entry:
    return entry(seq, ReactionNotice(1, emoji, on), who)


def test_an_edit_replaces_the_words_and_tells_where_and_when() -> None:
    assert after(SAID, entry(4, EditNotice(1, 1, b"second"))) == Amended(1, b"second", 4, 4000, (), 4)


def test_reactions_stay_through_an_edit_and_an_edit_through_reactions() -> None:
    found = after(SAID, like(2, B), entry(3, EditNotice(1, 1, b"second")), like(4, A))
    assert found == Amended(1, b"second", 3, 3000, (Reaction("👍", (B, A)),), 4)


def test_a_kind_of_reaction_is_there_as_long_as_somebody_has_it() -> None:
    told = [like(2, A), like(3, B, emoji="🎉"), like(4, A, on=False)]
    assert after(SAID, *told) == Amended(1, b"first", 0, 0, (Reaction("🎉", (B,)),), 4)
    assert after(SAID, *told, like(5, B, emoji="🎉", on=False)) == SAID


def test_who_reacted_comes_in_the_order_in_which_they_did() -> None:
    told = [like(2, A), like(3, B), like(4, A, on=False), like(5, A)]
    assert after(SAID, *told) == Amended(1, b"first", 0, 0, (Reaction("👍", (B, A)),), 5)


@pytest.mark.parametrize("told", [like(3, A), like(5, A, on=False), entry(5, EditNotice(1, 1, b"older"))])
def test_what_a_message_contains_already_is_passed_over(told: Entry) -> None:
    fetched = Amended(1, b"newer", 4, 4000, (Reaction("👍", (B, A)),), 5)
    assert after(fetched, told) == fetched


@pytest.mark.parametrize(
    ("told", "left"), [(entry(3, RecallNotice(1), B), Recalled(B)), (entry(3, DeleteNotice(1), B), Deleted(B))]
)
def test_who_took_a_message_away_is_all_that_is_left_of_it(told: Entry, left: AnyBody) -> None:
    assert after(SAID, like(2, B), told, like(4, A)) == left


@pytest.mark.parametrize("later", [EditNotice(1, 1, b"third"), RecallNotice(1), DeleteNotice(1)])
def test_an_edit_says_nothing_any_more_once_something_newer_was_told(later: AnyBody) -> None:
    edit = entry(3, EditNotice(1, 1, b"second"))
    assert amended(edit, entry(5, later)).body == EditNotice(1)
    assert amended(edit, entry(2, later)) is edit
    assert amended(entry(3, EditNotice(9, 1, b"another")), entry(5, later)).body == EditNotice(9, 1, b"another")


def test_what_tells_no_change_of_this_message_changes_nothing() -> None:
    said = entry(1, SAID)
    for other in (entry(3, MemberLeft()), entry(3, EditNotice(2, 1, b"x")), entry(3, Message(1, b"more"))):
        assert amended(said, other) is said
    assert amended(entry(1, MemberLeft()), entry(3, RecallNotice(1))).body == MemberLeft()
    assert [target_of(each) for each in (like(3, A), said)] == [1, 0]
