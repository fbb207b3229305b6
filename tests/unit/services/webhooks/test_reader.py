"""Events are what records did, no more and no less, wherever the reader begins again."""

import asyncio
from collections.abc import Sequence

import pytest

from hongyan.adapters.log.memory import MemoryLog
from hongyan.adapters.store.memory import MemoryStore
from hongyan.adapters.store.webhooks_memory import MemoryWebhookStore
from hongyan.model.codes import StorageFull
from hongyan.model.commands import Mark, MovePositions, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message, Record
from hongyan.ports.store import EntryRow
from hongyan.ports.webhooks import DeliveryRow
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import text_content
from hongyan.services.webhooks.reader import EventReader, Sources
from hongyan.services.webhooks.service import Wanted, Webhooks, WebhooksOptions
from tests.contract.rows import batch, head
from tests.tasks import beside

AB, ALICE = ConversationId("s:alice:bob"), UserId("alice")


def record(number: int, name: str = "") -> Record:
    """A message of alice's with the id `number`."""
    command = SendMessage(1, text_content(f"m{number}"))
    return Record(AB, ALICE, ClientMsgId(name or f"m{number}"), MessageId(number), 5, command)


def row(seq: int, number: int, name: str = "") -> EntryRow:
    """The entry that such a record made."""
    body = Message(1, text_content(f"m{number}"))
    client_msg_id = ClientMsgId(name or f"m{number}")
    encoded = encode_entry(Entry(AB, seq, MessageId(number), ALICE, client_msg_id, 5, seq, body))
    return EntryRow(AB, seq, number, ALICE, client_msg_id, 5, seq, 1, encoded)


class World:
    """A reader on memory. The store has what the test says."""

    def __init__(self, outbox: MemoryWebhookStore | None = None) -> None:
        self.log = MemoryLog(lambda *_: None)
        self.store, self.outbox = MemoryStore(), outbox or MemoryWebhookStore()
        self.stored = 0
        self.webhooks = Webhooks(self.outbox, self.outbox, self.end, lambda: 1, WebhooksOptions())
        sources = Sources(self.log, self.store, lambda: self.stored, lambda _: (), lambda: 1)
        self.reader = EventReader(sources, self.webhooks, self.outbox)

    async def end(self) -> int:
        """Of the log."""
        return await self.log.end(0)

    async def keep(self, records: Sequence[Record], rows: Sequence[EntryRow]) -> None:
        """Records come, and the store keeps what they did."""
        for one in records:
            self.log.append(one)
        self.log._commit()
        self.stored = await self.log.end(0)
        await self.store.persist(batch(self.stored, [head(rows[-1].seq, self.stored - 1)] if rows else [], rows))

    async def read(self) -> list[str]:
        """The ids of the events, once the reader has read all there is."""
        reader = self.reader
        async with beside(reader.run()):
            while reader._at < self.stored:
                await asyncio.sleep(0)
        return [found.event_id for found in self.outbox._in_order()]


async def test_what_made_an_entry_is_an_event_and_what_was_refused_or_silent_or_seen_before_is_none() -> None:
    world = World()
    await world.webhooks.create("k1", Wanted("http://x.example"))
    silent = Record(AB, ALICE, ClientMsgId(""), MessageId(3), 5, MovePositions((Mark(ALICE, 1, 1),)))
    again = record(4, "m1")
    await world.keep([record(1), record(2), silent, again, record(5)], [row(1, 1), row(2, 5)])
    assert await world.read() == ["evt_1", "evt_5"]


async def test_an_event_whose_key_was_used_again_long_after_is_found_all_the_same() -> None:
    world = World()
    await world.webhooks.create("k1", Wanted("http://x.example"))
    records = [record(number, "again" if number in {20, 90} else "") for number in range(1, 101)]
    rows = [row(number, number, "again" if number in {20, 90} else "") for number in range(1, 101)]
    await world.keep(records, rows)
    assert await world.read() == [f"evt_{number}" for number in range(1, 101)]


async def test_it_goes_no_further_than_the_store() -> None:
    world = World()
    await world.webhooks.create("k1", Wanted("http://x.example"))
    await world.keep([record(1)], [row(1, 1)])
    world.log.append(record(2))
    world.log._commit()
    assert await world.read() == ["evt_1"]


async def test_a_reader_that_starts_again_tells_nothing_twice() -> None:
    world = World()
    await world.webhooks.create("k1", Wanted("http://x.example"))
    await world.keep([record(1)], [row(1, 1)])
    await world.read()
    await world.outbox.gather([], 0)
    world.reader._at = 0
    await world.keep([record(2)], [row(2, 2)])
    assert await world.read() == ["evt_1", "evt_2"]


async def test_a_reader_past_which_the_log_was_trimmed_says_so_and_goes_on(logged: list[dict[str, object]]) -> None:
    world = World()
    await world.webhooks.create("k1", Wanted("http://x.example"))
    await world.keep([record(number) for number in range(1, 21)], [row(number, number) for number in range(1, 21)])
    await world.log.trim(0, 13)
    assert await world.read() == [f"evt_{number}" for number in range(14, 21)]
    assert world.reader.missed_records == 13
    assert [line["log_level"] for line in logged] == ["error"]


async def test_the_log_owes_nothing_to_a_reader_that_nobody_listens_to() -> None:
    world = World()
    made = await world.webhooks.create("k1", Wanted("http://x.example"))
    await world.keep([record(1)], [row(1, 1)])
    await world.read()
    assert world.reader.position == 1
    await world.webhooks.remove(made.webhook_id)
    assert world.reader.position is None


async def test_an_outbox_whose_disk_is_full_is_tried_again_with_the_same_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Moody(MemoryWebhookStore):
        tries = 0

        async def gather(self, rows: Sequence[DeliveryRow], next_offset: int) -> None:
            self.tries += 1
            if self.tries in {2, 3}:
                raise StorageFull
            await super().gather(rows, next_offset)

    monkeypatch.setattr("hongyan.services.webhooks.reader._TROUBLE_S", 0)
    world = World(Moody())
    await world.webhooks.create("k1", Wanted("http://x.example"))
    await world.keep([record(1), record(2)], [row(1, 1), row(2, 2)])
    assert await world.read() == ["evt_1", "evt_2"]
    assert world.webhooks.waiting(world.webhooks.list()[0].webhook_id) == 2
