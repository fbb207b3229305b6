"""What every store of items promises (hongyan.ports.personal.ItemStore)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.items import CHANGES_BYTES
from hongyan.adapters.store.items_memory import MemoryItemStore
from hongyan.adapters.store.items_sqlite import SqliteItemStore
from hongyan.model.codes import ItemConflict, ItemsTooLarge, Overloaded, TooManyItems
from hongyan.model.ids import UserId
from hongyan.model.personal import Item, Topic
from hongyan.ports.personal import ABSENT, UNBOUNDED, Change, ItemLimits, ItemStore
from tests.contract.adapters import sqlite_file

ALICE, BOB = UserId("alice"), UserId("bob")


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ItemStore]:
    """Each adapter, empty."""
    if request.param == "memory":
        yield MemoryItemStore()
        return
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "conversation"), "items")
    yield SqliteItemStore(database)
    await database.close()


def draft(key: str, text: bytes = b"hi", version: int = 0) -> Item:
    return Item("draft", key, text, version=version)


def gone(key: str, version: int = 0) -> Item:
    return Item("draft", key, deleted=True, version=version)


async def put(store: ItemStore, *items: Item, limits: ItemLimits = UNBOUNDED) -> Change:
    return await store.put(ALICE, items, limits)


async def everything(store: ItemStore, since: int = 0) -> list[Item]:
    return list((await store.changes(ALICE, since, 1_000)).items)


async def test_a_user_has_nothing_at_first(store: ItemStore) -> None:
    assert await store.version(ALICE) == 0
    assert list(await store.items(ALICE, Topic.DRAFT, ["a"])) == []
    found = await store.changes(ALICE, 0, 10)
    assert (list(found.items), found.head_version, found.floor_version) == ([], 0, 0)
    assert list(await store.latest(10)) == []


async def test_each_item_gets_the_next_version_of_its_user(store: ItemStore) -> None:
    change = await put(store, draft("a"), draft("b"))
    assert change == Change([draft("a", version=1), draft("b", version=2)], 0, 2)
    await store.put(BOB, [draft("a")], UNBOUNDED)
    change = await put(store, draft("a", b"more"))
    assert change == Change([draft("a", b"more", version=3)], 2, 3)
    assert await everything(store) == [draft("b", version=2), draft("a", b"more", version=3)]
    assert await everything(store, 2) == [draft("a", b"more", version=3)]
    assert list(await store.items(ALICE, Topic.DRAFT, ["c", "b", "b"])) == [draft("b", version=2)]
    assert list(await store.items(ALICE, Topic.HIDDEN, ["b"])) == []
    assert sorted(await store.latest(10)) == [(ALICE, 3), (BOB, 1)]
    assert len(await store.latest(1)) == 1


async def test_what_is_so_already_changes_nothing(store: ItemStore) -> None:
    await put(store, draft("a"))
    change = await put(store, draft("a"), gone("never"))
    assert (list(change.items), change.from_version, change.version) == ([], 1, 1)
    await put(store, gone("a"))
    assert (await put(store, gone("a"))).version == 2


async def test_a_deleted_item_stays_known_as_deleted_and_may_come_back(store: ItemStore) -> None:
    await put(store, draft("a"))
    await put(store, gone("a"))
    assert await everything(store) == [gone("a", version=2)]
    assert list(await store.items(ALICE, Topic.DRAFT, ["a"])) == [gone("a", version=2)]
    assert list(await store.of_topic(ALICE, Topic.DRAFT)) == []
    await put(store, draft("a"))
    assert await everything(store) == [draft("a", version=3)]


async def test_all_items_of_a_put_or_none(store: ItemStore) -> None:
    await put(store, draft("a"))
    with pytest.raises(ItemConflict):
        await put(store, draft("b"), draft("a", b"x", version=9))
    with pytest.raises(ItemConflict):
        await put(store, draft("c", version=1))
    with pytest.raises(ItemConflict):
        await put(store, draft("a", b"x", version=ABSENT))
    assert await everything(store) == [draft("a", version=1)]
    assert (await put(store, draft("b", version=ABSENT), draft("a", b"x", version=1))).version == 3


async def test_of_two_who_change_the_same_version_one_wins(store: ItemStore) -> None:
    await put(store, draft("a"))
    tries = [put(store, draft("a", b"%d" % number, version=1)) for number in range(10)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, Change) for answer in answers) == 1
    assert sum(isinstance(answer, ItemConflict) for answer in answers) == 9


async def test_a_put_that_is_refused_stops_none_of_those_beside_it(store: ItemStore) -> None:
    users = [UserId(f"u{number}") for number in range(700)]
    limits = ItemLimits(items=1)
    asks = [
        store.put(user_id, [draft("a"), *([draft("b")] if index % 7 == 0 else [])], limits)
        for index, user_id in enumerate(users)
    ]
    answers = await asyncio.gather(*asks, return_exceptions=True)
    assert [isinstance(answer, TooManyItems) for answer in answers] == [index % 7 == 0 for index in range(700)]
    for index, user_id in enumerate(users):
        assert await store.version(user_id) == (0 if index % 7 == 0 else 1)


async def test_puts_beyond_the_queue_are_refused_and_not_done(tmp_path: Path) -> None:
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "conversation"), "items", queue=3)
    store = SqliteItemStore(database)
    answers = await asyncio.gather(*(put(store, draft(f"k{number}")) for number in range(8)), return_exceptions=True)
    assert [isinstance(answer, Overloaded) for answer in answers] == [False] * 3 + [True] * 5
    assert await store.version(ALICE) == 3
    await database.close()


async def test_a_page_of_changes_ends_at_its_limit_and_goes_on_from_there(store: ItemStore) -> None:
    await put(store, *(draft(f"k{number}") for number in range(5)))
    first = await store.changes(ALICE, 0, 2)
    assert [item.version for item in first.items] == [1, 2]
    assert first.head_version == 5
    assert [item.version for item in await everything(store, 2)] == [3, 4, 5]


async def test_a_page_of_changes_is_bounded_in_bytes_too(store: ItemStore) -> None:
    await put(store, *(draft(f"k{number}", bytes(CHANGES_BYTES // 3)) for number in range(5)))
    assert len(await everything(store)) == 3
    assert len(await everything(store, 3)) == 2


async def test_items_of_a_topic_are_found_by_the_beginning_of_their_key(store: ItemStore) -> None:
    keys = ("g:a/2", "g:a/1", "g:ab/1", "g:a", "g:b/1")
    await put(store, *(Item("hidden", key) for key in keys), draft("g:a/3"))
    assert [item.key for item in await store.of_topic(ALICE, Topic.HIDDEN, "g:a/")] == ["g:a/1", "g:a/2"]
    assert [item.key for item in await store.of_topic(ALICE, Topic.HIDDEN)] == sorted(keys)
    assert list(await store.of_topic(BOB, Topic.HIDDEN)) == []


async def test_a_user_may_keep_so_many_items_and_then_delete_some(store: ItemStore) -> None:
    limits = ItemLimits(items=2)
    await put(store, draft("a"), draft("b"), limits=limits)
    with pytest.raises(TooManyItems):
        await put(store, draft("c"), limits=limits)
    await put(store, draft("a", b"longer"), limits=limits)
    await put(store, gone("a"), draft("c"), limits=limits)
    assert [item.key for item in await store.of_topic(ALICE, Topic.DRAFT)] == ["b", "c"]


async def test_who_is_over_a_bound_that_was_lowered_may_still_shrink(store: ItemStore) -> None:
    await put(store, *(draft(key, b"12345") for key in "abcd"))
    limits = ItemLimits(items=1, size_bytes=5)
    await put(store, gone("a"), draft("b", b"123"), limits=limits)
    with pytest.raises(ItemsTooLarge):
        await put(store, draft("b", b"123456"), limits=limits)


async def test_the_bytes_of_keys_and_values_are_bounded(store: ItemStore) -> None:
    limits = ItemLimits(size_bytes=10)
    await put(store, draft("k", b"123456789"), limits=limits)
    with pytest.raises(ItemsTooLarge):
        await put(store, draft("l", b""), limits=limits)
    await put(store, draft("k", b""), draft("l", b"12345678"), limits=limits)


async def test_the_oldest_deletions_are_forgotten_and_the_floor_says_so(store: ItemStore) -> None:
    limits = ItemLimits(deletions=3)
    await put(store, *(draft(f"k{number}") for number in range(6)), limits=limits)
    for number in range(4):
        await put(store, gone(f"k{number}"), limits=limits)
    found = await store.changes(ALICE, 0, 100)
    assert [(item.key, item.deleted) for item in found.items] == [
        ("k4", False),
        ("k5", False),
        ("k2", True),
        ("k3", True),
    ]
    assert (found.floor_version, found.head_version) == (8, 10)


async def test_erased_is_erased_and_the_version_goes_on(store: ItemStore) -> None:
    await put(store, draft("a"), draft("b"))
    await put(store, gone("b"))
    await store.put(BOB, [draft("a")], UNBOUNDED)
    await store.erase(ALICE)
    await store.erase(UserId("nobody"))
    found = await store.changes(ALICE, 0, 100)
    assert (list(found.items), found.floor_version, found.head_version) == ([], 3, 3)
    assert (await put(store, draft("a"), limits=ItemLimits(items=1))).version == 4
    assert (await store.changes(BOB, 0, 100)).head_version == 1


async def test_what_was_put_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = await asyncio.to_thread(sqlite_file, tmp_path, "conversation")
    for expected in (1, 2):
        database = Database(path, "items")
        store = SqliteItemStore(database)
        assert (await put(store, draft(f"k{expected}"))).version == expected
        await database.close()
