"""What every store promises to delivery and to readers (hongyan.ports.store)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from hongyan.model.codes import StorageFull
from hongyan.model.commands import JoinPolicy, Role, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, ConversationKind, MessageId, UserId
from hongyan.model.records import Record, Submitted
from hongyan.model.state import (
    PLAIN_SEAT,
    PLAIN_SETTINGS,
    Conversation,
    JoinLink,
    JoinRequest,
    Member,
    Seat,
    Settings,
)
from hongyan.ports.store import (
    READ_BYTES,
    DeadLetter,
    EntryRow,
    GroupRow,
    HeadRow,
    MemberRow,
    SettingsRow,
    StoreBatch,
)
from tests.contract.adapters import STORES, Store, StoreAdapter
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, batch, entries_of, entry, head, member


class Opened:
    """A store in a folder."""

    def __init__(self, adapter: StoreAdapter, folder: Path) -> None:
        self.adapter, self.folder = adapter, folder
        self.store: Store

    async def open(self) -> Store:
        self.store = await asyncio.to_thread(self.adapter.open, self.folder)
        return self.store

    async def reopen(self) -> Store:
        """The store as the next process finds it; one that is not durable stays as it is."""
        if self.adapter.durable:
            await self.adapter.close(self.store)
            await self.open()
        return self.store


@pytest_asyncio.fixture(params=STORES.values(), ids=list(STORES))
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    opened = Opened(request.param, tmp_path)
    await opened.open()
    yield opened
    await opened.adapter.close(opened.store)


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened.store


def by_sender(rows: Sequence[EntryRow]) -> list[tuple[ConversationId, UserId, ClientMsgId]]:
    return [(row.conversation_id, row.sender_id, row.client_msg_id) for row in rows]


def facts_of(submitted: Submitted) -> tuple[object, ...]:
    """What both look-ups tell of an entry."""
    return (
        submitted.sender_id,
        submitted.client_msg_id,
        submitted.seq,
        submitted.message_id,
        submitted.time_ms,
        submitted.countable,
    )


def facts_in(row: EntryRow) -> tuple[object, ...]:
    return (row.sender_id, row.client_msg_id, row.seq, row.message_id, row.time_ms, row.countable)


async def all_entries(store: Store, conversation_id: ConversationId = SINGLE) -> dict[int, bytes]:
    return dict(await store.entries(conversation_id, 1, 1 << 40, 1 << 20, backward=False))


async def snapshot(store: Store) -> tuple[object, ...]:
    """Everything that a store tells of a single and a group."""
    rows: list[object] = [await store.position(0)]
    for conversation_id in (SINGLE, GROUP):
        rows += [
            await store.load([conversation_id]),
            await all_entries(store, conversation_id),
            [await store.membership(conversation_id, user_id) for user_id in (ALICE, BOB, CAROL)],
            await store.members(conversation_id, "", 100),
            await store.submissions([(conversation_id, ALICE, ClientMsgId(f"m{n}")) for n in range(10)]),
            await store.facts([(conversation_id, seq) for seq in range(10)]),
            await store.group(conversation_id),
        ]
    return (*rows, [await store.heads(user_id, -1, 100) for user_id in (ALICE, BOB, CAROL)])


def first_batch() -> StoreBatch:
    """A single of three entries, and a group of two that carol has left."""
    return batch(
        6,
        [head(3, 2), head(2, 5, GROUP, "读书会")],
        [*entries_of(1, 3), *entries_of(1, 2, GROUP)],
        [
            member(ALICE, 3),
            member(BOB, 1),
            member(BOB, 0, GROUP),
            member(ALICE, 2, GROUP),
            member(CAROL, 1, GROUP, left=2, seat=Seat(left_name="读书会")),
        ],
    )


async def test_a_new_store_holds_nothing(store: Store) -> None:
    assert await store.position(0) == 0
    assert await store.checkpoint() == 0
    assert await store.load([SINGLE, GROUP]) == {}
    assert await store.load([]) == {}
    assert await store.submissions([(SINGLE, ALICE, ClientMsgId("m1"))]) == {}
    assert await store.facts([(SINGLE, 1)]) == {}
    assert list(await store.heads(ALICE, -1, 10)) == []
    assert await store.membership(SINGLE, ALICE) is None
    assert list(await store.entries(SINGLE, 1, 10, 10, backward=False)) == []
    assert list(await store.members(GROUP, "", 10)) == []
    assert list(await store.positions(GROUP, [ALICE])) == []


async def test_a_state_is_loaded_with_its_present_members_and_empty_windows(store: Store) -> None:
    await store.persist(first_batch())
    loaded = await store.load([GROUP, SINGLE, ConversationId("g:none")])
    assert set(loaded) == {GROUP, SINGLE}
    group = loaded[GROUP]
    assert set(group.audience) == {ALICE, BOB}
    group.audience = ()
    assert group == Conversation(
        GROUP,
        ConversationKind.GROUP,
        seq=2,
        countable=2,
        time_ms=1_002,
        offset=5,
        name="读书会",
        members={ALICE: Member(1, 1, 0, 2, 2, 3), BOB: Member(1, 1, 0, 0, 0, 1)},
    )
    assert loaded[SINGLE].kind is ConversationKind.SINGLE


async def test_a_loaded_state_is_the_callers_own(store: Store) -> None:
    await store.persist(first_batch())
    before = await snapshot(store)
    state = (await store.load([SINGLE]))[SINGLE]
    state.seq = 99
    state.members[ALICE].read_seq = 99
    del state.members[BOB]
    submissions = await store.submissions(by_sender(entries_of(1, 1)))
    facts = await store.facts([(SINGLE, 1)])
    for submitted in (*submissions.values(), *facts.values()):
        submitted.recalled = True
    assert await snapshot(store) == before


async def test_a_given_batch_stays_the_givers_own(store: Store) -> None:
    given = first_batch()
    silent = Submitted(ALICE, ClientMsgId("m9"), 0, MessageId(9), 9, 9, 9)
    given.silent.append((SINGLE, silent))
    await store.persist(given)
    before = await snapshot(store)
    silent.time_ms = 0
    given.entries.clear()
    given.members.clear()
    assert await snapshot(store) == before


async def test_the_position_moves_with_the_effects(store: Store) -> None:
    await store.persist(first_batch())
    assert await store.position(0) == 6
    await store.persist(batch(9))
    assert await store.position(0) == 9


async def test_what_was_kept_is_safe_after_a_checkpoint(store: Store) -> None:
    await store.persist(first_batch())
    assert await store.checkpoint() == 6


async def test_a_repeated_batch_changes_nothing(store: Store) -> None:
    await store.persist(first_batch())
    before = await snapshot(store)
    await store.persist(first_batch())
    assert await snapshot(store) == before


async def test_an_overtaken_owner_changes_nothing(store: Store) -> None:
    """Its batches end below the position, and what they hold is older."""
    await store.persist(first_batch())
    gone = entry(2, b"recalled", recalled=True)
    late = batch(8, [head(4, 7)], [entry(4)], [member(ALICE, 4), member(BOB, 4)], [gone])
    await store.persist(late)
    before = await snapshot(store)
    await store.persist(first_batch())
    await store.persist(batch(7, [head(3, 6)], members=[member(BOB, 2)]))
    assert await snapshot(store) == before
    assert await store.position(0) == 8


async def test_a_state_gives_way_only_to_one_of_a_higher_offset(store: Store) -> None:
    await store.persist(batch(6, [head(3, 5)], entries_of(1, 3), [member(ALICE, 3), member(BOB, 3)]))
    await store.persist(batch(7, [head(2, 4)]))
    assert (await store.load([SINGLE]))[SINGLE].seq == 3


async def test_an_entry_that_is_there_stays_and_new_ones_beside_it_are_kept(store: Store) -> None:
    """A replay may cut its batches elsewhere."""
    await store.persist(batch(3, [head(2, 2)], entries_of(1, 2)))
    other = entry(2, b"other", client_msg_id=ClientMsgId("other"), time_ms=7)
    await store.persist(batch(5, [head(3, 4)], [other, entry(3)]))
    assert await all_entries(store) == {seq: b"entry %d" % seq for seq in (1, 2, 3)}


async def test_submissions_are_found_by_conversation_sender_and_id(store: Store) -> None:
    await store.persist(first_batch())
    keys = by_sender([*entries_of(1, 3), entry(1, conversation_id=GROUP)])
    unknown = [(SINGLE, BOB, ClientMsgId("m1")), (SINGLE, ALICE, ClientMsgId("M1")), (GROUP, ALICE, ClientMsgId("m3"))]
    found = await store.submissions([*keys, *unknown])
    assert set(found) == set(keys)
    assert facts_of(found[keys[1]]) == facts_in(entry(2))
    assert [found[key].digest for key in keys] == [-1, -2, -3, -1]


async def test_an_acknowledged_submission_without_an_entry_is_found_too(store: Store) -> None:
    silent = Submitted(BOB, ClientMsgId("quiet"), 0, MessageId(77), 1_003, 3, -(1 << 63))
    given = first_batch()
    given.silent.append((GROUP, silent))
    await store.persist(given)
    found = (await store.submissions([(GROUP, BOB, ClientMsgId("quiet"))]))[GROUP, BOB, ClientMsgId("quiet")]
    assert (facts_of(found), found.digest) == (facts_of(silent), silent.digest)
    assert await store.facts([(GROUP, 0)]) == {}


async def test_an_entry_is_kept_though_its_id_was_used_before(store: Store) -> None:
    """Or the conversation would have a hole. Of two submissions under one key the one of the highest seq is told."""
    again = ClientMsgId("m1")
    await store.persist(batch(2, [head(1, 1)], [entry(1)]))
    await store.persist(batch(4, [head(3, 3)], [entry(2, client_msg_id=again), entry(3, client_msg_id=again)]))
    assert await all_entries(store) == {seq: b"entry %d" % seq for seq in (1, 2, 3)}
    assert (await store.submissions([(SINGLE, ALICE, again)]))[SINGLE, ALICE, again].seq == 3
    given = batch(5, [head(3, 4)])
    given.silent.append((SINGLE, Submitted(ALICE, again, 0, MessageId(5), 5, 5, 5)))
    await store.persist(given)
    assert (await store.submissions([(SINGLE, ALICE, again)]))[SINGLE, ALICE, again].seq == 3


async def test_entries_without_an_id_are_kept_side_by_side(store: Store) -> None:
    nameless = [entry(seq, client_msg_id=ClientMsgId("")) for seq in (1, 2)]
    await store.persist(batch(2, [head(2, 1)], nameless))
    assert len(await all_entries(store)) == 2


async def test_facts_are_found_by_conversation_and_seq(store: Store) -> None:
    notice = entry(4, kind=0, countable=3)
    await store.persist(first_batch())
    await store.persist(batch(7, [head(4, 6)], [notice]))
    found = await store.facts([(SINGLE, seq) for seq in range(10)] + [(GROUP, 2), (ConversationId("g:none"), 1)])
    assert set(found) == {(SINGLE, 1), (SINGLE, 2), (SINGLE, 3), (SINGLE, 4), (GROUP, 2)}
    assert facts_of(found[SINGLE, 2]) == facts_in(entry(2))
    assert facts_of(found[SINGLE, 4]) == facts_in(notice)
    assert [found[SINGLE, seq].kind for seq in (3, 4)] == [1, 0]
    assert not found[SINGLE, 2].recalled


async def test_entries_are_given_by_seq_as_they_are_now(store: Store) -> None:
    await store.persist(batch(2, [head(2, 1)], entries_of(1, 2), replaced=[entry(1, b"amended")]))
    found = await store.encoded([(SINGLE, 1), (SINGLE, 2), (SINGLE, 3)])
    assert found == {(SINGLE, 1): (1, b"amended"), (SINGLE, 2): (1, entry(2).encoded)}
    many = [(SINGLE, seq) for seq in range(1, 1_200)]
    assert set(await store.encoded(many)) == {(SINGLE, 1), (SINGLE, 2)}


async def test_a_recalled_entry_is_shown_replaced_and_known_as_recalled(store: Store) -> None:
    await store.persist(first_batch())
    await store.persist(batch(7, [head(4, 6)], [entry(4)], replaced=[entry(3, b"gone", recalled=True)]))
    assert await all_entries(store) == {1: b"entry 1", 2: b"entry 2", 3: b"gone", 4: b"entry 4"}
    facts = await store.facts([(SINGLE, 2), (SINGLE, 3)])
    assert [facts[SINGLE, seq].recalled for seq in (2, 3)] == [False, True]
    submissions = await store.submissions(by_sender([entry(3)]))
    assert facts_of(submissions[SINGLE, ALICE, ClientMsgId("m3")]) == facts_in(entry(3))
    assert submissions[SINGLE, ALICE, ClientMsgId("m3")].digest == -3


async def test_a_message_sent_and_recalled_in_one_batch_is_kept_recalled(store: Store) -> None:
    await store.persist(batch(2, [head(2, 1)], entries_of(1, 2), replaced=[entry(1, b"gone", recalled=True)]))
    assert await all_entries(store) == {1: b"gone", 2: b"entry 2"}
    assert (await store.facts([(SINGLE, 1)]))[SINGLE, 1].recalled


async def test_heads_are_a_users_conversations_changed_above_an_offset_in_its_order(store: Store) -> None:
    await store.persist(first_batch())
    await store.persist(batch(9, [head(4, 8)], [entry(4)], [member(ALICE, 4)]))
    assert list(await store.heads(ALICE, -1, 10)) == [
        HeadRow(head(2, 5, GROUP, "读书会"), member(ALICE, 2, GROUP), b"entry 2"),
        HeadRow(head(4, 8), member(ALICE, 4), b"entry 4"),
    ]
    assert [row.conversation.offset for row in await store.heads(BOB, 5, 10)] == [8]
    assert list(await store.heads(BOB, 8, 10)) == []
    assert list(await store.heads(UserId("dave"), -1, 10)) == []


async def test_heads_are_paged_by_the_offset_of_the_last_one(store: Store) -> None:
    names = [ConversationId(f"g:{n:03}") for n in range(25)]
    await store.persist(
        batch(
            25,
            [head(1, offset, name) for offset, name in enumerate(reversed(names))],
            [entry(1, conversation_id=name) for name in names],
            [member(ALICE, conversation_id=name) for name in names],
        )
    )
    found: list[HeadRow] = []
    while page := await store.heads(ALICE, found[-1].conversation.offset if found else -1, 10):
        assert len(page) <= 10
        found += page
    assert [row.conversation.conversation_id for row in found] == names[::-1]


async def test_for_one_who_left_the_conversation_stays_as_it_was(store: Store) -> None:
    await store.persist(first_batch())
    await store.persist(batch(8, [head(4, 7, GROUP, "a name that she never heard")], entries_of(3, 4, GROUP)))
    gone = member(CAROL, 1, GROUP, left=2, seat=Seat(left_name="读书会"))
    assert list(await store.heads(CAROL, -1, 10)) == [HeadRow(head(2, 5, GROUP, "读书会"), gone, b"entry 2")]
    assert [row.conversation.name for row in await store.outlines(CAROL, 10)] == ["读书会"]
    assert list(await store.heads(CAROL, 5, 10)) == []
    assert await store.membership(GROUP, CAROL) == gone
    assert CAROL not in {found.user_id for found in await store.members(GROUP, "", 10)}
    assert list(await store.positions(GROUP, [CAROL])) == []


async def test_who_left_and_who_stayed_page_alike(store: Store) -> None:
    """The one that was left first changes on for others; it must not move behind the cursor of the one who left."""
    names = [ConversationId(f"g:{n}") for n in range(4)]
    for offset, name in enumerate(names, 1):
        rows = [member(ALICE, conversation_id=name), member(CAROL, 1, name, left=offset % 2)]
        await store.persist(batch(offset + 1, [head(1, offset, name)], [entry(1, conversation_id=name)], rows))
    await store.persist(batch(9, [head(2, 8, names[0])], [entry(2, conversation_id=names[0])]))
    found: list[HeadRow] = []
    while page := await store.heads(CAROL, found[-1].conversation.offset if found else -1, 1):
        found += page
    assert [row.conversation.offset for row in found] == [1, 2, 3, 4]


async def test_a_preview_of_a_recalled_message_does_not_show_it(store: Store) -> None:
    await store.persist(first_batch())
    await store.persist(batch(7, [head(3, 6)], replaced=[entry(3, b"gone", recalled=True)]))
    assert [row.preview for row in await store.heads(ALICE, 5, 10)] == [b"gone"]


async def test_who_comes_back_is_a_member_again_from_there_on(store: Store) -> None:
    await store.persist(first_batch())
    back = member(CAROL, 2, GROUP, joined=3)
    await store.persist(batch(8, [head(3, 7, GROUP)], [entry(3, conversation_id=GROUP)], [back]))
    assert await store.membership(GROUP, CAROL) == back
    assert (await store.load([GROUP]))[GROUP].members[CAROL] == Member(1, 3, 0, 2, 2, 3)
    (row,) = await store.heads(CAROL, -1, 10)
    assert (row.conversation.seq, row.preview) == (3, b"entry 3")


async def test_who_joins_late_finds_the_conversation(store: Store) -> None:
    await store.persist(first_batch())
    dave = UserId("dave")
    joined = member(dave, 2, GROUP, joined=3)
    await store.persist(batch(8, [head(3, 7, GROUP)], [entry(3, conversation_id=GROUP)], [joined]))
    assert [row.member for row in await store.heads(dave, -1, 10)] == [joined]


@pytest.mark.parametrize(
    ("low", "high", "limit", "forward", "backward"),
    [
        (1, 1_000, 1_000, (1, 1_000), (1, 1_000)),
        (1, 1_000, 10, (1, 10), (991, 1_000)),
        (500, 600, 1_000, (500, 600), (500, 600)),
        (500, 600, 20, (500, 519), (581, 600)),
        (995, 1 << 62, 3, (995, 997), (998, 1_000)),
        (0, 3, 10, (1, 3), (1, 3)),
        (7, 7, 10, (7, 7), (7, 7)),
        (8, 7, 10, (1, 0), (1, 0)),
        (1_001, 1_010, 10, (1, 0), (1, 0)),
    ],
)
async def test_a_range_of_entries_is_ascending_from_the_end_that_was_asked_for(
    store: Store, low: int, high: int, limit: int, forward: tuple[int, int], backward: tuple[int, int]
) -> None:
    for start in range(1, 1_001, 250):
        await store.persist(batch(start + 250, [head(start + 249, start + 249)], entries_of(start, start + 249)))
    for wanted, back in ((forward, False), (backward, True)):
        found = await store.entries(SINGLE, low, high, limit, backward=back)
        assert list(found) == [(seq, b"entry %d" % seq) for seq in range(wanted[0], wanted[1] + 1)]


async def test_a_read_of_large_entries_stops_early_and_goes_on_where_it_stopped(store: Store) -> None:
    size = READ_BYTES // 4
    await store.persist(batch(10, [head(10, 9)], [entry(seq, b"x" * size) for seq in range(1, 11)]))
    found = [seq for seq, _ in await store.entries(SINGLE, 1, 10, 10, backward=False)]
    assert found == [1, 2, 3, 4]
    found = [seq for seq, _ in await store.entries(SINGLE, 1, 10, 10, backward=True)]
    assert found == [7, 8, 9, 10]
    found = [seq for seq, _ in await store.entries(SINGLE, 8, 10, 10, backward=False)]
    assert found == [8, 9, 10]


async def test_a_read_of_heads_with_large_previews_stops_early(store: Store) -> None:
    size = READ_BYTES // 2
    ids = [ConversationId(f"g:{number}") for number in range(5)]
    heads = [head(1, number, each) for number, each in enumerate(ids)]
    members = [member(ALICE, 1, each) for each in ids]
    await store.persist(batch(5, heads, [entry(1, b"x" * size, each) for each in ids], members))
    assert [row.conversation.offset for row in await store.heads(ALICE, -1, 5)] == [0, 1]
    assert [row.conversation.offset for row in await store.heads(ALICE, 1, 5)] == [2, 3]
    assert [row.conversation.offset for row in await store.heads(ALICE, 3, 5)] == [4]


async def test_content_is_any_bytes_and_numbers_are_wide(opened: Opened) -> None:
    contents = [b"", bytes(range(256)), b"\x00", "读书会 \U0001f4da".encode(), b"\xff" * 100_000]
    wide = entry(6, message_id=(1 << 63) - 1, time_ms=1 << 45, digest=-(1 << 63), countable=1 << 40)
    rows = [*(entry(seq, content) for seq, content in enumerate(contents, 1)), wide]
    await opened.store.persist(batch(2, [head(6, 1)], rows))
    store = await opened.reopen()
    assert await all_entries(store) == {row.seq: row.encoded for row in rows}
    assert facts_of((await store.facts([(SINGLE, 6)]))[SINGLE, 6]) == facts_in(wide)
    assert (await store.submissions(by_sender([wide])))[by_sender([wide])[0]].digest == -(1 << 63)


async def test_members_are_paged_by_user_id(store: Store) -> None:
    users = [UserId(name) for name in ("Zoe", "a", "a-", "a_", "b", "zed", "10", "9")]
    rows = {user: member(user, n, GROUP) for n, user in enumerate(users)}
    await store.persist(batch(2, [head(1, 1, GROUP)], [entry(1, conversation_id=GROUP)], rows.values()))
    found: list[MemberRow] = []
    while page := await store.members(GROUP, found[-1].user_id if found else "", 3):
        assert len(page) <= 3
        found += page
    assert found == [rows[user] for user in sorted(users)]


async def test_positions_are_those_of_the_present_members_among_the_asked(store: Store) -> None:
    await store.persist(first_batch())
    found = await store.positions(GROUP, [BOB, CAROL, UserId("dave"), ALICE])
    assert {row.user_id: row for row in found} == {ALICE: member(ALICE, 2, GROUP), BOB: member(BOB, 0, GROUP)}
    assert list(await store.positions(GROUP, [])) == []


async def test_a_thousand_keys_are_looked_up_at_once(store: Store) -> None:
    names = [ConversationId(f"g:{n}") for n in range(1_200)]
    users = [UserId(f"u{n}") for n in range(1_200)]
    rows = [entry(1, conversation_id=name) for name in names]
    members = [member(user, conversation_id=names[0]) for user in users]
    heads = [head(1, offset, name) for offset, name in enumerate(names)]
    await store.persist(batch(1_200, heads, rows, members))
    assert set(await store.load(names)) == set(names)
    assert set(await store.submissions(by_sender(rows))) == set(by_sender(rows))
    assert set(await store.facts([(name, 1) for name in names])) == {(name, 1) for name in names}
    assert len(await store.positions(names[0], users)) == 1_200
    assert set((await store.load(names[:1]))[names[0]].audience) == set(users)


async def test_a_full_disk_keeps_nothing_of_a_batch_and_takes_it_when_there_is_room(opened: Opened) -> None:
    store = opened.store
    await store.persist(first_batch())
    before = await snapshot(store)
    opened.adapter.fill(store)
    rows = [entry(seq, b"x" * 5_000) for seq in range(4, 200)]
    large = batch(300, [head(199, 299)], rows, [member(BOB, 9)], [entry(1, b"gone", recalled=True)])
    for _ in range(2):
        with pytest.raises(StorageFull):
            await store.persist(large)
    assert await snapshot(store) == before
    opened.adapter.free(store)
    await store.persist(large)
    assert (await store.load([SINGLE]))[SINGLE].seq == 199
    assert len(await all_entries(store)) == 199


SEAT = Seat(first_seq=1, muted_until_ms=1 << 45, nickname="小明 \U0001f4da", flags=3)
SETTINGS = Settings(
    "blob-1",
    "明天见",
    history_for_newcomers=True,
    join_policy=JoinPolicy.APPROVAL,
    who_may_add=Role.ADMIN,
    who_may_mention_all=Role.OWNER,
    muted_all=True,
    speakers=(BOB,),
    is_dismissed=True,
    links=(JoinLink("l1", "secret", ALICE, 1 << 45, 7, 3),),
    requests=(JoinRequest(CAROL, "让我进来", 5),),
    pins=(1, 2),
    muted_away=((CAROL, 9),),
    removed=(CAROL,),
)


async def test_a_changed_seat_is_kept_and_read_wherever_its_member_is(store: Store) -> None:
    await store.persist(first_batch())
    seated = member(BOB, 1, GROUP, seat=SEAT)
    given = batch(8, [head(2, 7, GROUP)], members=[seated])
    given.seats.append(seated)
    await store.persist(given)
    assert await store.membership(GROUP, BOB) == seated
    assert seated in await store.members(GROUP, "", 10)
    assert list(await store.positions(GROUP, [BOB])) == [seated]
    assert (await store.load([GROUP]))[GROUP].members[BOB].seat == SEAT
    assert (await store.load([GROUP]))[GROUP].members[ALICE].seat is PLAIN_SEAT
    assert [row.member for row in await store.heads(BOB, 5, 10)] == [seated]


async def test_a_seat_stays_when_its_member_only_moves_his_positions(store: Store) -> None:
    await store.persist(first_batch())
    given = batch(8, [head(2, 7, GROUP)], members=[member(BOB, 1, GROUP, seat=SEAT)])
    given.seats += given.members
    await store.persist(given)
    await store.persist(batch(9, [head(2, 8, GROUP)], members=[member(BOB, 2, GROUP, seat=SEAT)]))
    assert await store.membership(GROUP, BOB) == member(BOB, 2, GROUP, seat=SEAT)


async def test_a_newcomers_seat_comes_with_him_and_that_of_an_earlier_stay_is_gone(store: Store) -> None:
    await store.persist(first_batch())
    seated = member(CAROL, 2, GROUP, joined=3, seat=SEAT)
    given = batch(8, [head(3, 7, GROUP)], [entry(3, conversation_id=GROUP)], [seated])
    await store.persist(given)
    assert await store.membership(GROUP, CAROL) == seated
    gone = member(CAROL, 2, GROUP, joined=3, left=4, seat=SEAT)
    await store.persist(batch(9, [head(4, 8, GROUP)], [entry(4, conversation_id=GROUP)], [gone]))
    assert await store.membership(GROUP, CAROL) == gone
    plain = member(CAROL, 4, GROUP, joined=5)
    await store.persist(batch(10, [head(5, 9, GROUP)], [entry(5, conversation_id=GROUP)], [plain]))
    assert await store.membership(GROUP, CAROL) == plain


async def test_a_seat_can_be_given_before_the_first_entry_which_shows_the_conversation_to_nobody(store: Store) -> None:
    """Blocking somebody to whom one never spoke leaves no trace that he could see."""
    seated = member(ALICE, seat=Seat(flags=2))
    given = batch(2, [head(0, 1)], members=[seated])
    given.seats.append(seated)
    await store.persist(given)
    assert (await store.load([SINGLE]))[SINGLE].members[ALICE].seat == Seat(flags=2)
    for user_id in (ALICE, BOB):
        assert list(await store.heads(user_id, -1, 10)) == []
    await store.persist(batch(3, [head(1, 2)], [entry(1)], [member(ALICE, 1, seat=Seat(flags=2)), member(BOB)]))
    assert (await store.membership(SINGLE, ALICE)) == member(ALICE, 1, seat=Seat(flags=2))
    assert [row.conversation.seq for row in await store.heads(BOB, -1, 10)] == [1]


async def test_a_group_is_read_with_its_settings_and_the_number_of_its_present_members(opened: Opened) -> None:
    store = opened.store
    assert await store.group(GROUP) is None
    await store.persist(first_batch())
    assert await store.group(GROUP) == GroupRow(head(2, 5, GROUP, "读书会"), PLAIN_SETTINGS, 2)
    given = batch(8, [head(2, 7, GROUP, "书")])
    given.settings.append(SettingsRow(GROUP, SETTINGS))
    await store.persist(given)
    store = await opened.reopen()
    assert await store.group(GROUP) == GroupRow(head(2, 7, GROUP, "书"), SETTINGS, 2)
    assert (await store.load([GROUP]))[GROUP].settings == SETTINGS
    assert (await store.load([SINGLE]))[SINGLE].settings == PLAIN_SETTINGS


async def test_settings_are_replaced_as_a_whole(store: Store) -> None:
    await store.persist(first_batch())
    for offset, settings in ((7, SETTINGS), (8, Settings("blob-2"))):
        given = batch(offset + 1, [head(2, offset, GROUP)])
        given.settings.append(SettingsRow(GROUP, settings))
        await store.persist(given)
    assert (await store.load([GROUP]))[GROUP].settings == Settings("blob-2")


async def test_a_dead_letter_is_kept_once(store: Store) -> None:
    record = Record(SINGLE, ALICE, ClientMsgId("m1"), MessageId(1), 1, SendMessage(1, b"\xff"))
    for next_offset in (3, 5):
        given = batch(next_offset)
        given.dead.append(DeadLetter(0, 2, record, "ValueError: 坏"))
        await store.persist(given)
    assert await store.position(0) == 5


async def test_what_was_kept_is_found_by_the_next_process(opened: Opened) -> None:
    await opened.store.persist(first_batch())
    before = await snapshot(opened.store)
    assert await snapshot(await opened.reopen()) == before
