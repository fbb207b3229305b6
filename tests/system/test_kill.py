"""`kill -9` of the server at random moments under load: nothing acknowledged is missing, doubled or moved.

The seed is printed; HONGYAN_TEST_SEED sets it. It draws the moments, but not what threads and disks do meanwhile.
"""

import asyncio
import os
import random
import shutil
import time
from pathlib import Path

from hongyan.model.commands import MessageKind, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan.protocol.frames import ReceiptReply, Submit
from tests.system.conftest import MakeServer
from tests.system.files import faults_of_files, offsets, put_back
from tests.system.ledger import Place
from tests.system.raw import RawConnection
from tests.system.servers import Server
from tests.system.town import CAROL, Town

KILLS = 20
MANY = 20_000
BATCH_BYTES = 400_000  # less than a transaction of thousands of records writes, more than a start does


def draw_seed() -> int:
    """A new one every time, or the one that was asked for."""
    seed = int(os.environ.get("HONGYAN_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"HONGYAN_TEST_SEED={seed}")
    return seed


async def come_back(server: Server, rng: random.Random) -> None:
    """Starts the server again; sometimes it is killed while it starts."""
    if rng.random() < 0.25:
        server.spawn()
        await asyncio.sleep(rng.uniform(0, 1.0))
        server.kill()
    server.spawn()
    await server.ready()


async def judge_again(town: Town) -> None:
    """After a stop in good order, and a cold start, everybody is given the same."""
    server = town.server
    assert server.stop() == 0
    assert faults_of_files(server.data) == []
    server.start()
    faults = await town.judge_server()
    assert not faults.count, str(faults)


async def test_twenty_kills_under_load_lose_double_and_move_nothing(make_server: MakeServer, tmp_path: Path) -> None:
    rng = random.Random(draw_seed())
    # The log is trimmed all the while, so that a replay finds no more than it needs.
    server = make_server("log.trim_s=0.3", "log.retention_records=0").start()
    town = await Town(server, tmp_path, rng.randrange(1 << 30)).found()
    ledger, receipts = town.room.ledger, []
    async with town.talking():
        for _ in range(KILLS):
            before = len(ledger.acknowledged)
            # While everybody comes back and sends again what had no answer, or under load.
            await asyncio.sleep(rng.choice((rng.uniform(0, 0.3), rng.uniform(0.3, 1.2), rng.uniform(0.3, 1.2))))
            server.kill()
            receipts.append(len(ledger.acknowledged) - before)
            await come_back(server, rng)
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)
    print(f"receipts between kills: {receipts}; {ledger.looks} looks at {len(ledger.acknowledged)} submissions")
    assert sum(receipts) > 20 * KILLS, "there was no load to speak of"
    await judge_again(town)


async def test_a_store_held_far_behind_the_log_is_made_again_after_each_kill(
    make_server: MakeServer, tmp_path: Path
) -> None:
    rng = random.Random(draw_seed())
    server = make_server("delivery.gather_ms=10000").start()
    town = await Town(server, tmp_path, rng.randrange(1 << 30)).found()
    behind = []
    async with town.talking():
        for _ in range(5):
            await asyncio.sleep(rng.uniform(0.5, 2.0))
            server.kill()
            found = offsets(server.data)
            behind.append(found.log_end - found.stored)
            await come_back(server, rng)
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)
    print(f"records that had to be replayed: {behind}")
    assert min(behind) > 20
    assert max(behind) > 500, "the store was not held back"
    await judge_again(town)


async def say_much(town: Town, count: int) -> None:
    """The log is filled by carol, as fast as one connection does."""
    ledger, conversation_id = town.room.ledger, ConversationId("s:carol:dave")
    connection = await RawConnection.open(town.server.ports.tcp, town.tokens[CAROL])
    sent = answered = 0
    while answered < count:
        while sent < count and sent - answered < 900:
            sent += 1
            content = build_content(ContentView(Text(ledger.say(conversation_id, CAROL).text)))
            submit = Submit(conversation_id, ClientMsgId(f"much-{sent}"), SendMessage(MessageKind.TEXT, content))
            connection.post(submit)
        for item in await connection.receive():
            event = item.frame.event
            if isinstance(event, ReceiptReply):
                facts = event.submitted
                ident = (conversation_id, CAROL, facts.client_msg_id)
                ledger.acknowledge(ident, Place(facts.seq, facts.message_id, facts.time_ms), "a receipt of many")
                answered += 1
    connection.close()


def size_of_wal(data: Path) -> int:
    """Of the store's write-ahead log, which a kill leaves behind."""
    path = data / "message.db-wal"
    return path.stat().st_size if path.exists() else 0


async def a_batch_is_stored(data: Path, size_bytes: int, most_s: float) -> None:
    """Until the first transaction of a replay has been written, which is a fifth of it; but no longer than `most_s`."""
    deadline = time.monotonic() + most_s
    while size_of_wal(data) < size_bytes + BATCH_BYTES and time.monotonic() < deadline:
        await asyncio.sleep(0.002)


async def test_a_server_killed_while_it_replays_goes_on_where_it_was(make_server: MakeServer, tmp_path: Path) -> None:
    rng = random.Random(draw_seed())
    server = make_server().start()
    town = await Town(server, tmp_path, rng.randrange(1 << 30)).found()
    assert server.stop() == 0
    kept = shutil.copy(server.data / "message.db", tmp_path / "kept.db")
    quick_s = server.start().ready_s
    await say_much(town, MANY)
    async with town.talking():
        await asyncio.sleep(1.0)
        server.kill()
        put_back(Path(kept), server.data)
        before = offsets(server.data)
        assert before.log_end - before.stored > MANY
        halfway = 0
        for turn in range(12):
            size_bytes = size_of_wal(server.data)
            server.spawn()
            if turn % 2:
                await asyncio.sleep(rng.uniform(quick_s * 0.5, quick_s * 1.5))
            else:
                await a_batch_is_stored(server.data, size_bytes, most_s=4 * quick_s)
            server.kill()
            now = offsets(server.data)
            halfway += before.stored < now.stored < now.log_end
            print(f"killed with {now.stored} of {now.log_end} records stored")
            if halfway == 3 or now.stored == now.log_end:
                break
        assert halfway, "no kill hit a replay"
        server.start()
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)
    await judge_again(town)
