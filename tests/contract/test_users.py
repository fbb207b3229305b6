"""What every store of accounts and sessions promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.migrate import migrate
from hongyan.adapters.store.users_memory import MemorySessionStore, MemoryUserStore
from hongyan.adapters.store.users_sqlite import SqliteSessionStore, SqliteUserStore
from hongyan.model.codes import Overloaded, TooManyDevices
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.users import SessionLimits, SessionRow, SessionStore, UserRow, UserStore

ADAPTERS = ("memory", "sqlite")
ALICE, BOB = UserId("alice"), UserId("bob")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fresh database, made once."""
    path = tmp_path_factory.mktemp("migrated") / "user.db"
    migrate(path, "user")
    return path.read_bytes()


@pytest.fixture
async def database(tmp_path: Path, migrated: bytes) -> AsyncIterator[Database]:
    """A database of this test alone."""
    path = tmp_path / "user.db"
    path.write_bytes(migrated)
    database = Database(path, "accounts")
    yield database
    await database.close()


@pytest.fixture(params=ADAPTERS)
def users(request: pytest.FixtureRequest) -> UserStore:
    """Each adapter, empty."""
    if request.param == "memory":
        return MemoryUserStore()
    return SqliteUserStore(request.getfixturevalue("database"))


@pytest.fixture(params=ADAPTERS)
def sessions(request: pytest.FixtureRequest) -> SessionStore:
    """Each adapter, empty."""
    if request.param == "memory":
        return MemorySessionStore()
    return SqliteSessionStore(request.getfixturevalue("database"))


def user(user_id: str, password_hash: str = "hash") -> UserRow:
    return UserRow(UserId(user_id), password_hash, 1_000)


def session(session_id: str, device_id: str = "phone", user_id: UserId = ALICE, now_ms: int = 1_000) -> SessionRow:
    return SessionRow(
        session_id, user_id, DeviceId(device_id), f"the {device_id} 手机", now_ms, now_ms, now_ms + 500, 0, b"n"
    )


async def test_an_account_is_found_as_it_was_added(users: UserStore) -> None:
    assert await users.add(user("alice"))
    assert await users.find(ALICE) == user("alice")
    assert await users.find(BOB) is None


async def test_a_taken_id_stays_what_it_was(users: UserStore) -> None:
    assert await users.add(user("alice", "first"))
    assert not await users.add(user("alice", "second"))
    assert await users.find(ALICE) == user("alice", "first")


async def test_one_of_many_who_ask_for_an_id_at_once_gets_it(users: UserStore) -> None:
    added = await asyncio.gather(*(users.add(user("alice", str(number))) for number in range(20)))
    assert sum(added) == 1


async def test_ids_differ_by_case(users: UserStore) -> None:
    assert await users.add(user("alice"))
    assert await users.add(user("Alice"))
    assert await users.existing([UserId("ALICE"), UserId("Alice")]) == {"Alice"}


async def test_a_password_is_replaced_only_where_there_is_an_account(users: UserStore) -> None:
    await users.add(user("alice"))
    assert await users.set_password(ALICE, "new")
    assert not await users.set_password(BOB, "new")
    assert await users.find(ALICE) == user("alice", "new")
    assert await users.find(BOB) is None
    assert not await users.set_password(ALICE, "newer", replacing="hash")
    assert await users.set_password(ALICE, "newest", replacing="new")
    assert await users.find(ALICE) == user("alice", "newest")


async def test_those_that_exist_are_told_from_those_that_do_not_in_any_number(users: UserStore) -> None:
    for number in range(0, 2_000, 100):
        await users.add(user(f"u{number}"))
    asked = [UserId(f"u{number}") for number in range(40_000)]
    assert await users.existing(asked) == {f"u{number}" for number in range(0, 2_000, 100)}
    assert await users.existing([]) == frozenset()


async def test_a_deleted_account_is_found_by_nothing_and_its_id_stays_taken(users: UserStore) -> None:
    for user_id in ("alice", "bob"):
        await users.add(user(user_id))
    assert await users.delete(ALICE, 2_000)
    assert not await users.delete(ALICE, 2_001)
    assert not await users.delete(UserId("carol"), 2_002)
    assert await users.find(ALICE) is None
    assert await users.existing([ALICE, BOB]) == {BOB}
    assert [row.user_id for row in await users.page("", 10)] == [BOB]
    assert not await users.set_password(ALICE, "new")
    assert not await users.add(user("alice"))


async def test_one_of_many_who_delete_an_account_at_once_did_it(users: UserStore) -> None:
    await users.add(user("alice"))
    assert sum(await asyncio.gather(*(users.delete(ALICE, 2_000 + number) for number in range(20)))) == 1


async def test_the_departing_are_told_in_order_until_they_have_left(users: UserStore) -> None:
    for user_id in ("alice", "bob", "carol"):
        await users.add(user(user_id))
    await users.delete(BOB, 2_000)
    await users.delete(ALICE, 2_001)
    assert list(await users.departing()) == [BOB, ALICE]
    await users.departed(BOB)
    await users.departed(BOB)
    assert list(await users.departing()) == [ALICE]


async def test_pages_ascend_and_continue(users: UserStore) -> None:
    for user_id in ("carol", "alice", "bob"):
        await users.add(user(user_id))
    first = await users.page("", 2)
    assert [row.user_id for row in first] == ["alice", "bob"]
    assert [row.user_id for row in await users.page(first[-1].user_id, 2)] == ["carol"]


async def test_a_session_is_found_as_it_was_opened(sessions: SessionStore) -> None:
    assert await sessions.open(session("s1"), SessionLimits(10)) == []
    assert await sessions.session("s1") == session("s1")
    assert await sessions.session("s2") is None


async def test_a_new_session_of_a_device_ends_its_earlier_one_and_no_other(sessions: SessionStore) -> None:
    await sessions.open(session("s1"), SessionLimits(10))
    await sessions.open(session("s2", "laptop"), SessionLimits(10))
    await sessions.open(session("s3", user_id=BOB), SessionLimits(10))
    assert await sessions.open(session("s4", now_ms=1_100), SessionLimits(10)) == [session("s1")]
    assert [row.session_id for row in await sessions.living(ALICE, 1_100)] == ["s2", "s4"]
    assert [row.session_id for row in await sessions.living(BOB, 1_100)] == ["s3"]
    assert await sessions.session("s1") == msgspec.structs.replace(session("s1"), revoked_ms=1_100)


async def test_a_device_too_many_is_refused_and_nothing_changes(sessions: SessionStore) -> None:
    await sessions.open(session("s1", "phone"), SessionLimits(2))
    await sessions.open(session("s2", "laptop"), SessionLimits(2))
    with pytest.raises(TooManyDevices):
        await sessions.open(session("s3", "tablet"), SessionLimits(2))
    assert await sessions.session("s3") is None
    assert [row.session_id for row in await sessions.living(ALICE, 1_000)] == ["s2", "s1"]
    assert await sessions.open(session("s4", "phone"), SessionLimits(2)) == [session("s1", "phone")], (
        "an old device may always come back"
    )
    assert await sessions.open(session("s5", "phone", BOB), SessionLimits(2)) == [], "others have their own count"


async def test_the_oldest_of_a_platform_give_way_to_a_new_one_and_no_other(sessions: SessionStore) -> None:
    def opened(session_id: str, platform: str, now_ms: int) -> SessionRow:
        row = session(session_id, f"d-{session_id}", now_ms=now_ms)
        return msgspec.structs.replace(row, platform=platform)

    for number in range(3):
        assert await sessions.open(opened(f"w{number}", "web", 1_000 + number), SessionLimits(10, 3)) == []
    await sessions.open(opened("p", "phone", 1_003), SessionLimits(10, 1))
    await sessions.open(opened("x", "", 1_004), SessionLimits(10, 0))
    assert await sessions.open(opened("w3", "web", 1_005), SessionLimits(10, 3)) == [opened("w0", "web", 1_000)]
    # The limit may have been lowered since.
    assert [row.session_id for row in await sessions.open(opened("w4", "web", 1_006), SessionLimits(10, 1))] == [
        "w1",
        "w2",
        "w3",
    ]
    assert [row.session_id for row in await sessions.living(ALICE, 1_007)] == ["p", "w4", "x"]
    assert await sessions.session("w4") == opened("w4", "web", 1_006)


async def test_expired_sessions_give_their_place_away(sessions: SessionStore) -> None:
    await sessions.open(session("s1", "phone"), SessionLimits(1))
    assert await sessions.open(session("s2", "laptop", now_ms=1_500), SessionLimits(1)) == [session("s1", "phone")]


async def test_a_refused_device_does_not_end_what_expired_nor_its_own_earlier_session(sessions: SessionStore) -> None:
    await sessions.open(session("s1", "phone"), SessionLimits(3))
    await sessions.open(session("s2", "laptop", now_ms=1_400), SessionLimits(3))
    with pytest.raises(TooManyDevices):
        await sessions.open(session("s3", "tablet", now_ms=1_600), SessionLimits(1))
    found = await sessions.session("s1")
    assert found is not None
    assert found.revoked_ms == 0


async def test_one_of_a_hundred_rotations_of_a_generation_wins(sessions: SessionStore) -> None:
    await sessions.open(session("s1"), SessionLimits(10))
    won = await asyncio.gather(*(sessions.rotate("s1", 0, 1_200, 2_000) for _ in range(100)))
    assert sum(won) == 1
    row = await sessions.session("s1")
    assert row == msgspec.structs.replace(session("s1"), generation=1, refreshed_ms=1_200, expires_ms=2_000)
    assert await sessions.rotate("s1", 1, 1_300, 2_000)


async def test_what_ended_or_expired_or_never_was_does_not_rotate(sessions: SessionStore) -> None:
    await sessions.open(session("s1"), SessionLimits(10))
    assert not await sessions.rotate("s1", 0, 1_500, 9_000), "expires at 1,500"
    assert not await sessions.rotate("s1", 1, 1_200, 9_000)
    assert not await sessions.rotate("s9", 0, 1_200, 9_000)
    await sessions.revoke(["s1"], 1_100)
    assert not await sessions.rotate("s1", 0, 1_200, 9_000)


async def test_revoked_sessions_keep_the_time_they_ended_first(sessions: SessionStore) -> None:
    for number, device in enumerate(("phone", "laptop", "tablet")):
        await sessions.open(session(f"s{number}", device), SessionLimits(10))
    await sessions.revoke(["s1"], 1_100)
    await sessions.revoke(["s0", "s1", "s9"], 1_200)
    assert await sessions.revoked_since(0) == [("s1", 1_100), ("s0", 1_200)]
    assert await sessions.revoked_since(1_200) == [("s0", 1_200)]
    assert [row.session_id for row in await sessions.living(ALICE, 1_200)] == ["s2"]
    assert await sessions.living(ALICE, 1_500) == [], "expired"


async def test_old_ends_are_forgotten_and_living_sessions_stay(sessions: SessionStore) -> None:
    await sessions.open(session("expired", "a"), SessionLimits(10))
    await sessions.open(session("ended", "b", now_ms=1_450), SessionLimits(10))
    await sessions.open(session("living", "c", now_ms=1_450), SessionLimits(10))
    await sessions.revoke(["ended"], 1_460)
    assert await sessions.forget(1_400) == 0
    assert await sessions.forget(1_501) == 2
    assert await sessions.session("living") is not None
    assert await sessions.session("ended") is None


async def test_calls_beyond_the_queue_of_the_file_are_refused(tmp_path: Path, migrated: bytes) -> None:
    path = tmp_path / "user.db"
    path.write_bytes(migrated)
    database = Database(path, "accounts", queue=2)
    results = await asyncio.gather(*(SqliteUserStore(database).find(ALICE) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 2 + [Overloaded] * 3
    assert await SqliteUserStore(database).find(ALICE) is None
    await database.close()


async def test_what_was_added_is_there_after_the_file_was_opened_again(tmp_path: Path, migrated: bytes) -> None:
    path = tmp_path / "user.db"
    path.write_bytes(migrated)
    for expected in (True, False):
        database = Database(path, "accounts")
        assert await SqliteUserStore(database).add(user("alice")) is expected
        await database.close()
