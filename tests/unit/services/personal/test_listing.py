"""The list and the history are as the user wants to see them, whether the store has what was pushed or not."""

from collections.abc import AsyncIterator

import pytest

from hongyan.model.codes import ConversationUnknown, InvalidField
from hongyan.model.ids import ConversationId, ConversationKind, UserId
from hongyan.model.personal import Topic, hidden_key
from hongyan.protocol import frames
from hongyan.services.personal.listing import ListFilters
from tests.unit.services.personal.lists import ALICE, BOB, BOOKS, CAROL, FILMS, SINGLE, STATES, Lists, seqs_of, text_in


@pytest.fixture(params=STATES)
async def lists(request: pytest.FixtureRequest) -> AsyncIterator[Lists]:
    """In each state of store and hot head."""
    async with Lists(request.param).running() as lists:
        yield lists


async def three(lists: Lists) -> None:
    """Alice's single with bob and two groups; the last that was spoken in is the group of films."""
    await lists.say(SINGLE, "hi")
    await lists.found(BOOKS, ALICE)
    await lists.say(BOOKS, "which book?")
    await lists.found(FILMS, ALICE)
    await lists.say(FILMS, "a film")


async def test_who_has_no_conversation_has_an_empty_list(lists: Lists) -> None:
    assert await lists.listed() == []


async def test_a_line_says_what_is_there_and_what_is_unread(lists: Lists) -> None:
    await three(lists)
    await lists.say(BOOKS, "that one", sender=ALICE)
    await lists.say(BOOKS, "yes")
    line = await lists.one(BOOKS)
    assert (line.name, line.seq, line.countable, line.read_seq, line.unread) == ("books", 4, 3, 3, 1)
    assert (text_in(line.preview), line.member, line.first_seq, line.mentions) == ("yes", True, 1, 0)
    assert (await lists.one(SINGLE)).unread == 1
    assert (await lists.one(BOOKS, BOB)).unread == 0
    page = await lists.listing.conversation_list(ALICE)
    assert page.unread_total == 3


async def test_the_newest_stand_above_and_pinned_ones_above_them(lists: Lists) -> None:
    await three(lists)
    assert await lists.names() == [FILMS, BOOKS, SINGLE]
    await lists.set(SINGLE, pin_order=1)
    assert await lists.names() == [SINGLE, FILMS, BOOKS]
    await lists.set(BOOKS, pin_order=2)
    assert await lists.names() == [BOOKS, SINGLE, FILMS]
    await lists.set(BOOKS, pin_order=0)
    assert await lists.names(pinned=True) == [SINGLE]


async def test_pages_follow_each_other_in_the_order_of_the_list(lists: Lists) -> None:
    await three(lists)
    await lists.set(SINGLE, pin_order=7)
    found, cursor = [], ""
    for _ in range(3):
        page = await lists.listing.conversation_list(ALICE, cursor, None, 1)
        found += [line.conversation_id for line in page.conversations]
        cursor = page.cursor
    assert found == [SINGLE, FILMS, BOOKS]
    assert cursor == ""


@pytest.mark.parametrize("cursor", ["x", "1", "1.2", "1.x.g:a", "-1.2.g:a", "²." + "2.g:a", "1." * 80])
async def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidField):
        await Lists().listing.conversation_list(ALICE, cursor)


async def test_a_muted_conversation_counts_in_its_line_and_not_in_the_total(lists: Lists) -> None:
    await three(lists)
    await lists.set(FILMS, muted=True, muted_until_ms=100)
    line = await lists.one(FILMS)
    assert (line.muted_now, line.unread) == (True, 1)
    assert (await lists.listing.conversation_list(ALICE)).unread_total == 2
    lists.now_ms = 100
    assert not (await lists.one(FILMS)).muted_now
    assert (await lists.listing.conversation_list(ALICE)).unread_total == 3


async def test_a_hidden_conversation_comes_back_with_a_new_message(lists: Lists) -> None:
    await three(lists)
    await lists.set(BOOKS, hidden=True, hidden_countable=(await lists.one(BOOKS)).countable)
    assert await lists.names() == [FILMS, SINGLE]
    assert await lists.names(hidden=True) == [BOOKS]
    await lists.add(BOOKS, CAROL)
    assert await lists.names() == [FILMS, SINGLE]
    await lists.say(BOOKS, "are you there?")
    assert await lists.names() == [BOOKS, FILMS, SINGLE]


async def test_the_list_is_filtered_by_label_kind_and_what_is_unread(lists: Lists) -> None:
    await three(lists)
    await lists.set(BOOKS, labels=("work", "工作"))
    assert await lists.names(label="工作") == [BOOKS]
    assert await lists.names(kind=ConversationKind.SINGLE) == [SINGLE]
    await lists.read(BOOKS, 2)
    await lists.read(FILMS, 2)
    assert await lists.names(unread=True) == [SINGLE]
    await lists.set(FILMS, marked_unread=True)
    assert await lists.names(unread=True) == [FILMS, SINGLE]
    line = await lists.one(FILMS)
    assert (line.unread, line.settings.marked_unread) == (0, True)


async def test_what_is_cleared_is_not_shown_and_does_not_count(lists: Lists) -> None:
    await lists.found(BOOKS, ALICE)
    for number in range(4):
        await lists.say(BOOKS, f"text {number}", "alice")
    await lists.set(BOOKS, cleared_seq=5)
    line = await lists.one(BOOKS)
    assert (line.unread, line.mentions, line.preview, line.first_seq) == (0, 0, b"", 6)
    assert await lists.history(BOOKS) == ([], False)
    await lists.say(BOOKS, "new", "alice")
    line = await lists.one(BOOKS)
    assert (line.unread, line.mentions, text_in(line.preview)) == (1, 1, "new")
    assert await lists.history(BOOKS) == ([6], False)
    assert await lists.history(BOOKS, backward=True) == ([6], False)


async def test_history_leaves_out_what_was_deleted_for_oneself_and_nobody_else_misses_it(lists: Lists) -> None:
    for number in range(8):
        await lists.say(SINGLE, f"text {number + 1}")
    await lists.hide(SINGLE, 2, 3, 4, 8)
    assert await lists.history(SINGLE) == ([1, 5, 6, 7], False)
    assert await lists.history(SINGLE, backward=True, limit=2) == ([7], True)
    assert await lists.history(SINGLE, seq=7, backward=True, limit=2) == ([5, 6], True)
    assert await lists.history(SINGLE, seq=5, backward=True, limit=1) == ([1], False)
    assert await lists.history(SINGLE, seq=1, limit=1) == ([5], True)
    page = await lists.listing.history(BOB, frames.GetEntries(SINGLE))
    assert seqs_of(page.entries) == list(range(1, 9))
    assert text_in((await lists.one(SINGLE)).preview) == "text 7"
    assert text_in((await lists.one(SINGLE, BOB)).preview) == "text 8"


async def test_what_was_deleted_for_oneself_can_be_brought_back(lists: Lists) -> None:
    await lists.say(SINGLE, "hi")
    await lists.hide(SINGLE, 1)
    assert (await lists.one(SINGLE)).preview == b""
    await lists.world.personal.put(ALICE, Topic.HIDDEN, hidden_key(SINGLE, 1), None)
    assert text_in((await lists.one(SINGLE)).preview) == "hi"
    assert await lists.history(SINGLE) == ([1], False)


async def test_history_goes_through_more_deletions_than_a_page_holds(lists: Lists) -> None:
    lists.state = "kept" if lists.state == "cold" else lists.state
    for number in range(130):
        await lists.say(SINGLE, f"text {number + 1}")
    await lists.hide(SINGLE, *range(2, 130))
    assert await lists.history(SINGLE, seq=1, limit=2) == ([130], False)
    assert await lists.history(SINGLE, seq=130, backward=True, limit=1) == ([1], False)


async def test_mentions_are_unread_messages_of_others_that_call_the_user_or_everybody(lists: Lists) -> None:
    await lists.found(BOOKS, ALICE, CAROL)
    await lists.say(BOOKS, "alice?", "alice")
    await lists.read(BOOKS, 2)
    await lists.say(BOOKS, "alice in words only")
    await lists.say(BOOKS, "alice!", "carol", "alice")
    await lists.say(BOOKS, "carol", "carol")
    await lists.say(BOOKS, "all", everybody=True)
    line = await lists.one(BOOKS)
    assert (line.unread, line.mentions, line.mentions_more) == (4, 2, False)
    assert (await lists.one(BOOKS, CAROL)).mentions == 3
    assert (await lists.one(BOOKS, BOB)).mentions == 0
    await lists.read(BOOKS, 6)
    assert (await lists.one(BOOKS)).mentions == 0


async def test_who_was_put_out_keeps_a_line_that_stands_still(lists: Lists) -> None:
    await lists.found(BOOKS, ALICE)
    await lists.say(BOOKS, "before", "alice")
    await lists.remove(BOOKS, ALICE)
    await lists.say(BOOKS, "after", "alice")
    line = await lists.one(BOOKS)
    assert (line.member, line.seq, line.unread, line.mentions) == (False, 3, 0, 0)
    assert text_in(line.preview) == "MembersRemoved"


async def test_one_line_is_asked_for_by_its_conversation(lists: Lists) -> None:
    await three(lists)
    assert (await lists.listing.line(ALICE, BOOKS)) == await lists.one(BOOKS)
    with pytest.raises(ConversationUnknown):
        await lists.listing.line(CAROL, BOOKS)


async def test_the_list_shows_nothing_of_others(lists: Lists) -> None:
    await three(lists)
    await lists.set(BOOKS, hidden=True, hidden_countable=9)
    assert [line.conversation_id for line in await lists.listed(None, BOB)] == [FILMS, BOOKS, SINGLE]
    assert await lists.listed(None, UserId("dave")) == []
    with pytest.raises(ConversationUnknown):
        await lists.listing.history(CAROL, frames.GetEntries(ConversationId("g:books")))


async def test_hidden_ones_are_asked_for_with_the_same_filters(lists: Lists) -> None:
    await three(lists)
    await lists.set(BOOKS, hidden=True, hidden_countable=9, labels=("a",))
    await lists.set(FILMS, hidden=True, hidden_countable=9)
    assert [line.conversation_id for line in await lists.listed(ListFilters(label="a", hidden=True))] == [BOOKS]
