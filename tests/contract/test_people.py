"""What every store of profiles and privacy settings promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.people_memory import MemoryPeopleStore
from hongyan.adapters.store.people_sqlite import SqlitePeopleStore
from hongyan.adapters.store.users_memory import MemoryUserStore
from hongyan.adapters.store.users_sqlite import SqliteUserStore
from hongyan.model.ids import UserId
from hongyan.ports.people import PeopleStore, PersonRow, PrivacyRow, ProfileRow
from hongyan.ports.users import UserRow, UserStore
from tests.contract.adapters import sqlite_file

ALICE, BOB, CAROL = UserId("alice"), UserId("bob"), UserId("carol")


class Stores(msgspec.Struct, frozen=True):
    """Accounts, and what is known of them."""

    users: UserStore
    people: PeopleStore


@pytest.fixture(params=("memory", "sqlite"))
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    """Each adapter with the accounts of alice and bob."""
    database = None
    if request.param == "memory":
        users = MemoryUserStore()
        stores = Stores(users, MemoryPeopleStore(users))
    else:
        database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "user"), "accounts")
        stores = Stores(SqliteUserStore(database), SqlitePeopleStore(database))
    for user_id in (ALICE, BOB):
        await stores.users.add(UserRow(user_id, "hash", 1_000))
    yield stores
    if database is not None:
        await database.close()


def profile(user_id: UserId, handle: str = "") -> ProfileRow:
    return ProfileRow(user_id, handle, f"{user_id} 李", "blob:face", "says\nlittle", 2_000)


async def test_a_new_account_has_an_empty_profile_and_the_usual_settings(stores: Stores) -> None:
    assert list(await stores.people.people([BOB, CAROL, ALICE, BOB])) == [
        PersonRow(ProfileRow(ALICE), PrivacyRow(ALICE), 1_000),
        PersonRow(ProfileRow(BOB), PrivacyRow(BOB), 1_000),
    ]
    assert list(await stores.people.people([])) == []


async def test_a_profile_and_settings_are_found_as_they_were_set_last(stores: Stores) -> None:
    privacy = PrivacyRow(ALICE, False, 2, 1, 2, 3, 4_000)
    assert await stores.people.set_profile(profile(ALICE, "First"))
    assert await stores.people.set_profile(profile(ALICE, "Alice_1"))
    assert await stores.people.set_privacy(PrivacyRow(ALICE, updated_ms=1))
    assert await stores.people.set_privacy(privacy)
    expected = PersonRow(profile(ALICE, "Alice_1"), privacy, 1_000)
    assert list(await stores.people.people([ALICE])) == [expected]
    assert await stores.people.by_handle("alice_1") == expected
    assert await stores.people.by_handle("FIRST") is None


async def test_a_handle_is_one_users_in_any_case_until_he_lets_it_go(stores: Stores) -> None:
    assert await stores.people.set_profile(profile(ALICE, "Alice"))
    assert not await stores.people.set_profile(profile(BOB, "aLICE"))
    assert await stores.people.set_profile(profile(ALICE, "ALICE")), "his own in another case"
    assert await stores.people.set_profile(profile(ALICE))
    assert await stores.people.set_profile(profile(BOB, "alice"))
    found = await stores.people.by_handle("Alice")
    assert found is not None
    assert found.profile == profile(BOB, "alice")


async def test_many_may_have_no_handle_and_nobody_is_found_by_none(stores: Stores) -> None:
    assert await stores.people.set_profile(profile(ALICE))
    assert await stores.people.set_profile(profile(BOB))
    assert await stores.people.by_handle("") is None


async def test_who_has_no_account_has_neither_profile_nor_settings(stores: Stores) -> None:
    assert not await stores.people.set_profile(profile(CAROL, "carol"))
    assert not await stores.people.set_privacy(PrivacyRow(CAROL, strangers=2))
    assert await stores.people.by_handle("carol") is None
    assert list(await stores.people.guarded()) == []


async def test_those_who_chose_what_is_asked_for_at_once_are_listed(stores: Stores) -> None:
    alice, bob = PrivacyRow(ALICE, False, strangers=2), PrivacyRow(BOB, invitations=1, updated_ms=7)
    await stores.people.set_privacy(alice)
    await stores.people.set_privacy(PrivacyRow(BOB, False, details=1, last_seen=1))
    assert list(await stores.people.guarded()) == [alice]
    await stores.people.set_privacy(bob)
    assert sorted(await stores.people.guarded(), key=lambda row: row.user_id) == [alice, bob]


async def test_with_an_account_its_profile_goes_and_its_handle_is_free(stores: Stores) -> None:
    await stores.people.set_profile(profile(ALICE, "alice"))
    await stores.people.set_privacy(PrivacyRow(ALICE, strangers=2))
    await stores.users.delete(ALICE, 3_000)
    assert list(await stores.people.people([ALICE])) == []
    assert await stores.people.by_handle("alice") is None
    assert list(await stores.people.guarded()) == []
    assert not await stores.people.set_profile(profile(ALICE, "alice"))
    assert await stores.people.set_profile(profile(BOB, "alice"))
