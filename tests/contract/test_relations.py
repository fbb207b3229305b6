"""What every store of friend requests promises, and every reader of what users are to each other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.requests_memory import MemoryRequestStore
from hongyan.adapters.store.requests_sqlite import SqliteRequestStore
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.state import BLOCKS, FRIEND, Seat
from hongyan.ports.relations import RelationReader, RelationRow, RequestPage, RequestRow, RequestState, RequestStore
from tests.contract.adapters import STORES, sqlite_file
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, batch, head, member

NOW_MS = 1_000_000
OTHER_SINGLE = ConversationId("s:alice:carol")


@pytest.fixture(params=("memory", "sqlite"))
async def requests(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RequestStore]:
    """Each adapter, empty."""
    if request.param == "memory":
        yield MemoryRequestStore()
        return
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "relation"), "relations")
    yield SqliteRequestStore(database)
    await database.close()


def asked(
    request_id: str, sender: UserId = ALICE, receiver: UserId = BOB, now_ms: int = NOW_MS, ttl_ms: int = 500
) -> RequestRow:
    state = int(RequestState.PENDING)
    return RequestRow(request_id, sender, receiver, f"it is {sender} 你好", "handle", state, now_ms, now_ms + ttl_ms)


def wanted(
    user_id: UserId, *, incoming: bool, pending_only: bool = False, before: tuple[int, str] = (1 << 60, "")
) -> RequestPage:
    return RequestPage(user_id, incoming, pending_only, *before, 2)


async def test_a_request_is_found_as_it_was_asked(requests: RequestStore) -> None:
    assert await requests.ask(asked("r1")) == asked("r1")
    assert await requests.request("r1") == asked("r1")
    assert await requests.request("r2") is None
    assert await requests.pending_between(ALICE, BOB, NOW_MS) == asked("r1")
    assert await requests.pending_between(BOB, ALICE, NOW_MS) is None


async def test_asking_again_renews_the_request_that_waits(requests: RequestStore) -> None:
    await requests.ask(asked("r1"))
    again = replace(asked("r2", now_ms=NOW_MS + 100), note="please")
    renewed = replace(asked("r1"), note="please", expires_ms=NOW_MS + 600)
    assert await requests.ask(again) == renewed
    assert await requests.request("r1") == renewed
    assert await requests.request("r2") is None


async def test_many_who_ask_the_same_at_once_ask_once(requests: RequestStore) -> None:
    rows = await asyncio.gather(*(requests.ask(asked(f"r{number}")) for number in range(20)))
    assert len({row.request_id for row in rows}) == 1


async def test_one_of_many_answers_wins(requests: RequestStore) -> None:
    await requests.ask(asked("r1"))
    answers = [RequestState.ACCEPTED, RequestState.REFUSED, RequestState.WITHDRAWN] * 10
    moves = (requests.move("r1", RequestState.PENDING, answer, NOW_MS + 1) for answer in answers)
    won = await asyncio.gather(*moves)
    assert sum(won) == 1
    row = await requests.request("r1")
    assert row is not None
    assert (row.state, row.answered_ms) == (answers[won.index(True)], NOW_MS + 1)
    assert await requests.pending_between(ALICE, BOB, NOW_MS) is None
    assert not await requests.move("r9", RequestState.PENDING, RequestState.REFUSED, NOW_MS)


async def test_what_expired_is_not_answered_and_makes_room_for_another(requests: RequestStore) -> None:
    await requests.ask(asked("r1"))
    late_ms = NOW_MS + 500
    assert await requests.pending_between(ALICE, BOB, late_ms - 1) == asked("r1")
    assert await requests.open_counts(ALICE, BOB, late_ms - 1) == (1, 1)
    assert await requests.pending_between(ALICE, BOB, late_ms) is None
    assert await requests.open_counts(ALICE, BOB, late_ms) == (0, 0)
    assert not await requests.move("r1", RequestState.PENDING, RequestState.ACCEPTED, late_ms)
    row = await requests.request("r1")
    assert row == replace(asked("r1"), state=int(RequestState.EXPIRED), answered_ms=late_ms)
    assert await requests.ask(asked("r2", now_ms=late_ms)) == asked("r2", now_ms=late_ms)


async def test_a_request_that_expires_unseen_makes_room_too(requests: RequestStore) -> None:
    await requests.ask(asked("r1"))
    assert (await requests.ask(asked("r2", now_ms=NOW_MS + 500))).request_id == "r2"


async def test_open_requests_are_counted_of_the_one_and_to_the_other(requests: RequestStore) -> None:
    await requests.ask(asked("r1", ALICE, BOB))
    await requests.ask(asked("r2", ALICE, CAROL))
    await requests.ask(asked("r3", CAROL, BOB))
    await requests.move("r2", RequestState.PENDING, RequestState.REFUSED, NOW_MS)
    await requests.ask(asked("r4", BOB, ALICE))
    assert await requests.open_counts(ALICE, BOB, NOW_MS) == (1, 2)


async def test_pages_descend_by_time_and_continue(requests: RequestStore) -> None:
    for number, sender in enumerate(("u1", "u2", "u3", "u4")):
        await requests.ask(asked(f"r{number}", UserId(sender), BOB, NOW_MS + number // 2))
    await requests.ask(asked("mine", BOB, ALICE))
    await requests.move("r2", RequestState.PENDING, RequestState.REFUSED, NOW_MS + 5)
    first = await requests.page(wanted(BOB, incoming=True), NOW_MS + 9)
    assert [row.request_id for row in first] == ["r3", "r2"]
    last = first[-1]
    second = await requests.page(wanted(BOB, incoming=True, before=(last.created_ms, last.request_id)), NOW_MS + 9)
    assert [row.request_id for row in second] == ["r1", "r0"]
    pending = await requests.page(wanted(BOB, incoming=True, pending_only=True), NOW_MS + 9)
    assert [row.request_id for row in pending] == ["r3", "r1"]
    assert [row.request_id for row in await requests.page(wanted(BOB, incoming=False), NOW_MS)] == ["mine"]
    assert await requests.page(wanted(BOB, incoming=True, pending_only=True), NOW_MS + 10_000) == []


async def test_the_accepted_wait_until_they_are_done(requests: RequestStore) -> None:
    await requests.ask(asked("r1"))
    await requests.ask(asked("r2", BOB, CAROL))
    assert await requests.move("r1", RequestState.PENDING, RequestState.ACCEPTED, NOW_MS + 1)
    accepted = await requests.accepted()
    assert [row.request_id for row in accepted] == ["r1"]
    assert await requests.move("r1", RequestState.ACCEPTED, RequestState.DONE, NOW_MS + 10_000)
    assert await requests.accepted() == []


async def test_old_ones_are_forgotten_but_for_those_that_wait_and_a_users_all(requests: RequestStore) -> None:
    await requests.ask(asked("refused"))
    await requests.move("refused", RequestState.PENDING, RequestState.REFUSED, NOW_MS)
    await requests.ask(asked("pending"))
    await requests.ask(asked("others", BOB, CAROL))
    assert await requests.forget(NOW_MS) == 0
    assert await requests.forget(NOW_MS + 1) == 1
    assert await requests.forget(0, ALICE) == 1
    assert await requests.request("pending") is None
    assert await requests.request("others") is not None


@pytest.fixture(params=STORES.values(), ids=list(STORES))
async def reader(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RelationReader]:
    """Each store, with two conversations of alice's and a group."""
    store = await asyncio.to_thread(request.param.open, tmp_path)
    rows = [
        member(ALICE, seat=Seat(flags=FRIEND | BLOCKS)),
        member(BOB, seat=Seat(flags=FRIEND)),
        member(ALICE, 0, OTHER_SINGLE),
        member(CAROL, 0, OTHER_SINGLE, seat=Seat(flags=BLOCKS)),
        member(ALICE, 0, GROUP),
    ]
    heads = [head(1, 5), head(1, 6, OTHER_SINGLE), head(1, 7, GROUP)]
    whole = batch(8, heads, members=rows)
    whole.seats += [row for row in rows if row.seat.flags]
    await store.persist(whole)
    yield store
    await request.param.close(store)


async def test_a_users_relations_are_his_own_flags(reader: RelationReader) -> None:
    assert list(await reader.relations(ALICE)) == [RelationRow(SINGLE, ALICE, FRIEND | BLOCKS)]
    assert list(await reader.relations(BOB)) == [RelationRow(SINGLE, BOB, FRIEND)]
    assert list(await reader.relations(UserId("dave"))) == []


async def test_the_flags_of_both_are_read_by_conversation(reader: RelationReader) -> None:
    unknown = ConversationId("s:x:y")
    assert list(await reader.between([OTHER_SINGLE, unknown, SINGLE])) == [
        RelationRow(SINGLE, ALICE, FRIEND | BLOCKS),
        RelationRow(SINGLE, BOB, FRIEND),
        RelationRow(OTHER_SINGLE, CAROL, BLOCKS),
    ]
    assert list(await reader.between([])) == []
    assert len(await reader.between([ConversationId(f"s:a:u{number}") for number in range(40_000)])) == 0
