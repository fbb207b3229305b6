"""A process may end at any moment: what was acknowledged is there, once, under the same number."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.log.sqlite import SqliteLog
from hongyan.model.codes import CloseCode
from hongyan.model.commands import AddMembers, CreateGroup, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, DeviceId, UserId
from hongyan.protocol import frames
from hongyan.protocol.codec_content import text_content
from tests.flow.device import Device, Refusal
from tests.flow.node import MemoryEngines, Node, SqliteEngines, configured
from tests.tasks import rounds, until

AB = ConversationId("s:alice:bob")


async def test_after_a_crash_before_the_store_had_anything_everything_has_its_number(node: Node) -> None:
    node.hold_store()
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    receipts = await alice.say_all(AB, [f"message {n}" for n in range(40)])
    group = await bob.create_group("Books", "alice", "carol")
    await bob.remove(group, "carol")
    await alice.recall(AB, 7)
    fresh = await node.connect("alice/fresh")
    before = await fresh.snapshot()
    await node.restart()
    alice = await node.connect("alice/phone")
    assert await alice.snapshot() == before
    again = {entry.seq: entry for entry in await alice.history(AB)}
    for receipt in receipts:
        entry = again[receipt.seq]
        assert (entry.client_msg_id, entry.message_id, entry.time_ms, entry.countable) == (
            receipt.client_msg_id,
            receipt.message_id,
            receipt.time_ms,
            receipt.countable,
        )
    assert (await alice.say(AB, "and on")).seq == 42


@pytest.mark.parametrize("is_stored", [False, True])
async def test_a_retry_after_a_crash_gets_the_same_receipt(node: Node, is_stored: bool) -> None:
    if not is_stored:
        node.hold_store()
    alice = await node.connect("alice/phone")
    first = await alice.say(AB, "once", "a")
    group = await alice.create_group("Books", "bob")
    added = await alice.submit(group, AddMembers((UserId("carol"),), 0), "b")
    if is_stored:
        await node.stored()
    await node.restart()
    alice = await node.connect("alice/phone")
    for resend in (True, False):
        assert await alice.say(AB, "once", "a", resend=resend) == first
        assert await alice.submit(group, AddMembers((UserId("carol"),), 0), "b", resend=resend) == added
    with pytest.raises(Refusal, match="submission_conflict"):
        await alice.say(AB, "something else", "a", resend=True)
    assert len(await alice.history(AB)) == 1


async def test_receipts_of_a_replay_reach_nobody(node: Node) -> None:
    """A connection of the new run may have the id of one of the old run."""
    node.hold_store()
    alice = await node.connect("alice/phone")
    await alice.say_all(AB, ["one", "two"])
    await node.restart()
    alice = await node.connect("alice/phone")
    await alice.ask(frames.Ping())
    assert (alice.entries, alice.events, alice.errors) == ({}, [], [])


async def test_many_crashes_one_after_the_other(node: Node) -> None:
    seqs: dict[str, int] = {}
    for life in range(6):
        if life % 2:
            node.hold_store()
        alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
        for name, seq in seqs.items():
            assert (await alice.say(AB, name, name, resend=True)).seq == seq
        names = [f"life-{life}-{number}" for number in range(5)]
        for name in names:
            seqs[name] = (await alice.say(AB, name, name)).seq
        await bob.say(AB, "hm")
        await node.restart()
    assert sorted(seqs.values()) == [seq for seq in range(1, 37) if seq % 6]
    alice = await node.connect("alice/phone")
    assert [entry.seq for entry in await alice.history(AB)] == list(range(1, 37))


async def test_what_was_under_way_when_the_process_ended_is_there_once_or_not_at_all(node: Node) -> None:
    alice = await node.connect("alice/phone")
    names = [f"m{number}" for number in range(200)]
    for name in names:
        alice.send(text(name))
    await rounds(3)
    await node.restart()
    alice = await node.connect("alice/phone")
    receipts = [await alice.say(AB, name, name, resend=True) for name in names]
    assert len({receipt.seq for receipt in receipts}) == 200
    entries = await alice.history(AB)
    assert sorted(entry.client_msg_id for entry in entries) == sorted(names)
    assert [entry.seq for entry in entries] == list(range(1, 201))


def text(name: str, *, resend: bool = False) -> frames.Submit:
    """A submission whose text is its name."""
    return frames.Submit(AB, ClientMsgId(name), SendMessage(1, text_content(name)), resend)


# Retries within one life


async def test_a_retry_at_any_time_gets_the_receipt_of_the_first_try(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    first = await alice.say(AB, "once", "a")
    assert await alice.say(AB, "once", "a") == first
    alice.close()
    alice = await node.connect("alice/phone")
    assert await alice.say(AB, "once", "a", resend=True) == first
    assert await alice.say(AB, "once", "a") == first
    await bob.has(AB, 1)
    await bob.ask(frames.Ping())
    assert bob.seqs(AB) == [1]
    with pytest.raises(Refusal, match="submission_conflict"):
        await alice.say(AB, "twice", "a")


async def test_both_tries_in_one_packet_are_one_message(node: Node) -> None:
    alice = await node.connect("alice/phone")
    ids = alice.send(*(text("a", resend=resend) for resend in (False, True, False)))
    receipts = [await alice.reply(number) for number in ids]
    assert receipts[0] == receipts[1] == receipts[2]
    assert len(await alice.history(AB)) == 1


async def test_anothers_id_is_of_no_use(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    first = await alice.say(AB, "mine", "the-id")
    second = await bob.say(AB, "his", "the-id", resend=True)
    assert (first.seq, second.seq) == (1, 2)
    assert second.message_id != first.message_id


async def test_a_group_made_twice_by_a_retry_is_one(node: Node) -> None:
    alice = await node.connect("alice/phone")
    create = frames.Submit(ConversationId(""), ClientMsgId("g"), CreateGroup("Books", (UserId("bob"),), 0), resend=True)
    first = await alice.ask(create)
    await node.restart()
    alice = await node.connect("alice/phone")
    assert await alice.ask(create) == first
    assert len((await alice.sync())[0]) == 1


# The disk, and the end


async def test_a_full_store_refuses_sends_and_shows_what_is_there_until_there_is_room(plain: Node) -> None:
    alice, bob = await plain.connect("alice/phone"), await plain.connect("bob/phone")
    await alice.say(AB, "one")
    await plain.stored()
    await plain.engines.bound_store(is_full=True)
    persister = plain.stages.delivery.persister
    last = await alice.say(AB, "in the log " * 8_000)
    await until(lambda: persister.disk_full)
    with pytest.raises(Refusal, match="storage_full") as refused:
        await alice.say(AB, "no room")
    assert not refused.value.error.permanent
    await bob.has(AB, 1, 2)
    assert [entry.seq for entry in await bob.history(AB)] == [1, 2]
    assert (await bob.sync())[0][0].seq == 2
    await plain.engines.bound_store(is_full=False)
    await until(lambda: not persister.disk_full)
    assert (await alice.say(AB, "room again")).seq == last.seq + 1
    await plain.stored()


async def test_a_full_log_refuses_and_takes_again(tmp_path: Path) -> None:
    node = Node(SqliteEngines(tmp_path), "memory")
    await node.start()
    alice = await node.connect("alice/phone")
    await alice.say(AB, "one")
    log = node.stages.engines.log
    assert isinstance(log, SqliteLog)
    await log._writer.call(log._write.execute, "PRAGMA max_page_count=1")
    with pytest.raises(Refusal, match="storage_full"):
        await alice.say(AB, "x" * 100_000, "big")
    assert [entry.seq for entry in await alice.history(AB)] == [1]
    await log._writer.call(log._write.execute, "PRAGMA max_page_count=1000000")
    assert (await alice.say(AB, "x" * 100_000, "big", resend=True)).seq == 2
    await node.stop()


async def test_a_drain_lets_what_is_under_way_end_and_says_where_to_go(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    ids = alice.send(*(text(f"m{number}") for number in range(50)))
    while node.stages.engines.log.waiting() == 0 and not alice.receipts and node.stages.metrics.sends < 50:
        await asyncio.sleep(0)
    async with asyncio.TaskGroup() as group:
        draining = group.create_task(node.stages.gateway.drain())
        seqs = []
        for number in ids:
            event = await alice.reply(number)
            assert isinstance(event, frames.ReceiptReply)
            seqs.append(event.submitted.seq)
        await draining
    assert seqs == list(range(1, 51))
    for device in (alice, bob):
        assert isinstance(await device.event(frames.GoAway), frames.GoAway)
        assert await device.closed() in (CloseCode.GOING_AWAY, None)


async def test_a_log_that_is_full_of_what_waits_refuses_for_a_while() -> None:
    config = configured()
    config = msgspec.structs.replace(config, log=msgspec.structs.replace(config.log, queue_records=10))
    node = Node(MemoryEngines(), "memory", config)
    await node.start()
    alice = await node.connect("alice/phone")
    ids = alice.send(*(text(f"m{number}") for number in range(30)))
    outcomes: list[str] = []
    for number in ids:
        try:
            await alice.reply(number)
            outcomes.append("receipt")
        except Refusal as refusal:
            outcomes.append(f"{refusal.name} {refusal.error.retry_after_ms}")
    assert set(outcomes) == {"receipt", "overloaded 500"}
    assert (await alice.say(AB, "again")).seq == outcomes.count("receipt") + 1
    await node.stop()


async def devices(node: Node, *tokens: str) -> list[Device]:
    return [await node.connect(token) for token in tokens]


async def test_a_device_that_was_logged_out_hears_and_says_nothing_more(node: Node) -> None:
    phone, laptop, bob = await devices(node, "alice/phone", "alice/laptop", "bob/phone")
    node.stages.gateway.disconnect(phone.welcome.user_id, DeviceId("phone"))
    assert await phone.closed() in (CloseCode.LOGGED_OUT, None)
    await bob.say(AB, "hello")
    await laptop.has(AB, 1)
    assert phone.entries == {}
