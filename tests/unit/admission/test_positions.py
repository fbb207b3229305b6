"""Marks are gathered, merged by maximum, and appended a record a conversation."""

import asyncio

import pytest

from hongyan.adapters.log.memory import MemoryLog
from hongyan.admission.positions import PositionGatherer
from hongyan.model.codes import NotAMember, Overloaded
from hongyan.model.commands import Mark, MovePositions
from hongyan.model.ids import SYSTEM_USER, ConversationId, UserId, single_id
from hongyan.model.records import Record

ALICE, BOB, CAROL = UserId("alice"), UserId("bob"), UserId("carol")
SINGLE, GROUP = single_id(ALICE, BOB), ConversationId("g:books")


class World:
    def __init__(self, queue_records: int = 100, *, capacity: int = 100, records: int = 100) -> None:
        self.log = MemoryLog(lambda *_: None, queue_records=queue_records)
        self.gatherer = PositionGatherer(self.log, lambda: 5, interval_s=0, capacity=capacity, records=records)

    def taken(self) -> list[Record]:
        """What the log took in since it was last asked."""
        queue, self.log._queue = self.log._queue, []
        return queue

    def marks(self) -> dict[ConversationId, set[Mark]]:
        return {each.conversation_id: set(_marks(each)) for each in self.taken()}


def _marks(record: Record) -> tuple[Mark, ...]:
    assert isinstance(record.command, MovePositions)
    return record.command.marks


def test_marks_of_a_conversation_become_one_silent_record_merged_by_maximum() -> None:
    world = World()
    for mark in (Mark(ALICE, 3, 4), Mark(ALICE, 5, 2), Mark(BOB, 1), Mark(ALICE, 0, 0)):
        world.gatherer.mark(GROUP, mark)
    assert world.gatherer.waiting() == 2
    world.gatherer.flush()
    (record,) = world.taken()
    assert (record.sender_id, record.client_msg_id, record.request, record.time_ms) == (SYSTEM_USER, "", 0, 5)
    assert set(_marks(record)) == {Mark(ALICE, 5, 4), Mark(BOB, 1, 0)}
    assert world.gatherer.waiting() == 0
    world.gatherer.flush()
    assert world.taken() == []


def test_conversations_are_kept_apart() -> None:
    world = World()
    world.gatherer.mark(GROUP, Mark(ALICE, 1))
    world.gatherer.mark(SINGLE, Mark(ALICE, 2))
    world.gatherer.flush()
    assert world.marks() == {GROUP: {Mark(ALICE, 1)}, SINGLE: {Mark(ALICE, 2)}}


def test_at_the_capacity_a_new_mark_is_refused_and_leaves_nothing_but_a_known_one_moves() -> None:
    world = World(capacity=1)
    world.gatherer.mark(SINGLE, Mark(ALICE, 1))
    for _ in range(3):
        with pytest.raises(Overloaded):
            world.gatherer.mark(GROUP, Mark(ALICE, 1))
    world.gatherer.mark(SINGLE, Mark(ALICE, 7))
    world.gatherer.flush()
    assert world.marks() == {SINGLE: {Mark(ALICE, 7)}}


def test_a_mark_in_a_conversation_of_others_is_refused() -> None:
    world = World()
    with pytest.raises(NotAMember):
        world.gatherer.mark(SINGLE, Mark(CAROL, 1))
    assert world.gatherer.waiting() == 0


def test_what_the_log_has_no_room_for_stays_and_is_appended_later() -> None:
    world = World(queue_records=1)
    world.gatherer.mark(SINGLE, Mark(ALICE, 1))
    world.gatherer.mark(GROUP, Mark(ALICE, 1))
    world.gatherer.mark(GROUP, Mark(BOB, 1))
    world.gatherer.flush()
    assert world.marks() == {SINGLE: {Mark(ALICE, 1)}}
    assert world.gatherer.waiting() == 2
    world.gatherer.mark(GROUP, Mark(ALICE, 4))
    world.gatherer.flush()
    assert world.marks() == {GROUP: {Mark(ALICE, 4), Mark(BOB, 1)}}
    assert world.gatherer.waiting() == 0


def test_a_flood_of_marks_leaves_the_log_room_for_messages() -> None:
    world = World(records=2)
    names = [ConversationId(f"g:{number}") for number in range(5)]
    for name in names:
        world.gatherer.mark(name, Mark(ALICE, 1))
    rounds = []
    for _ in range(3):
        world.gatherer.flush()
        rounds.append([record.conversation_id for record in world.taken()])
    assert rounds == [names[:2], names[2:4], names[4:]]


async def test_it_appends_by_itself_and_the_rest_when_it_ends() -> None:
    world = World(records=1)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.gatherer.run())
        world.gatherer.mark(GROUP, Mark(ALICE, 1))
        while world.gatherer.waiting():
            await asyncio.sleep(0)
        world.gatherer.mark(GROUP, Mark(ALICE, 2))
        world.gatherer.mark(SINGLE, Mark(ALICE, 2))
        task.cancel()
    assert [record.conversation_id for record in world.taken()] == [GROUP, GROUP, SINGLE]


async def test_it_ends_though_the_log_has_no_room() -> None:
    world = World(queue_records=1)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.gatherer.run())
        await asyncio.sleep(0)
        world.gatherer.mark(GROUP, Mark(ALICE, 1))
        world.gatherer.mark(SINGLE, Mark(ALICE, 1))
        task.cancel()
    assert len(world.taken()) == 1
