"""What every store of keys, bots, words and reports promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.adapters.store.admin_sqlite import SqliteAdminStore
from hongyan.adapters.store.database import Database
from hongyan.model.codes import Overloaded
from hongyan.model.ids import ConversationId, UserId
from hongyan.ports.admin import BotCommand, BotRow, KeyRow, ReportRow, WordRow
from tests.contract.adapters import sqlite_file

AdminStore = MemoryAdminStore | SqliteAdminStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AdminStore]:
    """Each adapter, empty."""
    if request.param == "memory":
        yield MemoryAdminStore()
        return
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "admin"), "integrators")
    yield SqliteAdminStore(database)
    await database.close()


def key(key_id: str, created_ms: int = 1) -> KeyRow:
    return KeyRow(key_id, "the shop 店", b"\x00digest", ("users", "messages"), created_ms)


def report(seq: int = 4, note: str = "he is rude 很粗鲁") -> ReportRow:
    return ReportRow(
        0, UserId("alice"), UserId("bob"), ConversationId("s:alice:bob"), seq, "abuse", note, b"\xff\x00", 1
    )


async def test_a_key_is_found_as_it_was_added(store: AdminStore) -> None:
    await store.add_key(key("k1"))
    assert await store.key("k1") == key("k1")
    assert await store.key("k2") is None


async def test_keys_come_in_the_order_they_were_made(store: AdminStore) -> None:
    for key_id, created_ms in (("b", 1), ("a", 2), ("c", 0)):
        await store.add_key(key(key_id, created_ms))
    assert [row.key_id for row in await store.keys()] == ["c", "b", "a"]


async def test_a_revoked_key_keeps_the_time_it_ended_first(store: AdminStore) -> None:
    await store.add_key(key("k1"))
    assert await store.revoke_key("k1", 5)
    assert await store.revoke_key("k1", 9)
    assert await store.key("k1") == msgspec.structs.replace(key("k1"), revoked_ms=5)
    assert not await store.revoke_key("k2", 5)


async def test_a_bot_is_what_was_said_of_it_last(store: AdminStore) -> None:
    first = BotRow(UserId("weather"), "k1", (BotCommand("weather", "今天的天气"),), 1)
    await store.put_bot(first)
    second = msgspec.structs.replace(first, commands=(BotCommand("rain"), BotCommand("sun")))
    await store.put_bot(second)
    await store.put_bot(BotRow(UserId("clock"), "k1", (), 2))
    assert list(await store.bots()) == [BotRow(UserId("clock"), "k1", (), 2), second]
    assert await store.remove_bot(UserId("weather"))
    assert not await store.remove_bot(UserId("weather"))
    assert [bot.bot_id for bot in await store.bots()] == ["clock"]


async def test_words_are_replaced_all_at_once(store: AdminStore) -> None:
    await store.set_words([WordRow("博彩", "mask"), WordRow("casino", "refuse")])
    assert list(await store.words()) == [WordRow("casino", "refuse"), WordRow("博彩", "mask")]
    await store.set_words([WordRow("spam", "mask")])
    assert list(await store.words()) == [WordRow("spam", "mask")]
    await store.set_words([])
    assert list(await store.words()) == []


async def test_a_report_gets_an_id_and_is_found_by_it(store: AdminStore) -> None:
    added = await store.add_report(report())
    assert added == msgspec.structs.replace(report(), report_id=added.report_id)
    assert added.report_id > 0
    assert await store.report(added.report_id) == added
    assert await store.report(added.report_id + 1) is None


async def test_the_same_said_twice_is_one_report(store: AdminStore) -> None:
    added = await store.add_report(report())
    assert await store.add_report(report(note="again")) == added
    assert (await store.add_report(report(seq=5))).report_id != added.report_id


async def test_a_report_is_decided_once_and_then_stands_with_the_decided(store: AdminStore) -> None:
    ids = [(await store.add_report(report(seq))).report_id for seq in (1, 2, 3)]
    assert await store.resolve_report(ids[1], "warned", 9)
    assert not await store.resolve_report(ids[1], "banned", 10)
    assert not await store.resolve_report(999, "banned", 10)
    assert [row.report_id for row in await store.reports(0, 10, is_open=True)] == [ids[0], ids[2]]
    assert [row.report_id for row in await store.reports(ids[0], 10, is_open=True)] == [ids[2]]
    assert [row.report_id for row in await store.reports(0, 1, is_open=True)] == [ids[0]]
    (decided,) = await store.reports(0, 10, is_open=False)
    assert (decided.report_id, decided.resolution, decided.resolved_ms) == (ids[1], "warned", 9)


async def test_calls_beyond_the_queue_of_the_file_are_refused(tmp_path: Path) -> None:
    database = Database(await asyncio.to_thread(sqlite_file, tmp_path, "admin"), "integrators", queue=2)
    store = SqliteAdminStore(database)
    results = await asyncio.gather(*(store.key("k") for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 2 + [Overloaded] * 3
    await database.close()
