"""What only the store in SQLite does: statements of few shapes, one writer beside readers, and what a broken disk means."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from hongyan.adapters.store.listing import HEADS
from hongyan.adapters.store.sqlite import SqliteStore
from hongyan.model.ids import ConversationId, UserId
from hongyan.ports.store import MemberRow
from tests.contract.adapters import sqlite_file
from tests.contract.rows import ALICE, BOB, GROUP, SINGLE, batch, entries_of, entry, head, member


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    path = await asyncio.to_thread(sqlite_file, tmp_path, "message")
    store = await asyncio.to_thread(SqliteStore, path)
    try:
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("count", [1, 31, 32, 33, 255, 256, 257, 600, 1_000])
async def test_any_number_of_rows_is_kept_whole_and_in_order(store: SqliteStore, count: int) -> None:
    """Rows go in by statements of 256, 32 and one row."""
    users = [UserId(f"u{number:04}") for number in range(count)]
    members = [member(user_id, 1, GROUP) for user_id in users]
    await store.persist(batch(5, [head(count, 4, GROUP)], entries_of(1, count, GROUP), members))
    rows = await store.entries(GROUP, 1, count, count, backward=False)
    assert [seq for seq, _ in rows] == list(range(1, count + 1))
    assert [row.user_id for row in await store.members(GROUP, "", count + 1)] == users
    assert len(await store.positions(GROUP, users)) == count


async def test_every_statement_has_one_of_few_shapes(store: SqliteStore) -> None:
    statements: set[str] = set()
    store._write.set_trace_callback(lambda text: statements.add(text.partition("VALUES")[0] + str(text.count("),"))))
    for number, count in enumerate((1, 5, 40, 300, 700)):
        first = 1_000 * number + 1
        rows = [entry(seq) for seq in range(first, first + count)]
        await store.persist(batch(number + 1, [head(first + count, number)], rows))
    entries = {text for text in statements if "INTO entry" in text}
    assert len(entries) == 3


async def test_a_batch_is_kept_whole_though_nobody_waits_for_it_any_more(store: SqliteStore) -> None:
    persisting = asyncio.ensure_future(store.persist(batch(5, [head(900, 4)], entries_of(1, 900))))
    await asyncio.sleep(0)
    persisting.cancel()
    with suppress(asyncio.CancelledError):
        await persisting
    # The next call on the writing thread comes after it.
    await store.checkpoint()
    assert await store.position(0) == 5
    assert len(await store.entries(SINGLE, 1, 900, 900, backward=False)) == 900


async def test_readers_see_a_batch_whole_or_not_at_all_while_it_is_written(store: SqliteStore) -> None:
    await store.persist(batch(1, [head(100, 0)], entries_of(1, 100), [member(ALICE, 100)]))
    seen: set[tuple[int, int]] = set()
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(
            store.persist(batch(2, [head(2_000, 1)], entries_of(101, 2_000), [member(ALICE, 2_000)]))
        )
        while not writing.done():
            (mine,) = await store.heads(ALICE, -1, 5)
            seen.add((mine.conversation.seq, mine.member.read_seq))
    assert seen <= {(100, 100), (2_000, 2_000)}


async def test_what_is_not_a_full_disk_is_not_called_one(store: SqliteStore) -> None:
    await store._writer.call(store._write.execute, "PRAGMA query_only=1")
    with pytest.raises(sqlite3.OperationalError):
        await store.persist(batch(1, [head(1, 0)], [entry(1)]))
    await store._writer.call(store._write.execute, "PRAGMA query_only=0")
    await store.persist(batch(1, [head(1, 0)], [entry(1)]))


async def test_a_batch_that_fails_in_the_middle_leaves_nothing(store: SqliteStore) -> None:
    broken = MemberRow(SINGLE, BOB, "owner", 1, 0, 1, 1, 1)  # type: ignore[arg-type]  # STRICT tables refuse it
    with pytest.raises(sqlite3.Error):
        await store.persist(batch(1, [head(1, 0)], [entry(1)], [broken]))
    assert await store.position(0) == 0
    assert await store.entries(SINGLE, 1, 9, 9, backward=False) == []
    await store.persist(batch(1, [head(1, 0)], [entry(1)], [member(BOB, 1)]))
    assert await store.position(0) == 1


async def test_heads_are_found_by_keys_and_sorted_without_their_previews(store: SqliteStore) -> None:
    """A user with thousands of conversations must not move all their last messages for one page."""
    ids = [ConversationId(f"g:{number}") for number in range(50)]
    heads = [head(1, number, each) for number, each in enumerate(ids)]
    await store.persist(
        batch(50, heads, [entry(1, b"x" * 1_000, each) for each in ids], [member(ALICE, 1, each) for each in ids])
    )
    rows = await store._all(f"EXPLAIN QUERY PLAN {HEADS}", (ALICE, -1, 5))
    plan = [str(row[3]) for row in rows]
    assert not any(step.startswith("SCAN") and not step.startswith("SCAN h") for step in plan), plan
    sort = next(place for place, step in enumerate(plan) if "TEMP B-TREE" in step)
    assert any(step.startswith("SEARCH e ") for step in plan[sort:]), plan
    assert not any(step.startswith("SEARCH e ") for step in plan[:sort]), plan
    assert [row.conversation.offset for row in await store.heads(ALICE, 10, 5)] == [11, 12, 13, 14, 15]


async def test_two_readers_take_turns(store: SqliteStore) -> None:
    threads = {id(next(store._turn)[0]) for _ in range(4)}
    assert len(threads) == 2
