"""What only the log in SQLite does: commits in bounded rows, a tail in memory, and a disk that may fail."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from hongyan.adapters.log.sqlite import LogOptions, SqliteLog
from hongyan.model.codes import InvalidField, Overloaded, Unavailable
from hongyan.model.commands import CreateGroup, SendMessage
from hongyan.model.errors import HongyanError, SetupError
from hongyan.model.ids import ConversationId
from hongyan.model.records import Record
from tests.contract.adapters import running, sqlite_file
from tests.tasks import until
from tests.unit.delivery.worlds import GROUP, record

SMALL = LogOptions(batch_records=4, batch_bytes=10_000, tail_records=8, tail_bytes=20_000, read_bytes=5_000)


class World:
    """A log in a folder, and what its listener was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed: list[tuple[Sequence[Record], HongyanError]] = []

    async def open(self, options: LogOptions = SMALL) -> SqliteLog:
        """The log as a process finds it."""
        path = await asyncio.to_thread(sqlite_file, self.folder, "log")
        return await asyncio.to_thread(SqliteLog, path, options, lambda *told: self.failed.append(told))

    def rows(self) -> list[tuple[int, int]]:
        """(first offset, count) of each commit."""
        with sqlite3.connect(self.folder / "log.db") as connection:
            found = connection.execute("SELECT first_offset, count FROM record_batch ORDER BY first_offset").fetchall()
        connection.close()
        return found

    def damage(self, first_offset: int, change: Callable[["Row"], "Row"]) -> None:
        """A row becomes another one."""
        with closing(sqlite3.connect(self.folder / "log.db")) as connection:
            row = connection.execute("SELECT * FROM record_batch WHERE first_offset = ?", (first_offset,)).fetchone()
            connection.execute("DELETE FROM record_batch WHERE first_offset = ?", (first_offset,))
            connection.execute("INSERT INTO record_batch VALUES (?, ?, ?, ?)", change(row))
            connection.commit()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def large(number: int, size: int = 3_000) -> Record:
    return record(number, "x" * size)


def put(log: SqliteLog, *records: Record) -> None:
    for each in records:
        log.append(each)


async def read(log: SqliteLog, first: int, limit: int = 1_000) -> list[int]:
    """The offsets that one read gives, checked against the records' own numbers."""
    batch = await log.read(0, first - 1, limit)
    offsets = [int(each.client_msg_id[1:]) for each in batch.records]
    assert offsets == list(range(batch.first_offset, batch.next_offset))
    return offsets


async def durable(log: SqliteLog, end: int) -> None:
    """Waits until so many records are on the disk."""
    await log.read(0, end - 2, 1)


async def test_a_commit_takes_so_many_records_and_bytes_and_the_rest_follows(world: World) -> None:
    log = await world.open()
    async with running(log):
        put(log, *(record(n) for n in range(10)), *(large(n) for n in range(10, 15)), large(15, 50_000), record(16))
        await durable(log, 17)
    counts = [count for _, count in world.rows()]
    assert sum(counts) == 17
    assert counts[:2] == [4, 4]
    assert max(counts) == 4
    # One that is larger than a commit has a commit of its own.
    assert (15, 1) in world.rows()


async def test_queued_bytes_are_bounded_and_counted_down_again(world: World) -> None:
    log = await world.open(LogOptions(queue_bytes=10_000, batch_bytes=5_000))
    for number in range(4):
        log.append(large(number))
    with pytest.raises(Overloaded):
        log.append(record(4))
    async with running(log):
        await durable(log, 4)
        for number in range(4, 7):
            log.append(large(number))
        await durable(log, 7)
    assert log._queue_bytes == 0


async def test_the_tail_is_bounded_by_records_and_by_bytes(world: World) -> None:
    log = await world.open()
    async with running(log):
        for number in range(40):
            put(log, record(number))
            await durable(log, number + 1)
        assert sum(len(kept.batch.records) for kept in log._tail) == 8
        for number in range(40, 60):
            put(log, large(number))
            await durable(log, number + 1)
        assert 0 < sum(kept.size_bytes for kept in log._tail) <= 20_000
        assert log._tail_bytes == sum(kept.size_bytes for kept in log._tail)
        assert log._tail_records == len(log._tail)


@pytest.mark.parametrize("is_reopened", [False, True])
async def test_one_read_gives_about_so_many_bytes(world: World, is_reopened: bool) -> None:
    """From the tail and from the file alike; one large record is given alone."""
    log = await world.open(replace(SMALL, tail_records=1_000, tail_bytes=1 << 30))
    async with running(log):
        for number in range(10):
            put(log, large(number, 9_000 if number == 5 else 2_000))
            await durable(log, number + 1)
        if not is_reopened:
            assert await read(log, 0) == [0, 1, 2]
            assert await read(log, 4) == [4, 5]
            assert await read(log, 5) == [5]
            assert await read(log, 6) == [6, 7, 8]
    if is_reopened:
        log = await world.open()
        async with running(log):
            assert await read(log, 0) == [0, 1, 2]
            assert await read(log, 4) == [4, 5]
            assert await read(log, 5) == [5]
            assert await read(log, 6) == [6, 7, 8]


async def test_tail_and_file_give_the_same_whatever_the_offset(world: World) -> None:
    options = replace(SMALL, tail_records=12, read_bytes=1 << 20)
    log = await world.open(options)
    async with running(log):
        for start in range(0, 60, 3):
            put(log, *(record(n) for n in range(start, start + 3)))
            await durable(log, start + 3)
        for limit in (1, 2, 5, 100):
            for first in range(60):
                offsets = await read(log, first, limit)
                assert offsets == list(range(first, first + len(offsets)))
                assert 0 < len(offsets) <= limit
                assert len(offsets) == min(limit, 60 - first)


async def test_a_read_of_old_records_finds_its_row_by_the_key(world: World) -> None:
    log = await world.open()
    plan: list[str] = []
    async with running(log):
        put(log, record(0))
        await durable(log, 1)
        log._read.set_trace_callback(plan.append)
        log._tail.clear()
        assert await read(log, 0) == [0]
        log._read.set_trace_callback(None)
        (statement,) = plan
        rows = await log._reader.call(lambda: log._read.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall())
    assert all("SCAN" not in row[3] or "SCALAR" in row[3] for row in rows), rows
    assert any("SEARCH record_batch USING PRIMARY KEY (partition=? AND first_offset>" in row[3] for row in rows), rows


async def test_a_record_without_an_encoding_is_told_to_its_sender_alone(world: World) -> None:
    log = await world.open()
    bad = record(1, CreateGroup("half a pair \ud800", (), 5), to=GROUP)
    async with running(log):
        put(log, record(0), bad, record(2))
        batch = await log.read(0, 0, 10)
        assert [each.client_msg_id for each in batch.records] == ["m2"]
        assert await log.end(0) == 2
    ((records, error),) = world.failed
    assert (list(records), type(error)) == ([bad], InvalidField)


async def test_nothing_but_records_without_an_encoding_is_no_commit(world: World) -> None:
    log = await world.open()
    async with running(log):
        put(log, record(0, to=ConversationId("g:\ud800")))
        while not world.failed:
            await asyncio.sleep(0)
        assert await log.end(0) == 0
    assert world.rows() == []


async def test_a_broken_disk_ends_it_and_acknowledges_nothing(world: World) -> None:
    log = await world.open()
    await log._writer.call(log._write.execute, "PRAGMA query_only=1")
    put(log, record(0))
    with pytest.raises(sqlite3.OperationalError):
        await log.run()
    assert await log.end(0) == 0
    assert world.failed == []
    with pytest.raises(Unavailable):
        log.append(record(1))


async def test_trimming_takes_whole_commits_and_leaves_the_newest(world: World) -> None:
    log = await world.open(replace(SMALL, batch_records=1))
    async with running(log):
        put(log, *(record(n) for n in range(50)))
        await durable(log, 50)
        await log.trim(0, 30)
        assert world.rows()[0] == (30, 1)
        await log.trim(0, 1_000)
        assert world.rows() == [(49, 1)]
        await log.trim(0, 0)
    assert (await world.open()).end_now == 50


async def test_commits_go_on_while_much_is_trimmed(world: World) -> None:
    log = await world.open(replace(SMALL, batch_records=1))
    async with running(log), asyncio.TaskGroup() as group:
        put(log, *(record(n) for n in range(200)))
        await durable(log, 200)
        trimming = group.create_task(log.trim(0, 199))
        await asyncio.sleep(0)
        put(log, record(200))
        await durable(log, 201)
        assert not trimming.done()


async def test_there_is_one_partition(world: World) -> None:
    log = await world.open()
    for asked in (log.end(1), log.read(1, -1, 1), log.trim(1, 0)):
        with pytest.raises(ValueError, match="one partition"):
            await asked
    async with running(log):
        pass


async def test_a_message_of_a_million_bytes_comes_back_as_it_was(world: World) -> None:
    log = await world.open()
    whole = record(0, SendMessage(1, bytes(range(256)) * 4_000))
    async with running(log):
        put(log, whole)
        await durable(log, 1)
    log = await world.open()
    async with running(log):
        assert list((await log.read(0, -1, 5)).records) == [whole]


# Damage


Row = tuple[int, int, int, bytes]


def flip(row: Row, place: int) -> Row:
    records = bytearray(row[3])
    records[place] ^= 1
    return *row[:3], bytes(records)


DAMAGES: dict[str, Callable[[Row], Row]] = {
    "a bit of a record": lambda row: flip(row, len(row[3]) // 2),
    "a bit of the checksum": lambda row: flip(row, 0),
    "no records": lambda row: (*row[:3], b""),
    "half of the records": lambda row: (*row[:3], row[3][: len(row[3]) // 2]),
    "a larger count": lambda row: (*row[:2], row[2] + 1, row[3]),
    "a count of nothing": lambda row: (*row[:2], 0, row[3]),
    "another place": lambda row: (row[0], row[1] + 5, *row[2:]),
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("place", [0, 2], ids=["first", "last"])
async def test_a_row_that_is_not_what_was_written_is_never_served(world: World, name: str, place: int) -> None:
    log = await world.open()
    async with running(log):
        for number in range(3):
            put(log, record(number))
            assert await read(log, number) == [number]
    await asyncio.to_thread(world.damage, place, DAMAGES[name])
    said = str(await first_error(world))
    assert "log.db is damaged: the records from offset " in said or said == "the log below offset 1 is not available."


async def first_error(world: World) -> Exception | None:
    """The last row is looked at when the log is opened, the others when they are read; an empty one is a hole."""
    try:
        log = await world.open()
    except SetupError as error:
        return error
    async with running(log):
        try:
            await log.read(0, -1, 1_000)
        except (SetupError, Unavailable) as error:
            return error
    return None


async def test_a_file_that_sqlite_cannot_read_ends_it_with_a_sentence(world: World) -> None:
    async with running(await world.open()):
        pass
    path = world.folder / "log.db"
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (path.stat().st_size - 4_096))
    with pytest.raises(SetupError, match="is damaged"):
        await world.open()


async def test_records_of_a_newer_version_are_refused_with_a_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is whole; it is this code that does not know the command."""
    from hongyan.adapters.log import sqlite

    log = await world.open()
    monkeypatch.setattr(sqlite, "_ENCODER", Newer())
    async with running(log):
        put(log, record(0))
        await until(lambda: log.end_now == 1)
    with pytest.raises(SetupError, match="newer hongyan"):
        await world.open()


class Newer:
    """Writes commands with tags that do not exist yet."""

    def encode(self, records: list[Record]) -> bytes:
        rows = [list(msgspec.to_builtins(each)) for each in records]
        for row in rows:
            row[5] = [99, *row[5][1:]]
        return msgspec.msgpack.encode(rows)


async def test_it_knows_the_last_message_id_when_it_is_opened_again(world: World) -> None:
    log = await world.open()
    assert log.last_message_id == 0
    async with running(log):
        put(log, *(record(n) for n in range(9)))
        await durable(log, 9)
    log = await world.open()
    assert log.last_message_id == record(8).message_id
    async with running(log):
        pass
