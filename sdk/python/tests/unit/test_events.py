"""The queue of events never grows without end, and never hides that something changed."""

import asyncio

from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message
from hongyan_client.errors import ClosedError
from hongyan_client.events import (
    ConnectionChanged,
    ConnectionState,
    ConversationChanged,
    EntryAdded,
    Event,
    EventQueue,
    SignalReceived,
)

HERE, THERE = ConversationId("s:a:b"), ConversationId("g:there")
ONLINE, WAITING = ConnectionChanged(ConnectionState.ONLINE), ConnectionChanged(ConnectionState.WAITING)


def added(seq: int, key: ConversationId = HERE) -> EntryAdded:
    return EntryAdded(Entry(key, seq, MessageId(seq), UserId("a"), ClientMsgId("c"), seq, seq, Message(1, b"")))


async def drained(queue: EventQueue) -> list[Event]:
    queue.close()
    return [event async for event in queue.read()]


async def test_events_come_in_their_order() -> None:
    queue = EventQueue(10)
    events: list[Event] = [ONLINE, added(1), added(2), SignalReceived(HERE, UserId("a"), "typing")]
    for event in events:
        queue.put(event)
    assert await drained(queue) == events


async def test_a_full_queue_tells_what_changed_once_a_conversation() -> None:
    queue = EventQueue(2)
    for seq in range(1, 100):
        queue.put(added(seq))
        queue.put(added(seq, THERE))
        queue.put(SignalReceived(HERE, UserId("a"), "typing"))
    queue.put(WAITING)
    queue.put(ONLINE)
    events = await drained(queue)
    assert events == [added(1), added(1, THERE), ConversationChanged(HERE), ConversationChanged(THERE), ONLINE]
    assert queue.coalesced == 196


async def test_after_the_reader_has_caught_up_events_are_whole_again() -> None:
    queue = EventQueue(1)
    reader = queue.read()
    queue.put(added(1))
    queue.put(added(2))
    assert [await anext(reader), await anext(reader)] == [added(1), ConversationChanged(HERE)]
    queue.put(added(3))
    assert await anext(reader) == added(3)


async def test_a_waiting_reader_is_woken_by_an_event_and_by_the_end() -> None:
    queue = EventQueue(1)
    reader = queue.read()
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    queue.put(ONLINE)
    assert await waiting == ONLINE
    rest = asyncio.ensure_future(drained(queue))
    await asyncio.sleep(0)
    queue.close(ClosedError("late"))
    assert await rest == []
