"""A device that was away ends equal to one that stayed, whatever the store has by then."""

import asyncio

import pytest

from hongyan.gateway.gateway import SyncHandler, Uplink
from hongyan.model.ids import ConversationId, UserId
from hongyan.ports.link import Identity
from hongyan.protocol import frames
from tests.flow.device import Device
from tests.flow.node import MemoryEngines, Node, configured
from tests.tasks import rounds

AB, AC = ConversationId("s:alice:bob"), ConversationId("s:alice:carol")


async def lively(node: Node, bob: Device) -> ConversationId:
    """A bit of everything happens; bob is there, alice's other devices are not. Returns a group."""
    alice, carol = await node.connect("alice/stays"), await node.connect("carol/phone")
    await alice.say_all(AB, [f"to bob {n}" for n in range(30)])
    await bob.say(AB, "yes?")
    await alice.recall(AB, 3)
    group = await alice.create_group("Books", "bob", "carol")
    await carol.say_all(group, [f"in the group {n}" for n in range(10)])
    await alice.remove(group, "bob")
    await carol.say(group, "bob is gone")
    await carol.say(AC, "hi")
    bob.mark(AB, 32)
    await bob.event(frames.Positions)
    return group


@pytest.mark.parametrize("is_stored", [False, True])
async def test_a_new_device_finds_everything_stored_or_not(node: Node, is_stored: bool) -> None:
    node.hold_store()
    bob = await node.connect("bob/phone")
    group = await lively(node, bob)
    if is_stored:
        node.release_store()
        await node.stored()
    fresh = await node.connect("alice/fresh")
    heads = {head.conversation_id: head for head in fresh.welcome.sync_page.conversations}
    assert {key: (head.seq, head.unread, head.member) for key, head in heads.items()} == {
        AB: (32, 0, True),
        group: (13, 1, True),
        AC: (1, 1, True),
    }
    assert (heads[group].name, heads[group].countable) == ("Books", 11)
    bobs = {head.conversation_id: head for head in (await bob.sync())[0]}
    assert {key: (head.seq, head.unread, head.member) for key, head in bobs.items()} == {
        AB: (32, 0, True),
        group: (12, 0, False),
    }
    node.release_store()


async def test_what_is_shown_does_not_change_when_the_store_catches_up(node: Node) -> None:
    node.hold_store()
    bob = await node.connect("bob/phone")
    await lively(node, bob)
    fresh, his = await node.connect("alice/fresh"), await node.connect("bob/fresh")
    before = await fresh.snapshot(), await his.snapshot()
    node.release_store()
    await node.stored()
    assert (await fresh.snapshot(), await his.snapshot()) == before
    await node.restart()
    again = await node.connect("alice/fresh"), await node.connect("bob/fresh")
    assert (await again[0].snapshot(), await again[1].snapshot()) == before


async def test_a_device_that_comes_back_is_told_what_changed_since_its_cursor(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    await alice.say(AB, "one")
    await bob.say(ConversationId("s:bob:carol"), "another")
    _, cursor = await bob.sync()
    assert (await node.connect("bob/laptop", cursor=cursor)).welcome.sync_page.conversations == ()
    bob.close()
    await alice.say_all(AB, ["two", "three"])
    back = await node.connect("bob/phone", cursor=cursor)
    (head,) = back.welcome.sync_page.conversations
    assert (head.conversation_id, head.seq, head.unread) == (AB, 3, 3)
    assert [entry.seq for entry in await back.history(AB, 1)] == [2, 3]
    assert back.welcome.sync_page.cursor != cursor


async def test_one_syncs_many_conversations_in_pages(node: Node) -> None:
    alice = await node.connect("alice/phone")
    names = [f"s:alice:b{number:03}" for number in range(50)]
    for name in names:
        await alice.say(ConversationId(name), "hello")
    for limit in (7, 50, 0):
        heads, _ = await alice.sync(limit=limit)
        assert [head.conversation_id for head in heads] == names


class Held:
    """A sync that takes some turns of the loop before it reads."""

    def __init__(self, sync: SyncHandler) -> None:
        self._sync = sync
        self.turns, self.started = 0, asyncio.Event()

    async def sync(self, identity: Identity, request: frames.Sync) -> frames.SyncPage:
        self.started.set()
        await rounds(self.turns)
        return await self._sync(identity, request)


async def test_messages_that_come_while_one_syncs_are_pushed_or_found_never_neither(plain: Node) -> None:
    """A route is registered before the sync reads; the head is written before routes are looked up."""
    alice = await plain.connect("alice/phone")
    await alice.say(AB, "one")
    uplink, held = plain.stages.gateway.uplink, Held(plain.stages.gateway.uplink.sync)
    plain.stages.gateway.uplink = Uplink(uplink.authenticate, uplink.admit, held.sync, uplink.handlers, uplink.casts)
    for turns in range(30):
        held.turns = turns
        held.started.clear()
        bob = await plain.dial()
        (number,) = bob.send(frames.Connect(f"bob/d{turns}"))
        await held.started.wait()
        receipt = await alice.say(AB, f"message {turns}")
        welcome = await bob.reply(number)
        assert isinstance(welcome, frames.Connected)
        (head,) = welcome.sync_page.conversations
        if head.seq < receipt.seq:
            await bob.has(AB, receipt.seq)
        bob.close()


# History


async def test_history_is_paged_both_ways_without_gaps_or_repeats(node: Node) -> None:
    alice = await node.connect("alice/phone")
    texts = [f"message {number}" for number in range(120)]
    for start in range(0, 120, 40):
        await alice.say_all(AB, texts[start : start + 40])
        await node.stored()
    for limit in (1, 7, 50, 120, 500):
        up = await alice.history(AB, limit=limit)
        down = await alice.history(AB, backward=True, limit=limit)
        assert up == down
        assert [entry.seq for entry in up] == list(range(1, 121))
    assert [entry.seq for entry in await alice.history(AB, 115)] == [116, 117, 118, 119, 120]
    assert [entry.seq for entry in await alice.history(AB, 4, backward=True)] == [1, 2, 3]
    page = await alice.page(AB, 0, backward=True, limit=10)
    assert (page.head_seq, page.more, len(page.entries)) == (120, True, 10)


async def test_a_gap_too_wide_says_so_and_where_to_go_on() -> None:
    node = Node(MemoryEngines(), "memory", configured(too_long_gap=100, page_entries=20))
    await node.start()
    alice = await node.connect("alice/phone")
    for _ in range(3):
        await alice.say_all(AB, ["x"] * 100)
    page = await alice.page(AB, 100)
    assert (page.too_long_restart_seq, page.entries, page.head_seq) == (280, (), 300)
    assert len(await alice.history(AB, 280)) == 20
    assert len(await alice.history(AB, 250)) == 50
    await node.stop()


async def test_large_pages_are_compressed_for_those_who_say_they_can_read_it(node: Node) -> None:
    alice = await node.connect("alice/phone")
    await alice.say_all(AB, ["the same words again and again " * 20] * 60)
    bob = await node.connect("bob/phone", gzip=True)
    sizes: list[int] = []
    take = bob.arrivals.take

    def measured(packet: bytes) -> None:
        sizes.append(len(packet))
        take(packet)

    bob.arrivals.take = measured  # type: ignore[method-assign]
    entries = await bob.history(AB)
    assert len(entries) == 60
    assert max(sizes) < 10_000
    assert entries == await alice.history(AB)


async def test_members_of_a_large_group_are_paged(node: Node) -> None:
    alice = await node.connect("alice/phone")
    names = [f"u{number:03}" for number in range(230)]
    group = await alice.create_group("Many", *names)
    roles = await alice.members(group, limit=50)
    assert roles == {"alice": "owner", **dict.fromkeys(names, "member")}
    assert list(roles) == sorted(roles)


async def test_positions_of_whom_one_asks(node: Node) -> None:
    alice = await node.connect("alice/phone")
    group = await alice.create_group("Books", "bob", "carol")
    asked = frames.GetPositions(group, (UserId("carol"), UserId("nobody")))
    found = await alice.ask(asked)
    assert isinstance(found, frames.Positions)
    assert [(row.user_id, row.read_seq) for row in found.positions] == [("carol", 0)]
