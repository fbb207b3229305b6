"""What every hot head promises (hongyan.ports.state.Hot)."""

from collections.abc import Callable, Sequence

import pytest

from hongyan.model.ids import ConversationId, UserId
from hongyan.model.state import Settings
from hongyan.ports.state import Hot, HotUpdate
from hongyan.ports.store import ConversationRow, EntryRow
from tests.contract.adapters import HOTS
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, entries_of, entry, head, member, update

LARGE, SMALL = 1 << 24, 20_000


@pytest.fixture(params=HOTS.values(), ids=list(HOTS))
def opened(request: pytest.FixtureRequest) -> Callable[[int], Hot]:
    make: Callable[[int], Hot] = request.param
    return make


@pytest.fixture
def hot(opened: Callable[[int], Hot]) -> Hot:
    return opened(LARGE)


async def window(hot: Hot, conversation_id: ConversationId = SINGLE) -> Sequence[EntryRow]:
    """The hot entries; they reach up to the head without a hole whenever there are any."""
    found = await hot.read(conversation_id)
    assert found is not None
    entries = list(found.entries)
    if entries:
        head_seq = found.conversation.seq
        assert [row.seq for row in entries] == list(range(head_seq - len(entries) + 1, head_seq + 1))
    return entries


async def unsettled(hot: Hot, user_id: UserId) -> set[ConversationId]:
    return {row.conversation_id for row, _ in await hot.unsettled(user_id)}


async def test_nothing_is_hot_at_first(hot: Hot) -> None:
    assert await hot.read(SINGLE) is None
    assert await hot.membership(SINGLE, ALICE) is None
    assert list(await hot.unsettled(ALICE)) == []
    assert not hot.knows(SINGLE)


async def test_what_a_batch_did_is_read_back_at_once(hot: Hot) -> None:
    await hot.write([update(head(2, 1), entries_of(1, 2), members=[member(ALICE, 2), member(BOB)])])
    found = await hot.read(SINGLE)
    assert found is not None
    assert found.conversation == head(2, 1)
    assert list(found.entries) == entries_of(1, 2)
    assert await hot.membership(SINGLE, ALICE) == member(ALICE, 2)
    assert await hot.membership(SINGLE, BOB) == member(BOB)
    assert await hot.membership(SINGLE, CAROL) is None
    assert hot.knows(SINGLE)


async def test_the_newest_row_of_a_member_counts(hot: Hot) -> None:
    await hot.write([update(head(1, 1), entries_of(1, 1), members=[member(ALICE), member(BOB)])])
    await hot.write([update(head(1, 2), members=[member(BOB, 1)])])
    assert await hot.membership(SINGLE, BOB) == member(BOB, 1)
    assert await hot.membership(SINGLE, ALICE) == member(ALICE)


async def test_one_write_takes_many_conversations(hot: Hot) -> None:
    await hot.write([update(head(1, 1), entries_of(1, 1)), update(head(1, 2, GROUP), entries_of(1, 1, GROUP))])
    assert await window(hot) == entries_of(1, 1)
    assert await window(hot, GROUP) == entries_of(1, 1, GROUP)


async def test_a_conversation_that_has_no_entry_yet_is_not_said_to_exist(hot: Hot) -> None:
    await hot.write([update(head(0, 4))])
    assert not hot.knows(SINGLE)


async def test_every_entry_that_the_store_has_not_kept_is_hot(hot: Hot) -> None:
    for start in range(1, 2_000, 250):
        await hot.write([update(head(start + 249, start), entries_of(start, start + 249))])
    assert await window(hot) == entries_of(1, 2_000)


async def test_settled_entries_are_let_go_oldest_first_and_never_an_unsettled_one(hot: Hot) -> None:
    await hot.write([update(head(500, 1), entries_of(1, 500))])
    await hot.write([update(head(1_000, 2), entries_of(501, 1_000))])
    await hot.settle([head(500, 1)])
    kept = await window(hot)
    assert 500 <= len(kept) < 1_000
    assert kept[-500:] == entries_of(501, 1_000)
    await hot.settle([head(1_000, 2)])
    assert 0 < len(await window(hot)) < 500


async def test_a_batch_that_settles_leaves_the_next_one_unsettled(hot: Hot) -> None:
    """Batch 2 is written while the store keeps batch 1; then batch 1 settles."""
    await hot.write([update(head(1, 1), entries_of(1, 1), members=[member(ALICE, 1)])])
    await hot.write([update(head(2, 2), entries_of(2, 2), members=[member(BOB, 2)])])
    await hot.settle([head(1, 1)])
    assert await unsettled(hot, ALICE) == await unsettled(hot, BOB) == {SINGLE}
    await hot.settle([head(2, 2)])
    assert await unsettled(hot, ALICE) == await unsettled(hot, BOB) == set()


async def test_batches_may_settle_together_or_late(hot: Hot) -> None:
    for offset in (1, 2, 3):
        await hot.write([update(head(offset, offset), entries_of(offset, offset))])
    await hot.settle([head(3, 3)])
    assert await unsettled(hot, ALICE) == set()
    await hot.settle([head(1, 1)])
    assert await unsettled(hot, ALICE) == set()
    await hot.write([update(head(4, 4), entries_of(4, 4))])
    await hot.settle([head(2, 2)])
    assert await unsettled(hot, ALICE) == {SINGLE}


async def test_settling_what_is_not_hot_changes_nothing(hot: Hot) -> None:
    await hot.settle([head(3, 3)])
    assert await hot.read(SINGLE) is None


async def test_a_recall_replaces_the_entry_in_the_window(hot: Hot) -> None:
    await hot.write([update(head(3, 1), entries_of(1, 3))])
    recalled = entry(2, b"", recalled=True)
    await hot.write([update(head(4, 2), entries_of(4, 4), replaced=[recalled])])
    assert await window(hot) == [entry(1), recalled, entry(3), entry(4)]
    found = await hot.read(SINGLE)
    assert found is not None
    assert list(found.replaced) == []


async def test_a_message_sent_and_recalled_in_one_batch_is_shown_recalled(hot: Hot) -> None:
    recalled = entry(1, b"", recalled=True)
    await hot.write([update(head(2, 2), entries_of(1, 2), replaced=[recalled])])
    assert await window(hot) == [recalled, entry(2)]


async def test_a_recall_below_the_window_is_shown_until_the_store_has_kept_it(hot: Hot) -> None:
    await hot.write([update(head(500, 1), entries_of(1, 500))])
    await hot.settle([head(500, 1)])
    recalled = [entry(seq, b"", recalled=True) for seq in (2, 1)]
    await hot.write([update(head(501, 2), entries_of(501, 501), replaced=recalled[:1])])
    await hot.write([update(head(502, 3), entries_of(502, 502), replaced=recalled[1:])])
    found = await hot.read(SINGLE)
    assert found is not None
    assert list(found.replaced) == [entry(1, b"", recalled=True), entry(2, b"", recalled=True)]
    await hot.settle([head(501, 2)])
    found = await hot.read(SINGLE)
    assert found is not None
    assert list(found.replaced) == [entry(1, b"", recalled=True)]
    await hot.settle([head(502, 3)])
    found = await hot.read(SINGLE)
    assert found is not None
    assert list(found.replaced) == []


async def test_a_recall_in_the_window_is_not_lost_when_the_window_moves_past_it(hot: Hot) -> None:
    recalled = entry(1, b"", recalled=True)
    await hot.write([update(head(1, 1), entries_of(1, 1))])
    await hot.settle([head(1, 1)])
    await hot.write([update(head(2, 2), entries_of(2, 2))])
    await hot.write([update(head(3, 3), entries_of(3, 3), replaced=[recalled])])
    await hot.write([update(head(1_000, 4), entries_of(4, 1_000))])
    await hot.settle([head(2, 2)])
    found = await hot.read(SINGLE)
    assert found is not None
    shown = {row.seq: row for row in (*found.replaced, *found.entries)}
    assert shown[1] == recalled


async def test_everybody_in_the_audience_finds_an_unsettled_conversation(hot: Hot) -> None:
    """Also those whose own row did not change: they were not connected when the entry was pushed."""
    await hot.write([update(head(1, 1), entries_of(1, 1), members=[member(ALICE, 1)])])
    await hot.write(
        [
            update(
                head(1, 2, GROUP),
                entries_of(1, 1, GROUP),
                members=[member(ALICE, 1, GROUP)],
                audience=(ALICE, BOB, CAROL),
            )
        ]
    )
    assert list(await hot.unsettled(CAROL)) == [(head(1, 2, GROUP), None)]
    assert sorted(await hot.unsettled(BOB), key=lambda found: found[0].offset) == [
        (head(1, 1), None),
        (head(1, 2, GROUP), None),
    ]
    assert await unsettled(hot, ALICE) == {SINGLE, GROUP}
    assert (head(1, 1), member(ALICE, 1)) in await hot.unsettled(ALICE)
    await hot.settle([head(1, 1), head(1, 2, GROUP)])
    assert [await unsettled(hot, user_id) for user_id in (ALICE, BOB, CAROL)] == [set(), set(), set()]


async def test_a_removed_member_finds_the_removal_and_nothing_after_it_was_kept(hot: Hot) -> None:
    audience = (ALICE, BOB)
    gone = member(CAROL, 1, GROUP, left=2)
    await hot.write([update(head(2, 2, GROUP), entries_of(1, 2, GROUP), members=[gone], audience=audience)])
    assert list(await hot.unsettled(CAROL)) == [(head(2, 2, GROUP), gone)]
    await hot.settle([head(2, 2, GROUP)])
    await hot.write([update(head(3, 3, GROUP), entries_of(3, 3, GROUP), audience=audience)])
    assert await unsettled(hot, CAROL) == set()
    assert await unsettled(hot, BOB) == {GROUP}


async def test_a_removed_member_no_longer_finds_what_followed_once_the_removal_was_kept(hot: Hot) -> None:
    gone = member(CAROL, 1, GROUP, left=2)
    await hot.write([update(head(2, 2, GROUP), entries_of(1, 2, GROUP), members=[gone], audience=(ALICE,))])
    await hot.write([update(head(3, 3, GROUP), entries_of(3, 3, GROUP), audience=(ALICE,))])
    await hot.settle([head(2, 2, GROUP)])
    assert await unsettled(hot, CAROL) == set()
    assert await unsettled(hot, ALICE) == {GROUP}


async def test_a_removal_that_was_not_kept_is_found_though_earlier_changes_were(hot: Hot) -> None:
    gone = member(CAROL, 1, GROUP, left=2)
    await hot.write([update(head(1, 1, GROUP), entries_of(1, 1, GROUP), members=[member(BOB, 1, GROUP)])])
    await hot.write([update(head(2, 2, GROUP), entries_of(2, 2, GROUP), members=[gone], audience=(ALICE, BOB))])
    await hot.settle([head(1, 1, GROUP)])
    assert list(await hot.unsettled(CAROL)) == [(head(2, 2, GROUP), gone)]


async def test_the_audience_is_that_of_the_newest_batch(hot: Hot) -> None:
    for offset, audience in ((1, (ALICE, BOB)), (2, (ALICE, CAROL)), (3, (ALICE, BOB))):
        await hot.write([update(head(offset, offset, GROUP), entries_of(offset, offset, GROUP), audience=audience)])
        for user_id in (ALICE, BOB, CAROL):
            assert (await unsettled(hot, user_id) == {GROUP}) is (user_id in audience)


async def test_members_that_changed_are_known_until_they_are_kept(hot: Hot) -> None:
    assert list(await hot.changed(GROUP)) == []
    await hot.write([update(head(1, 0, GROUP), members=[member(ALICE, 1, GROUP), member(BOB, 0, GROUP)])])
    await hot.write([update(head(2, 1, GROUP), members=[member(BOB, 0, GROUP, left=2), member(CAROL, 2, GROUP)])])
    changed = {row.user_id: row for row in await hot.changed(GROUP)}
    assert changed == {
        ALICE: member(ALICE, 1, GROUP),
        BOB: member(BOB, 0, GROUP, left=2),
        CAROL: member(CAROL, 2, GROUP),
    }
    await hot.settle([head(1, 0, GROUP)])
    assert {row.user_id for row in await hot.changed(GROUP)} == {BOB, CAROL}
    await hot.settle([head(2, 1, GROUP)])
    assert list(await hot.changed(GROUP)) == []


async def test_who_joins_and_leaves_in_turn_is_found_by_the_last_change(hot: Hot) -> None:
    for offset, audience in ((1, (ALICE, CAROL)), (2, (ALICE,)), (3, (ALICE, CAROL))):
        row = member(CAROL, 0, GROUP, joined=offset) if CAROL in audience else member(CAROL, 0, GROUP, left=offset)
        entries = entries_of(offset, offset, GROUP)
        await hot.write([update(head(offset, offset, GROUP), entries, members=[row], audience=audience)])
        assert list(await hot.unsettled(CAROL)) == [(head(offset, offset, GROUP), row)]


async def test_an_older_batch_changes_nothing(hot: Hot) -> None:
    """An owner that was overtaken writes what the new one wrote before."""
    await hot.write([update(head(3, 3), entries_of(1, 3), members=[member(BOB, 3)])])
    await hot.write([update(head(2, 2), entries_of(1, 2), members=[member(BOB, 1)])])
    assert await window(hot) == entries_of(1, 3)
    assert await hot.membership(SINGLE, BOB) == member(BOB, 3)


async def test_a_batch_that_begins_with_what_is_here_already_adds_the_rest(hot: Hot) -> None:
    """A replay may cut its batches elsewhere."""
    recalled = entry(2, b"", recalled=True)
    await hot.write([update(head(3, 3), entries_of(1, 3), replaced=[recalled])])
    await hot.write([update(head(5, 5), entries_of(2, 5), replaced=[recalled])])
    assert await window(hot) == [entry(1), recalled, *entries_of(3, 5)]


async def test_entries_after_a_hole_start_the_window_anew(hot: Hot) -> None:
    await hot.write([update(head(3, 3), entries_of(1, 3))])
    await hot.settle([head(3, 3)])
    await hot.write([update(head(9, 9), entries_of(8, 9))])
    assert await window(hot) == entries_of(8, 9)


async def test_content_is_any_bytes(hot: Hot) -> None:
    rows = [entry(1, b""), entry(2, bytes(range(256))), entry(3, b"\xff" * 100_000)]
    await hot.write([update(head(3, 3), rows)])
    assert await window(hot) == rows


def conversation(number: int) -> ConversationId:
    return ConversationId(f"g:{number}")


def filled(number: int) -> tuple[HotUpdate, ConversationRow]:
    row = head(1, number, conversation(number))
    return update(row, [entry(1, b"x" * 1_000, conversation(number))], audience=(ALICE,)), row


async def test_kept_conversations_are_let_go_at_the_bound_least_recently_used_first(
    opened: Callable[[int], Hot],
) -> None:
    hot = opened(SMALL)
    for number in range(100):
        written, row = filled(number)
        await hot.write([written])
        await hot.settle([row])
        await hot.read(conversation(0))
    assert [hot.knows(conversation(number)) for number in (0, 1, 50, 99)] == [True, False, False, True]
    assert await hot.read(conversation(1)) is None


async def test_what_the_store_has_not_kept_stays_whatever_the_bound(opened: Callable[[int], Hot]) -> None:
    hot = opened(SMALL)
    written = [filled(number) for number in range(100)]
    await hot.write([each for each, _ in written])
    assert all([await hot.read(conversation(number)) for number in range(100)])
    assert len(await hot.unsettled(ALICE)) == 100
    await hot.settle([row for _, row in written])
    assert sum(hot.knows(conversation(number)) for number in range(100)) < 50
    assert len(await hot.unsettled(ALICE)) == 0


async def test_a_conversation_that_was_let_go_begins_anew(opened: Callable[[int], Hot]) -> None:
    hot = opened(0)
    await hot.write([update(head(2, 2), entries_of(1, 2), members=[member(BOB, 1)])])
    await hot.settle([head(2, 2)])
    assert await hot.read(SINGLE) is None
    assert await hot.membership(SINGLE, BOB) is None
    await hot.write([update(head(3, 3), entries_of(3, 3))])
    assert await window(hot) == entries_of(3, 3)
    assert await unsettled(hot, BOB) == {SINGLE}


async def test_changed_settings_are_hot_until_the_store_has_kept_them(hot: Hot) -> None:
    given = Settings("blob-1")
    await hot.write([update(head(1, 1, GROUP), [entry(1, conversation_id=GROUP)], settings=given)])
    await hot.write([update(head(2, 2, GROUP), [entry(2, conversation_id=GROUP)])])
    await hot.settle([head(0, 0, GROUP)])
    assert (found := await hot.read(GROUP))
    assert found.settings == given
    await hot.settle([head(1, 1, GROUP)])
    assert (found := await hot.read(GROUP))
    assert found.settings is None


async def test_newer_settings_stay_hot_when_older_ones_are_kept(hot: Hot) -> None:
    for offset in (1, 2):
        rows = [entry(offset, conversation_id=GROUP)]
        await hot.write([update(head(offset, offset, GROUP), rows, settings=Settings(f"blob-{offset}"))])
    await hot.settle([head(1, 1, GROUP)])
    assert (found := await hot.read(GROUP))
    assert found.settings == Settings("blob-2")


async def test_a_hot_conversation_tells_how_many_are_in(hot: Hot) -> None:
    await hot.write([update(head(1, 1, GROUP), [entry(1, conversation_id=GROUP)], audience=(ALICE, BOB, CAROL))])
    assert (found := await hot.read(GROUP))
    assert found.member_count == 3
