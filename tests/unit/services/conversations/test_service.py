"""Sync and history show everything that was pushed, whether the store has it or not, and never a hole."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.model.codes import ConversationUnknown, InvalidField
from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import ConversationId, UserId, single_id
from hongyan.model.state import JoinLink, JoinRequest, Seat, Settings
from hongyan.ports.state import HotUpdate
from hongyan.ports.store import READ_BYTES, EntryRow, HeadRow, SettingsRow
from hongyan.protocol import frames
from hongyan.services.conversations.service import Conversations, ConversationsOptions, parse_cursor
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, batch, entries_of, entry, head, member, update

DAVE = UserId("dave")


class World:
    """A store, and the hot head of what it has not kept; offsets are given by what is told."""

    def __init__(self, **options: int) -> None:
        self.hot, self.store = MemoryHot(1 << 24), MemoryStore()
        self.service = Conversations(self.hot, self.store, ConversationsOptions(**options))
        self.offset = 0
        self.waiting: list[HotUpdate] = []

    async def push(self, *updates: HotUpdate) -> None:
        """A batch was decided and pushed; the store does not have it yet."""
        await self.hot.write(updates)
        self.waiting += updates
        self.offset = max(each.conversation.offset for each in updates) + 1

    async def keep(self) -> None:
        """The store catches up."""
        updates, self.waiting = self.waiting, []
        for each in updates:
            row = each.conversation
            kept = batch(row.offset + 1, [row], each.entries, each.members, each.replaced)
            kept.seats += each.members
            if each.settings is not None:
                kept.settings.append(SettingsRow(row.conversation_id, each.settings))
            await self.store.persist(kept)
        await self.hot.settle([each.conversation for each in updates])

    async def forget(self) -> None:
        """Nothing is hot any more."""
        await self.keep()
        self.hot = MemoryHot(1 << 24)
        self.service._hot = self.hot

    async def sync(self, user_id: UserId = ALICE, cursor: str = "", limit: int = 0) -> frames.SyncPage:
        return await self.service.sync(user_id, frames.Sync(cursor, limit))

    async def synced(self, user_id: UserId = ALICE, cursor: str = "", limit: int = 0) -> list[ConversationId]:
        """All pages' conversations."""
        found: list[ConversationId] = []
        more = True
        while more:
            page = await self.sync(user_id, cursor, limit)
            found += [each.conversation_id for each in page.conversations]
            assert not page.more or page.cursor != cursor
            cursor, more = page.cursor, page.more
        return found

    async def entries(self, request: frames.GetEntries, user_id: UserId = ALICE) -> frames.EntryPage:
        return await self.service.entries(user_id, request)


async def chat(world: World, entries: int, *, offset: int = 0, to: ConversationId = SINGLE) -> None:
    """So many entries of a conversation of alice and bob, in one batch."""
    members = [member(ALICE, entries, to), member(BOB, 0, to)]
    await world.push(update(head(entries, offset, to), entries_of(1, entries, to), members=members))


STATES = pytest.mark.parametrize("state", ["pushed", "kept", "cold"])


async def bring(world: World, state: str) -> None:
    """Lets the store and the hot head come to a state."""
    if state == "kept":
        await world.keep()
    elif state == "cold":
        await world.forget()


# Sync


@STATES
async def test_a_conversation_is_shown_with_head_positions_unread_and_preview(state: str) -> None:
    world = World()
    await chat(world, 5)
    await bring(world, state)
    (mine,) = (await world.sync(ALICE)).conversations
    assert (mine.conversation_id, mine.seq, mine.countable, mine.read_seq, mine.unread) == (SINGLE, 5, 5, 5, 0)
    assert (mine.delivered_seq, mine.first_seq, mine.preview, mine.member) == (6, 1, b"entry 5", True)
    (his,) = (await world.sync(BOB)).conversations
    assert (his.read_seq, his.unread) == (0, 5)
    assert (await world.sync(CAROL)).conversations == ()


async def test_after_the_cursor_comes_only_what_changed_since() -> None:
    world = World()
    await chat(world, 2)
    await world.keep()
    first = await world.sync()
    again = await world.sync(cursor=first.cursor)
    assert (again.conversations, again.cursor, again.more) == ((), first.cursor, False)
    await world.push(update(head(3, 7), [entry(3)], members=[member(BOB, 3)]))
    (changed,) = (await world.sync(cursor=first.cursor)).conversations
    assert (changed.seq, changed.read_seq, changed.unread) == (3, 2, 1)


async def test_who_did_not_change_himself_finds_what_is_not_kept_yet() -> None:
    """His member's row is in the store, the conversation's new head is not."""
    world = World()
    await world.push(
        update(head(1, 0, GROUP), entries_of(1, 1, GROUP), members=[member(ALICE, 1, GROUP), member(CAROL, 1, GROUP)],
               audience=(ALICE, CAROL))
    )  # fmt: skip
    await world.forget()
    await world.push(
        update(head(2, 1, GROUP), entries_of(2, 2, GROUP), members=[member(ALICE, 2, GROUP)], audience=(ALICE, CAROL))
    )
    (mine,) = (await world.sync(CAROL)).conversations
    assert (mine.seq, mine.read_seq, mine.unread, mine.preview) == (2, 1, 1, b"entry 2")


@STATES
async def test_one_who_went_finds_his_last_entry_and_nothing_after(state: str) -> None:
    world = World()
    everybody = [member(user_id, 1, GROUP) for user_id in (ALICE, BOB)]
    await world.push(
        update(head(2, 0, GROUP), entries_of(1, 2, GROUP), members=everybody),
        update(head(3, 1, GROUP), entries_of(3, 3, GROUP), members=[member(BOB, 1, GROUP, left=3)], audience=(ALICE,)),
        update(head(5, 2, GROUP), entries_of(4, 5, GROUP), members=[member(ALICE, 5, GROUP)], audience=(ALICE,)),
    )
    await bring(world, state)
    (his,) = (await world.sync(BOB)).conversations
    assert (his.seq, his.countable, his.unread, his.preview, his.member) == (3, 3, 0, b"entry 3", False)
    page = await world.entries(frames.GetEntries(GROUP), BOB)
    assert page.entries == (b"entry 1", b"entry 2", b"entry 3")
    assert (page.head_seq, page.more) == (3, False)


async def test_pages_bring_every_conversation_once_in_the_order_of_change() -> None:
    world = World()
    ids = [ConversationId(f"g:{number}") for number in range(10)]
    for number, each in enumerate(ids):
        await chat(world, 1, offset=number, to=each)
        if number == 6:
            await world.keep()
    for limit in (1, 3, 4, 100):
        assert await world.synced(limit=limit) == ids
    assert await world.synced(BOB, cursor="4", limit=2) == ids[5:]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_what_changed_anew_while_pages_are_read_hides_nothing_else(limit: int) -> None:
    """Its old place is before others that the store has; a cursor at its new one would pass them over."""
    world = World()
    ids = [ConversationId(f"g:{number}") for number in range(8)]
    for number, each in enumerate(ids):
        await chat(world, 1, offset=number, to=each)
    await world.keep()
    for place, each in enumerate((ids[0], ids[1], ids[3]), 100):
        await world.push(update(head(2, place, each), entries_of(2, 2, each), members=[member(ALICE, 2, each)]))
    found = await world.synced(limit=limit)
    assert sorted(set(found)) == sorted(ids)
    assert found == [ids[2], *ids[4:], ids[0], ids[1], ids[3]]


async def test_a_page_of_large_previews_is_cut_and_goes_on() -> None:
    """A page larger than a connection may hold could never be read."""
    world = World(page_bytes=10_000)
    ids = [ConversationId(f"g:{number}") for number in range(10)]
    for number, each in enumerate(ids):
        row = entry(1, b"x" * (15_000 if number == 3 else 4_000), each)
        await world.push(update(head(1, number, each), [row], members=[member(ALICE, 1, each)]))
        if number == 7:
            await world.keep()
    sizes, cursor, more = [], "", True
    while more:
        page = await world.sync(cursor=cursor)
        sizes.append(sum(len(each.preview) for each in page.conversations))
        cursor, more = page.cursor, page.more
    assert sizes == [8_000, 4_000, 15_000, 8_000, 8_000, 8_000]
    assert await world.synced() == ids


async def test_a_read_that_the_store_cuts_short_is_gone_on_with() -> None:
    world = World(page_bytes=3 * READ_BYTES, sync_page=20)
    ids = [ConversationId(f"g:{number}") for number in range(7)]
    for number, each in enumerate(ids):
        row = entry(1, b"x" * (READ_BYTES // 2), each)
        await world.push(update(head(1, number, each), [row], members=[member(ALICE, 1, each)]))
    await world.forget()
    page = await world.sync()
    assert (len(page.conversations), page.more) == (6, True)
    assert await world.synced() == ids


async def test_a_head_is_as_new_as_its_member() -> None:
    """Between the two reads of a sync a message of one's own may come; it must not count as unread."""
    world = World()
    await chat(world, 2)
    reader = world.store.heads

    async def heads(user_id: UserId, after_offset: int, limit: int) -> Sequence[HeadRow]:
        found = await reader(user_id, after_offset, limit)
        await world.push(update(head(3, 9), [entry(3)], members=[member(ALICE, 3)]))
        return found

    world.store.heads = heads  # type: ignore[method-assign]
    (mine,) = (await world.sync()).conversations
    assert (mine.seq, mine.read_seq, mine.unread) == (3, 3, 0)


async def test_what_settles_between_the_two_reads_is_found_in_the_store() -> None:
    world = World()
    await chat(world, 2)
    unsettled = world.hot.unsettled

    async def then_kept(user_id: UserId) -> object:
        found = await unsettled(user_id)
        await world.keep()
        return found

    world.hot.unsettled = then_kept  # type: ignore[method-assign,assignment]
    (mine,) = (await world.sync()).conversations
    assert mine.seq == 2


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "１２", " 1", "1" * 19, "0x10"])
async def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidField):
        await World().sync(cursor=cursor)


def test_a_cursor_is_an_offset() -> None:
    assert (parse_cursor(""), parse_cursor("0"), parse_cursor("12")) == (-1, 0, 12)


async def test_without_conversations_there_is_an_empty_page() -> None:
    page = await World().sync()
    assert (page.conversations, page.cursor, page.more) == ((), "", False)


# History


async def mixed(entries: int, kept: int, **options: int) -> World:
    """A conversation of which the store has the first ones."""
    world = World(**options)
    everybody = [member(ALICE), member(BOB)]
    await world.push(update(head(kept, 0), entries_of(1, kept), members=everybody))
    await world.forget()
    if entries > kept:
        await world.push(update(head(entries, 1), entries_of(kept + 1, entries), members=[member(ALICE)]))
    return world


def seqs(page: frames.EntryPage) -> list[int]:
    return [int(encoded.split()[1]) for encoded in page.entries]


@pytest.mark.parametrize("kept", [1, 5, 9, 10])
@pytest.mark.parametrize("limit", [1, 3, 9, 10, 100])
async def test_history_can_be_paged_both_ways_across_store_and_hot_head(kept: int, limit: int) -> None:
    world = await mixed(10, kept)
    up: list[int] = []
    more = True
    while more:
        page = await world.entries(frames.GetEntries(SINGLE, seq=up[-1] if up else 0, limit=limit))
        up += seqs(page)
        more = page.more
        assert page.head_seq == 10
    down: list[int] = []
    more = True
    while more:
        page = await world.entries(frames.GetEntries(SINGLE, seq=down[0] if down else 0, backward=True, limit=limit))
        down = seqs(page) + down
        more = page.more
    assert up == down == list(range(1, 11))


async def test_a_gap_is_pulled_from_where_one_is() -> None:
    world = await mixed(10, 6)
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=4))) == [5, 6, 7, 8, 9, 10]
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=10))) == []
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=99))) == []
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=3, backward=True))) == [1, 2]
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=1, backward=True))) == []


async def test_a_page_holds_so_many_bytes_and_one_entry_at_least() -> None:
    world = World(page_bytes=10_000)
    rows = [entry(seq, b"entry %d " % seq + b"x" * (20_000 if seq == 4 else 4_000)) for seq in range(1, 9)]
    await world.push(update(head(5, 0), rows[:5], members=[member(ALICE), member(BOB)]))
    await world.forget()
    await world.push(update(head(8, 1), rows[5:], members=[member(ALICE)]))
    found, pages, more = [0], [], True
    while more:
        page = await world.entries(frames.GetEntries(SINGLE, seq=found[-1]))
        pages.append(seqs(page))
        found += pages[-1]
        more = page.more
    assert pages == [[1, 2], [3], [4], [5, 6], [7, 8]]
    found, pages, more = [0], [], True
    while more:
        page = await world.entries(frames.GetEntries(SINGLE, seq=found[0], backward=True))
        pages.append(seqs(page))
        found = pages[-1] + found
        more = page.more
    assert pages == [[7, 8], [5, 6], [4], [2, 3], [1]]


async def test_a_page_is_put_together_of_several_reads_of_large_entries() -> None:
    world = World(page_bytes=3 * READ_BYTES)
    rows: list[EntryRow] = [entry(seq, b"entry %d " % seq + b"x" * (READ_BYTES // 2)) for seq in range(1, 10)]
    await world.push(update(head(9, 0), rows, members=[member(ALICE), member(BOB)]))
    await world.forget()
    for backward, wanted in ((False, [1, 2, 3, 4, 5]), (True, [5, 6, 7, 8, 9])):
        page = await world.entries(frames.GetEntries(SINGLE, backward=backward))
        assert (seqs(page), page.more) == (wanted, True)
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=5))) == [6, 7, 8, 9]


async def test_a_gap_that_is_too_wide_says_where_to_start_anew() -> None:
    world = await mixed(1_000, 1_000, too_long_gap=500, page_entries=100)
    page = await world.entries(frames.GetEntries(SINGLE, seq=0))
    assert (page.entries, page.too_long_restart_seq, page.head_seq) == ((), 900, 1_000)
    assert seqs(await world.entries(frames.GetEntries(SINGLE, seq=900))) == list(range(901, 1_001))
    assert len((await world.entries(frames.GetEntries(SINGLE, seq=600))).entries) == 100
    # Going down there is no gap.
    assert len((await world.entries(frames.GetEntries(SINGLE, backward=True))).entries) == 100


async def test_a_recall_is_shown_before_the_store_has_it() -> None:
    world = await mixed(10, 8)
    recalled = entry(3, b"entry 3 recalled", recalled=True)
    await world.push(update(head(11, 2), [entry(11)], replaced=[recalled]))
    for backward in (False, True):
        page = await world.entries(frames.GetEntries(SINGLE, backward=backward))
        assert seqs(page) == list(range(1, 12))
        assert page.entries[2] == b"entry 3 recalled"
    await world.forget()
    assert (await world.entries(frames.GetEntries(SINGLE))).entries[2] == b"entry 3 recalled"


async def test_who_came_later_sees_nothing_from_before() -> None:
    world = World()
    everybody = [member(ALICE, 2, GROUP), member(BOB, 2, GROUP, joined=3)]
    await world.push(update(head(5, 0, GROUP), entries_of(1, 5, GROUP), members=everybody))
    for _ in range(2):
        assert seqs(await world.entries(frames.GetEntries(GROUP), BOB)) == [3, 4, 5]
        assert seqs(await world.entries(frames.GetEntries(GROUP, backward=True), BOB)) == [3, 4, 5]
        assert seqs(await world.entries(frames.GetEntries(GROUP, seq=2, backward=True), BOB)) == []
        await world.forget()


@pytest.mark.parametrize("conversation_id", [SINGLE, GROUP, single_id(ALICE, DAVE), ConversationId("g:none")])
async def test_a_conversation_of_others_and_one_that_is_not_are_refused_alike(conversation_id: ConversationId) -> None:
    world = World()
    await chat(world, 3)
    await chat(world, 3, offset=1, to=GROUP)
    for _ in range(2):
        for asked in (
            world.service.entries(CAROL, frames.GetEntries(conversation_id)),
            world.service.members(CAROL, frames.GetMembers(conversation_id)),
            world.service.positions(CAROL, frames.GetPositions(conversation_id)),
        ):
            with pytest.raises(ConversationUnknown):
                await asked
        await world.forget()


async def test_a_single_conversation_that_nobody_wrote_in_is_empty() -> None:
    page = await World().entries(frames.GetEntries(SINGLE))
    assert (page.entries, page.more, page.head_seq) == ((), False, 0)


@pytest.mark.parametrize("request_", [frames.GetEntries(SINGLE, seq=-1), frames.GetEntries(SINGLE, limit=-1)])
async def test_numbers_below_zero_are_refused(request_: frames.GetEntries) -> None:
    with pytest.raises(InvalidField):
        await World().entries(request_)


# Members and positions


def group_of(names: Sequence[str], offset: int = 0) -> HotUpdate:
    users = [UserId(name) for name in names]
    members = [member(user_id, 1, GROUP) for user_id in users]
    return update(head(1, offset, GROUP), entries_of(1, 1, GROUP), members=members, audience=users)


@STATES
async def test_members_are_listed_as_they_are_now(state: str) -> None:
    world = World()
    await world.push(group_of(["alice", "bob", "carol"]))
    await world.keep()
    changes = [
        member(BOB, 1, GROUP, left=2),
        member(DAVE, 2, GROUP, joined=3),
        member(UserId("aaron"), 2, GROUP, joined=3),
    ]
    await world.push(update(head(3, 1, GROUP), entries_of(2, 3, GROUP), members=changes, audience=(ALICE, CAROL, DAVE)))
    await bring(world, state)
    page = await world.service.members(ALICE, frames.GetMembers(GROUP))
    assert [row.user_id for row in page.members] == ["aaron", "alice", "carol", "dave"]
    assert (page.members[0].role, page.members[0].joined_seq) == ("member", 3)
    with pytest.raises(ConversationUnknown):
        await world.service.members(BOB, frames.GetMembers(GROUP))


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
async def test_pages_of_members_are_whole_though_some_come_and_go(limit: int) -> None:
    world = World()
    await world.push(group_of([f"u{number}" for number in range(8)]))
    await world.keep()
    changes = [member(UserId(f"u{number}"), 1, GROUP, left=2) for number in (0, 1, 5)]
    changes += [member(UserId(name), 2, GROUP, joined=3) for name in ("u55", "u9", "a")]
    audience = [UserId(name) for name in ("u2", "u3", "u4", "u6", "u7", "u55", "u9", "a")]
    await world.push(update(head(3, 1, GROUP), entries_of(2, 3, GROUP), members=changes, audience=audience))
    found, cursor, more = [], "", True
    while more:
        page = await world.service.members(UserId("u2"), frames.GetMembers(GROUP, cursor, limit))
        found += [row.user_id for row in page.members]
        assert len(page.members) <= limit
        cursor, more = page.cursor, page.more
    assert found == ["a", "u2", "u3", "u4", "u55", "u6", "u7", "u9"]


@STATES
async def test_positions_are_those_of_now_and_of_present_members(state: str) -> None:
    world = World()
    await world.push(group_of(["alice", "bob", "carol"]))
    await world.keep()
    changes = [member(BOB, 7, GROUP), member(CAROL, 1, GROUP, left=2), member(DAVE, 4, GROUP, joined=3)]
    await world.push(update(head(3, 1, GROUP), entries_of(2, 3, GROUP), members=changes, audience=(ALICE, BOB, DAVE)))
    await bring(world, state)
    for users in ((ALICE, BOB, CAROL, DAVE, UserId("nobody")), ()):
        found = await world.service.positions(ALICE, frames.GetPositions(GROUP, users))
        assert {(row.user_id, row.read_seq) for row in found.positions} == {(ALICE, 1), (BOB, 7), (DAVE, 4)}


async def test_too_many_users_at_once_are_refused() -> None:
    world = World()
    await world.push(group_of(["alice"]))
    users = tuple(UserId(f"u{number}") for number in range(501))
    with pytest.raises(InvalidField):
        await world.service.positions(ALICE, frames.GetPositions(GROUP, users))


# Groups


SETTINGS = Settings(
    "blob-1",
    "Friday",
    history_for_newcomers=True,
    join_policy=JoinPolicy.APPROVAL,
    who_may_mention_all=Role.OWNER,
    muted_all=True,
    speakers=(BOB,),
    links=(JoinLink("front", "hash", ALICE, 9, 5, 2),),
    requests=(JoinRequest(DAVE, "hello", 7),),
    pins=(1, 2),
)


async def set_up(world: World, state: str) -> None:
    """A group of three where alice is an admin, and bob has a name, no voice, and came late."""
    await world.push(group_of(["alice", "bob", "carol"]))
    await world.keep()
    seated = member(BOB, 1, GROUP, joined=2, seat=Seat(2, 1 << 45, "Bobby"))
    alice = member(ALICE, 2, GROUP)
    alice = replace(alice, role=Role.ADMIN)
    row = head(2, 1, GROUP, "Books")
    entries, audience = entries_of(2, 2, GROUP), (ALICE, BOB, CAROL)
    await world.push(update(row, entries, members=[alice, seated], audience=audience, settings=SETTINGS))
    await bring(world, state)


@STATES
async def test_an_admin_sees_how_a_group_stands(state: str) -> None:
    world = World()
    await set_up(world, state)
    assert await world.service.group(ALICE, frames.GetGroup(GROUP)) == frames.Group(
        GROUP,
        "Books",
        "blob-1",
        "Friday",
        3,
        frames.MemberRow(ALICE, "admin", 1),
        history_for_newcomers=True,
        join_policy="approval",
        who_may_add="member",
        who_may_mention_all="owner",
        muted_all=True,
        allowed_ids=(BOB,),
        pinned_seqs=(1, 2),
        links=(frames.JoinLinkRow("front", ALICE, 9, 5, 2),),
        requests=(frames.JoinRequestRow(DAVE, "hello", 7),),
    )


@STATES
async def test_a_member_sees_his_own_place_and_neither_links_nor_what_was_before_him(state: str) -> None:
    world = World()
    await set_up(world, state)
    found = await world.service.group(BOB, frames.GetGroup(GROUP))
    assert found.me == frames.MemberRow(BOB, "member", 2, 1 << 45, "Bobby")
    assert (found.links, found.requests, found.pinned_seqs) == ((), (), (2,))
    page = await world.service.members(CAROL, frames.GetMembers(GROUP))
    assert found.me in page.members


@STATES
async def test_a_group_that_is_not_ones_own_is_unknown(state: str) -> None:
    world = World()
    await set_up(world, state)
    for user_id, conversation_id in ((DAVE, GROUP), (ALICE, ConversationId("g:none")), (ALICE, SINGLE)):
        with pytest.raises(ConversationUnknown):
            await world.service.group(user_id, frames.GetGroup(conversation_id))


async def test_of_two_users_the_settings_of_a_group_are_absent() -> None:
    world = World()
    await chat(world, 1)
    found = await world.service.group(ALICE, frames.GetGroup(SINGLE))
    assert (found.member_count, found.join_policy, found.me.role) == (2, "", "member")


@STATES
async def test_who_may_see_what_was_before_him_reads_from_the_first_entry(state: str) -> None:
    world = World()
    await world.push(group_of(["alice", "bob"]))
    await world.keep()
    newcomer = member(DAVE, 1, GROUP, joined=2, seat=Seat(first_seq=1))
    await world.push(update(head(2, 1, GROUP), entries_of(2, 2, GROUP), members=[newcomer], audience=(ALICE, DAVE)))
    await bring(world, state)
    page = await world.entries(frames.GetEntries(GROUP), DAVE)
    assert page.entries == (b"entry 1", b"entry 2")
    (mine,) = (await world.sync(DAVE)).conversations
    assert mine.first_seq == 1
