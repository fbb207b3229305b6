"""What one connection may hold, and how it is written to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hongyan.gateway.connection import FRESH_SUBMISSIONS
from hongyan.gateway.gateway import GatewayOptions
from hongyan.model.codes import CloseCode, UserUnknown
from hongyan.ports.link import Identity, Submission
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_SERVER
from hongyan.protocol.codec_json import JSON_SERVER
from tests.tasks import rounds
from tests.unit.gateway.worlds import ALICE, NUMBER, SINGLE, World, fanout, out, submit


async def test_a_reader_that_stops_is_closed_when_more_waits_than_the_hard_bound() -> None:
    world = World(GatewayOptions(write_buffer_hard_bytes=2_000))
    async with world.running():
        slow, quick = await world.connected("alice/phone", high_bytes=500), await world.connected("bob/phone")
        slow.wire.is_read = False
        for seq in range(1, 60):
            world.gateway.deliver(NUMBER, [fanout(out(seq))])
        assert slow.closed is CloseCode.SLOW_CONSUMER
        assert slow.wire.buffered_bytes() < 2_100
        assert quick.entries() == list(range(1, 60))
        assert world.gateway.paused == {}


async def test_one_large_packet_alone_does_not_make_a_slow_consumer() -> None:
    world = World(GatewayOptions(write_buffer_hard_bytes=2_000))

    async def page(_identity: Identity, request: Any) -> frames.ServerEvent:
        return frames.EntryPage(request.conversation_id, (b"\x0a\x00" * 100,) * 100)

    world.handling = page
    async with world.running():
        peer = await world.connected(high_bytes=500)
        peer.wire.is_read = False
        peer.send(frames.GetEntries(SINGLE))
        await rounds()
        assert peer.wire.buffered_bytes() > 10_000
        assert peer.closed is None
        peer.wire.read_on()
        assert len(peer.heard()) == 1
        assert world.gateway.paused == {}


async def test_large_replies_are_compressed_for_those_who_can_read_that() -> None:
    async def page(_identity: Identity, request: Any) -> frames.ServerEvent:
        return frames.EntryPage(request.conversation_id, (out(1, text="x" * 100).encoded,) * 100)

    for server in (JSON_SERVER, PROTO_SERVER):
        for capabilities, limit in ((("gzip",), 3_000), ((), 1 << 20)):
            other = World()
            other.handling = page
            async with other.running():
                peer = await other.connected(server=server, capabilities=capabilities)
                peer.send(frames.GetEntries(SINGLE), first=2)
                while not peer.wire.packets:
                    await asyncio.sleep(0)
                size = len(peer.wire.packets[0])
                assert size < limit
                ((_, event),) = peer.heard()
                assert isinstance(event, frames.EntryPage)
                assert len(event.entries) == 100
                assert (size > 10_000) is (capabilities == ())


async def test_the_first_submissions_of_a_connection_count_as_retries() -> None:
    world = World()
    async with world.running():
        peer = await world.connected()
        peer.send(*(submit(f"m{n}") for n in range(FRESH_SUBMISSIONS + 2)))
        assert [each.resend for each in world.submissions] == [True] * FRESH_SUBMISSIONS + [False] * 2


# The lane


async def test_frames_wait_behind_a_submission_that_waits_and_keep_their_order() -> None:
    world = World()
    events = {name: asyncio.Event() for name in ("a", "c")}

    def admit(submission: Submission) -> Callable[[], Awaitable[object]] | None:
        event = events.get(submission.client_msg_id)
        return event.wait if event is not None else None

    world.admitting = admit
    async with world.running():
        peer = await world.connected()
        peer.send(submit("a"), submit("b"))
        peer.send(submit("c"), submit("d"), frames.MarkRequest(SINGLE, 1), first=3)
        assert [each.client_msg_id for each in world.submissions] == ["a"]
        assert not peer.wire.is_reading
        events["a"].set()
        await rounds()
        assert [each.client_msg_id for each in world.submissions] == ["a", "b", "c"]
        assert world.cast == []
        events["c"].set()
        await rounds()
        assert [each.client_msg_id for each in world.submissions] == ["a", "b", "c", "d"]
        assert len(world.cast) == 1
        assert peer.connection.lane is None
    assert peer.wire.is_reading


@pytest.mark.parametrize(("error", "name"), [(UserUnknown(user_id="x"), "user_unknown"), (OSError(), "internal")])
async def test_a_submission_that_is_refused_late_is_answered_and_lets_the_others_pass(
    error: Exception, name: str
) -> None:
    world = World()

    async def refuse() -> None:
        await asyncio.sleep(0)
        raise error

    world.admitting = lambda submission: refuse if submission.client_msg_id == "a" else None
    async with world.running():
        peer = await world.connected()
        peer.send(submit("a"), submit("b"))
        await rounds()
        assert peer.errors() == [(1, name)]
        assert peer.connection.pending == 1
        assert peer.wire.is_reading
        assert [each.client_msg_id for each in world.submissions] == ["a", "b"]


async def test_what_waits_behind_is_dropped_with_its_connection() -> None:
    """A device that was logged out meanwhile sends nothing more."""
    world = World()
    event = asyncio.Event()
    world.admitting = lambda submission: event.wait if submission.client_msg_id == "a" else None
    async with world.running():
        peer = await world.connected()
        peer.send(submit("a"), submit("b"))
        world.gateway.disconnect(ALICE, None)
        event.set()
        await rounds()
        assert [each.client_msg_id for each in world.submissions] == ["a"]
