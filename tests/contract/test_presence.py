"""What every state of leases, and every store of who was seen last, promises (hongyan.ports.presence)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from hongyan.adapters.state.leases import MemoryLeases
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.last_seen import MemoryLastSeen, SqliteLastSeen
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.state import BLOCKS, FRIEND, Seat
from hongyan.ports.presence import LastSeen, Leases
from tests.contract.adapters import STORES, Store, StoreAdapter, sqlite_file
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, batch, entry, head, member

LEASES: dict[str, Callable[[], Leases]] = {"memory": MemoryLeases}


@pytest.fixture(params=LEASES.values(), ids=list(LEASES))
def leases(request: pytest.FixtureRequest) -> Leases:
    make: Callable[[], Leases] = request.param
    return make()


@pytest_asyncio.fixture(params=["memory", "sqlite"])
async def last_seen(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LastSeen]:
    if request.param == "memory":
        yield MemoryLastSeen()
        return
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "presence"), "presence")
    yield SqliteLastSeen(database)
    await database.close()


@pytest_asyncio.fixture(params=STORES.values(), ids=list(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    adapter: StoreAdapter = request.param
    opened = await asyncio.to_thread(adapter.open, tmp_path)
    yield opened
    await adapter.close(opened)


async def test_whoever_is_held_for_the_first_time_is_new_and_then_not(leases: Leases) -> None:
    assert list(await leases.hold(1, [ALICE, BOB], 1_000, 31_000)) == [ALICE, BOB]
    assert list(await leases.hold(1, [ALICE], 2_000, 32_000)) == []
    assert list(await leases.hold(2, [BOB, CAROL], 2_000, 32_000)) == [CAROL]
    assert set(await leases.held([ALICE, CAROL, UserId("dave")])) == {ALICE, CAROL}


async def test_a_lease_that_is_not_renewed_lapses_once_with_the_time_it_was_seen(leases: Leases) -> None:
    await leases.hold(1, [ALICE, BOB], 1_000, 31_000)
    await leases.hold(1, [ALICE], 11_000, 41_000)
    assert dict(await leases.lapsed(30_999)) == {}
    assert dict(await leases.lapsed(33_000)) == {BOB: 1_000}
    assert dict(await leases.lapsed(33_000)) == {}
    assert set(await leases.held([ALICE, BOB])) == {ALICE}
    assert dict(await leases.lapsed(43_000)) == {ALICE: 11_000}
    assert list(await leases.hold(1, [ALICE], 50_000, 80_000)) == [ALICE]


async def test_a_lease_may_be_made_shorter_and_longer_again(leases: Leases) -> None:
    await leases.hold(1, [ALICE], 1_000, 31_000)
    await leases.hold(1, [ALICE], 2_000, 12_000)
    await leases.hold(1, [ALICE], 5_000, 35_000)
    assert dict(await leases.lapsed(14_000)) == {}
    await leases.hold(1, [ALICE], 15_000, 25_000)
    assert dict(await leases.lapsed(27_000)) == {ALICE: 15_000}


async def test_somebody_is_there_as_long_as_one_gateway_holds_him(leases: Leases) -> None:
    await leases.hold(1, [ALICE], 1_000, 31_000)
    await leases.hold(2, [ALICE], 9_000, 39_000)
    await leases.hold(1, [ALICE], 10_000, 12_000)
    assert dict(await leases.lapsed(14_000)) == {}
    assert dict(await leases.lapsed(41_000)) == {ALICE: 10_000}


async def test_a_pause_of_many_leases_is_caught_up_with(leases: Leases) -> None:
    for number in range(50):
        await leases.hold(1, [UserId(f"user-{number}")], number, 1_000 * number)
    assert len(await leases.lapsed(1_000_000)) == 50


async def test_the_newest_time_is_kept_and_the_unknown_are_left_out(last_seen: LastSeen) -> None:
    await last_seen.write({ALICE: 5, BOB: 7})
    await last_seen.write({ALICE: 4, BOB: 9})
    assert dict(await last_seen.read([ALICE, BOB, CAROL])) == {ALICE: 5, BOB: 9}
    assert dict(await last_seen.read([])) == {}


async def test_friends_and_companions_of_small_groups_are_acquainted_but_nobody_who_blocks(store: Store) -> None:
    dave = UserId("dave")
    friend, blocks = Seat(flags=FRIEND), Seat(flags=FRIEND | BLOCKS)
    large, left, pair = (ConversationId(name) for name in ("g:large", "g:left", "s:alice:carol"))
    members = [
        *(member(user_id, seat=friend) for user_id in (ALICE, BOB)),
        member(ALICE, conversation_id=pair, seat=friend),
        member(CAROL, conversation_id=pair, seat=blocks),
        *(member(user_id, conversation_id=GROUP) for user_id in (ALICE, CAROL, dave)),
        *(member(UserId(f"user-{number}"), conversation_id=large) for number in range(3)),
        member(ALICE, conversation_id=large),
        member(ALICE, conversation_id=left, left=1),
        member(UserId("erin"), conversation_id=left),
    ]
    keys = (SINGLE, pair, GROUP, large, left)
    entries = [entry(1, conversation_id=key) for key in keys]
    await store.persist(batch(6, [head(1, 5, key) for key in keys], entries, members))

    asked = [BOB, CAROL, dave, UserId("user-1"), UserId("erin"), UserId("nobody"), ALICE]
    assert await store.acquainted(ALICE, asked, 3) == {BOB: True, dave: False}
    assert await store.acquainted(ALICE, asked, 4) == {BOB: True, dave: False, UserId("user-1"): False}
    assert await store.acquainted(BOB, [ALICE], 2) == {ALICE: True}
    assert await store.acquainted(CAROL, [ALICE, dave], 3) == {dave: False}
