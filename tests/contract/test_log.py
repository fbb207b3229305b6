"""What every log promises (hongyan.ports.log)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from hongyan.model.codes import Overloaded, StorageFull, Unavailable
from hongyan.model.commands import (
    AddMembers,
    AnyCommand,
    CreateGroup,
    LeaveGroup,
    Mark,
    MovePositions,
    Recall,
    RemoveMembers,
    SendMessage,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Record
from hongyan.ports.log import Log
from tests.contract.adapters import LOGS, LogAdapter, running

QUEUE_RECORDS = 50
ALICE, BOB = UserId("alice"), UserId("bob")


class Opened:
    """A log in a folder, and what its listener was told."""

    def __init__(self, adapter: LogAdapter, folder: Path) -> None:
        self.adapter, self.folder = adapter, folder
        self.failed: list[Record] = []
        self.errors: list[HongyanError] = []
        self.heard = asyncio.Event()
        self.log = self._open()

    def _open(self) -> Log:
        return self.adapter.open(self.folder, QUEUE_RECORDS, self._hear)

    def _hear(self, records: Sequence[Record], error: HongyanError) -> None:
        asyncio.get_running_loop()  # raises when called outside of the loop's thread
        self.failed += records
        self.errors.append(error)
        self.heard.set()

    async def reopen(self) -> Log:
        """The log as the next process finds it; one that is not durable stays as it is."""
        if self.adapter.durable:
            self.log = await asyncio.to_thread(self._open)
        return self.log


@pytest.fixture(params=LOGS.values(), ids=list(LOGS))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return Opened(request.param, tmp_path)


def record(number: int, content: bytes = b"") -> Record:
    conversation_id = ConversationId("s:alice:bob")
    command = SendMessage(1, content or str(number).encode())
    return Record(conversation_id, ALICE, ClientMsgId(f"m{number}"), MessageId(number), 1_000 + number, command)


def append(log: Log, *numbers: int) -> None:
    for number in numbers:
        log.append(record(number))


async def read_all(log: Log, count: int, *, after: int = -1, limit: int = 7) -> list[Record]:
    """Records above an offset, in as many reads as it takes."""
    found: list[Record] = []
    while len(found) < count:
        batch = await log.read(0, after + len(found), limit)
        assert batch.first_offset == after + len(found) + 1
        assert 0 < len(batch.records) <= limit
        found += batch.records
    return found


async def test_a_new_log_is_empty(opened: Opened) -> None:
    async with running(opened.log):
        assert await opened.log.end(0) == 0
        assert opened.log.partitions == 1
        assert opened.log.waiting() == 0


async def test_records_are_read_in_the_order_of_the_appends_with_consecutive_offsets(opened: Opened) -> None:
    async with running(opened.log):
        for start in range(0, 60, 20):
            append(opened.log, *range(start, start + 20))
            assert await read_all(opened.log, 20, after=start - 1) == [record(n) for n in range(start, start + 20)]
        assert await read_all(opened.log, 60) == [record(n) for n in range(60)]
        assert await opened.log.end(0) == 60


@pytest.mark.parametrize("limit", [1, 3, 20, 1000])
@pytest.mark.parametrize("after", [-1, 0, 6, 18])
async def test_a_read_gives_records_above_the_offset_and_at_most_the_limit(
    opened: Opened, after: int, limit: int
) -> None:
    async with running(opened.log):
        append(opened.log, *range(8))
        await read_all(opened.log, 8)
        append(opened.log, *range(8, 20))
        assert await read_all(opened.log, 19 - after, after=after, limit=limit) == [
            record(n) for n in range(after + 1, 20)
        ]


async def test_a_record_cannot_be_read_before_it_is_durable(opened: Opened) -> None:
    append(opened.log, 0, 1)
    assert opened.log.waiting() == 2
    assert await opened.log.end(0) == 0
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(opened.log.read(0, -1, 10))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not reading.done()
        async with running(opened.log):
            assert list((await reading).records) == [record(0), record(1)]
            assert opened.log.waiting() == 0


async def test_every_waiting_reader_wakes_when_a_record_comes(opened: Opened) -> None:
    async with running(opened.log), asyncio.TaskGroup() as tasks:
        readings = [tasks.create_task(opened.log.read(0, -1, 10)) for _ in range(3)]
        await asyncio.sleep(0)
        append(opened.log, 0)
        for reading in readings:
            assert list((await reading).records) == [record(0)]


async def test_a_reader_that_gives_up_takes_nothing_with_it(opened: Opened) -> None:
    async with running(opened.log):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await opened.log.read(0, -1, 10)
        append(opened.log, 0)
        assert await read_all(opened.log, 1) == [record(0)]


async def test_a_reader_ahead_of_the_end_gets_the_record_it_waits_for(opened: Opened) -> None:
    async with running(opened.log), asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(opened.log.read(0, 1, 10))
        append(opened.log, 0, 1, 2)
        batch = await reading
        assert (batch.first_offset, batch.records[0]) == (2, record(2))


COMMANDS: list[AnyCommand] = [
    SendMessage(8, bytes(range(256)), mention_all=True),
    SendMessage(1, b"x" * 200_000),
    Recall(3, 120_000),
    CreateGroup("读书会 📚 \u200fשלום", (ALICE, BOB), 500),
    AddMembers((BOB,), 500),
    RemoveMembers((BOB,)),
    LeaveGroup(),
    MovePositions((Mark(ALICE, 4, 5), Mark(BOB))),
]


async def test_every_command_comes_back_as_it_was(opened: Opened) -> None:
    stamps = (ALICE, ClientMsgId("a:b"), MessageId((1 << 63) - 1), 5)
    records = [Record(ConversationId("g:books"), *stamps, each, -(1 << 63), True, 1 << 53, 2, 3) for each in COMMANDS]
    async with running(opened.log):
        for each in records:
            opened.log.append(each)
        await read_all(opened.log, len(records))
    log = await opened.reopen()
    assert await read_all(log, len(records)) == records
    async with running(log):
        pass


async def test_the_append_past_the_bound_is_refused_and_nothing_of_it_is_taken(opened: Opened) -> None:
    append(opened.log, *range(QUEUE_RECORDS))
    with pytest.raises(Overloaded) as refused:
        opened.log.append(record(99))
    assert refused.value.retry_after_ms > 0
    assert opened.log.waiting() == QUEUE_RECORDS
    async with running(opened.log):
        assert await read_all(opened.log, QUEUE_RECORDS) == [record(n) for n in range(QUEUE_RECORDS)]
        append(opened.log, 100)
        assert await read_all(opened.log, 1, after=QUEUE_RECORDS - 1) == [record(100)]
    assert opened.failed == []


async def test_what_a_full_disk_refuses_is_told_and_the_log_goes_on_when_there_is_room(opened: Opened) -> None:
    big = [record(n, b"x" * 100_000) for n in (1, 2)]
    async with running(opened.log):
        append(opened.log, 0)
        await read_all(opened.log, 1)
        opened.adapter.fill(opened.log)
        for each in big:
            opened.log.append(each)
        assert opened.failed == []
        await opened.heard.wait()
        assert opened.failed == big
        assert [type(error) for error in opened.errors] == [StorageFull]
        assert await read_all(opened.log, 1) == [record(0)]
        assert await opened.log.end(0) == 1
        opened.adapter.free(opened.log)
        opened.log.append(big[0])
        assert await read_all(opened.log, 2) == [record(0), big[0]]


async def test_a_read_of_trimmed_records_never_passes_over_a_hole(opened: Opened) -> None:
    async with running(opened.log):
        for number in range(40):
            append(opened.log, number)
            await read_all(opened.log, 1, after=number - 1)
        await opened.log.trim(0, 20)
        with pytest.raises(Unavailable):
            await opened.log.read(0, -1, 100)
        assert await read_all(opened.log, 20, after=19) == [record(n) for n in range(20, 40)]


async def test_the_offsets_go_on_after_everything_was_trimmed(opened: Opened) -> None:
    async with running(opened.log):
        append(opened.log, *range(5))
        await read_all(opened.log, 5)
        await opened.log.trim(0, 5)
        await opened.log.trim(0, 3)
        assert await opened.log.end(0) == 5
    log = await opened.reopen()
    assert await log.end(0) == 5
    if opened.adapter.durable:
        async with running(log):
            append(log, 5)
            assert await read_all(log, 1, after=4) == [record(5)]


async def test_what_was_taken_in_when_the_log_ends_is_kept(opened: Opened) -> None:
    """One batch is on its way to the disk when the end comes, and another one waits."""
    async with running(opened.log):
        append(opened.log, 0, 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        append(opened.log, 2, 3)
    log = await opened.reopen()
    assert await read_all(log, 4) == [record(n) for n in range(4)]
    async with running(log):
        pass


@pytest.fixture(
    params=[adapter for adapter in LOGS.values() if adapter.durable], ids=[k for k, a in LOGS.items() if a.durable]
)
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return Opened(request.param, tmp_path)


async def test_a_durable_log_is_found_again_and_goes_on_where_it_ended(durable: Opened) -> None:
    for start in range(0, 30, 10):
        log = await durable.reopen() if start else durable.log
        async with running(log):
            append(log, *range(start, start + 10))
            assert await read_all(log, start + 10) == [record(n) for n in range(start + 10)]
            assert await log.end(0) == start + 10


async def test_a_durable_log_can_be_read_by_a_second_opener_while_it_works(durable: Opened) -> None:
    async with running(durable.log):
        append(durable.log, *range(10))
        await read_all(durable.log, 10)
        first = durable.log
        second = await durable.reopen()
        assert await read_all(second, 10) == [record(n) for n in range(10)]
        async with running(second):
            pass
        append(first, 10)
        assert await read_all(first, 1, after=9) == [record(10)]
