"""What a user keeps is the same on all devices; other services write there too; and all of it has a bound."""

import asyncio
import random

import msgspec
import pytest

from hongyan.model.codes import InvalidField, ItemConflict, TooManyItems
from hongyan.model.ids import UserId
from hongyan.model.personal import (
    ME,
    AnyValue,
    Contact,
    ConversationSettings,
    Draft,
    Item,
    Profile,
    Relation,
    Settings,
    Topic,
)
from hongyan.ports.personal import ItemLimits
from hongyan.protocol import frames
from hongyan.protocol.codec_personal import MAX_ITEMS, encode_value
from hongyan.services.personal.service import settings_changed
from tests.unit.services.personal.worlds import ALICE, BOB, BOOKS, Replica, World


def draft(key: str, text: str = "hi", version: int = 0) -> Item:
    return Item("draft", key, encode_value(Draft(text)), version=version)


async def test_a_put_is_answered_and_told_to_the_users_own_devices() -> None:
    world = World()
    answer = await world.put(draft("g:a"), draft("g:b"))
    assert answer == frames.ItemsChanged((draft("g:a", version=1), draft("g:b", version=2)), 0, 2)
    assert world.heard.changes == [(ALICE, answer)]


async def test_what_is_so_already_is_told_to_nobody() -> None:
    world = World()
    await world.put(draft("g:a"))
    answer = await world.put(draft("g:a"))
    assert answer == frames.ItemsChanged((), 1, 1)
    assert len(world.heard.changes) == 1


async def test_a_refused_put_is_told_to_nobody_and_changes_nothing() -> None:
    world = World(ItemLimits(items=1))
    with pytest.raises(TooManyItems):
        await world.put(draft("g:a"), draft("g:b"))
    assert world.heard.changes == []
    assert await world.personal.version(ALICE) == 0


async def test_other_services_write_items_and_the_bounds_of_users_do_not_hold_for_them() -> None:
    world = World(ItemLimits(items=1))
    await world.put(draft("g:a"))
    relation = Relation(friend=True, since_ms=5)
    assert await world.personal.put(ALICE, Topic.RELATION, BOB, relation) == 2
    assert await world.personal.put(ALICE, Topic.RELATION, BOB, relation) == 2
    assert await world.personal.get(ALICE, Topic.RELATION, BOB) == relation
    assert [user_id for user_id, _ in world.heard.changes] == [ALICE, ALICE]
    assert [item.key for item in await world.personal.of_topic(ALICE, Topic.RELATION)] == [BOB]
    await world.personal.put(ALICE, Topic.RELATION, BOB, None)
    assert await world.personal.get(ALICE, Topic.RELATION, BOB) is None
    assert await world.personal.get(BOB, Topic.RELATION, ALICE) is None
    with pytest.raises(InvalidField):
        await world.personal.put(ALICE, Topic.RELATION, BOB, Profile("Bob"))


async def test_one_put_of_many_items_is_told_in_frames_that_a_client_takes() -> None:
    world = World()
    await world.put(*(draft(f"g:{number}") for number in range(MAX_ITEMS * 2 + 1)))
    replica = Replica(world)
    assert [replica.hear(changed) for _, changed in world.heard.changes] == [True] * 3
    assert replica.version == MAX_ITEMS * 2 + 1


async def test_the_version_is_known_without_the_store_once_all_were_loaded() -> None:
    world = World()
    await world.put(draft("g:a"))
    world.restart()
    assert await world.personal.version(ALICE) == 1
    world.restart()
    await world.personal.load()
    world.personal._store = None  # type: ignore[assignment]  # whoever asks it fails
    assert await world.personal.version(ALICE) == 1
    assert await world.personal.version(BOB) == 0


async def test_where_too_many_have_items_the_store_is_asked_for_the_others() -> None:
    world = World(known=3)
    for number in range(5):
        await world.put(draft("g:a"), user_id=UserId(f"u{number}"))
    assert len(world.personal._versions) == 3
    world.restart()
    await world.personal.load()
    assert [await world.personal.version(UserId(f"u{number}")) for number in range(6)] == [1, 1, 1, 1, 1, 0]


async def test_a_device_that_was_away_pulls_what_it_missed_in_pages() -> None:
    world = World()
    replica = Replica(world, page=2)
    await world.put(*(draft(f"g:{number}") for number in range(5)))
    await world.put(Item("draft", "g:0", deleted=True))
    await replica.catch_up()
    assert sorted(key for _, key in replica.shown) == ["g:1", "g:2", "g:3", "g:4"]
    assert replica.version == 6


async def test_a_device_away_for_longer_than_deletions_are_remembered_begins_anew() -> None:
    world = World(ItemLimits(deletions=2))
    replica = Replica(world, page=2)
    await world.put(*(draft(f"g:{number}") for number in range(6)))
    await replica.catch_up()
    for number in range(5):
        await world.put(Item("draft", f"g:{number}", deleted=True))
    await replica.catch_up()
    assert list(replica.shown) == [("draft", "g:5")]


async def test_a_device_that_begins_anew_gets_to_the_end_while_deletions_are_forgotten() -> None:
    world = World(ItemLimits(deletions=2))
    await world.put(*(draft(f"g:{number}") for number in range(8)))
    for number in range(4):
        await world.put(Item("draft", f"g:{number}", deleted=True))
    page = await world.personal.get_items(ALICE, frames.GetItems(limit=1))
    assert page.reset
    held = {item.key: item for item in page.items}
    while page.more:
        page = await world.personal.get_items(ALICE, frames.GetItems(cursor=page.cursor, limit=1))
        assert not page.reset
        held |= {item.key: item for item in page.items}
    assert sorted(key for key, item in held.items() if not item.deleted) == ["g:4", "g:5", "g:6", "g:7"]


async def test_a_device_of_a_time_that_was_lost_begins_anew() -> None:
    """As after a backup was restored: it knows a version that is yet to come."""
    world = World()
    await world.put(draft("g:a"))
    page = await world.personal.get_items(ALICE, frames.GetItems(9))
    assert (page.reset, page.version, page.more) == (True, 1, False)


@pytest.mark.parametrize("cursor", ["1", ".", "1.", "x.1", "1.1.1", "-1.2", "1" * 50 + ".1", "².1"])
async def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidField):
        await World().personal.get_items(ALICE, frames.GetItems(cursor=cursor))


@pytest.mark.parametrize("seed", range(20))
async def test_devices_that_miss_some_of_it_end_equal_to_a_fresh_one(seed: int) -> None:
    chance = random.Random(seed)
    world = World(ItemLimits(deletions=3))
    replicas = [Replica(world, page) for page in (0, 1, 3)]
    for step in range(120):
        key = f"g:{chance.randrange(8)}"
        item = draft(key, f"{step}") if chance.random() < 0.6 else Item("draft", key, deleted=True)
        await world.put(item)
        for replica in replicas:
            for _, changed in world.heard.changes[-2:] if chance.random() < 0.5 else ():
                if not replica.hear(changed):
                    await replica.catch_up()
    fresh = Replica(world)
    await fresh.catch_up()
    for replica in replicas:
        if replica.version < await world.personal.version(ALICE):
            await replica.catch_up()
        assert replica.shown == fresh.shown


async def test_two_changes_at_once_both_count() -> None:
    world = World()

    async def label(name: str) -> None:
        def add(known: AnyValue | None) -> AnyValue:
            before = settings_changed(known)
            return msgspec.structs.replace(before, labels=(*before.labels, name))

        await world.personal.change(ALICE, Topic.CONVERSATION, BOOKS, add)

    await asyncio.gather(*(label(name) for name in ("a", "b", "c")))
    found = await world.personal.get(ALICE, Topic.CONVERSATION, BOOKS)
    assert isinstance(found, ConversationSettings)
    assert sorted(found.labels) == ["a", "b", "c"]


async def test_a_change_that_never_finds_it_as_it_was_is_refused() -> None:
    world = World()
    put = world.store.put

    async def contested(*args: object, **kwargs: object) -> object:
        raise ItemConflict(topic="conversation", key=BOOKS)

    world.store.put = contested  # type: ignore[method-assign,assignment]  # somebody is always quicker
    with pytest.raises(ItemConflict):
        await world.personal.change(ALICE, Topic.CONVERSATION, BOOKS, lambda known: settings_changed(known, muted=True))
    world.store.put = put  # type: ignore[method-assign]


async def test_a_change_is_held_to_what_a_user_may_put() -> None:
    world = World()
    for key, value in (("books", ConversationSettings()), (BOOKS, ConversationSettings(labels=("",)))):
        with pytest.raises(InvalidField):
            await world.personal.change(ALICE, Topic.CONVERSATION, key, lambda _, value=value: value)  # type: ignore[misc]


async def test_a_change_to_nothing_deletes() -> None:
    world = World()
    await world.personal.change(ALICE, Topic.CONTACT, BOB, lambda _: Contact("Bobby"))
    assert await world.personal.change(ALICE, Topic.CONTACT, BOB, lambda _: None) is None
    assert await world.personal.get(ALICE, Topic.CONTACT, BOB) is None


async def test_a_user_is_not_to_be_told_where_he_muted_and_when_he_sleeps() -> None:
    world, noon, night = World(), 12 * 3_600_000, 23 * 3_600_000
    assert not await world.personal.silent(ALICE, BOOKS, noon)
    await world.personal.put(ALICE, Topic.SETTINGS, ME, Settings(22 * 60, 7 * 60))
    assert not await world.personal.silent(ALICE, BOOKS, noon)
    assert await world.personal.silent(ALICE, BOOKS, night)
    await world.personal.put(
        ALICE, Topic.CONVERSATION, BOOKS, ConversationSettings(muted=True, muted_until_ms=noon + 1)
    )
    assert await world.personal.silent(ALICE, BOOKS, noon)
    assert not await world.personal.silent(ALICE, BOOKS, noon + 1)


async def test_an_erased_user_keeps_nothing() -> None:
    world = World()
    await world.put(draft("g:a"))
    await world.personal.erase(ALICE)
    assert list(await world.personal.of_topic(ALICE, Topic.DRAFT)) == []
