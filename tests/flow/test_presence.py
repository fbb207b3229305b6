"""Members of a small group see each other come and go, on any wire; strangers see nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hongyan.config import Presence
from hongyan.model.ids import UserId
from hongyan.protocol import frames
from tests.flow.device import Device
from tests.flow.node import CONFIG, MemoryEngines, Node, SqliteEngines

BOB, CAROL = UserId("bob"), UserId("carol")
QUICK = msgspec.structs.replace(CONFIG, presence=Presence(grace_ms=0, group_members=2))


@pytest.fixture(params=["memory-memory-json", "sqlite-ws", "sqlite-tcp"])
async def quick(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Node]:
    """A server without a grace, where presence is seen in groups of two."""
    engine, _, wire = str(request.param).partition("-")
    node = Node(MemoryEngines() if engine == "memory" else SqliteEngines(tmp_path), wire, QUICK)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


async def watch(device: Device, *user_ids: UserId) -> dict[UserId, bool]:
    """Who of them may be seen, and is there."""
    found = await device.ask(frames.WatchPresence(user_ids))
    assert isinstance(found, frames.Presences)
    return {row.user_id: row.online for row in found.presences}


async def pushed(device: Device) -> frames.Presence:
    """The next one that is pushed."""
    found = await device.event(frames.Presences)
    assert isinstance(found, frames.Presences)
    (row,) = found.presences
    return row


async def test_those_who_share_a_small_group_see_each_other_come_and_go(quick: Node) -> None:
    alice = await quick.connect("alice/phone")
    await alice.create_group("two", "bob")
    await alice.create_group("three", "bob", "carol")
    await quick.stored()
    assert await watch(alice, BOB, CAROL, UserId("stranger")) == {BOB: False}
    carol, bob = await quick.connect("carol/phone"), await quick.connect("bob/phone")
    assert await pushed(alice) == frames.Presence(BOB, online=True)
    assert await watch(carol, BOB) == {}
    bob.close()
    gone = await pushed(alice)
    assert (gone.user_id, gone.online) == (BOB, False)
    assert gone.last_seen_ms > 0
