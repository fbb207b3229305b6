"""Packets on a real TCP stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hongyan.gateway.gateway import GatewayOptions
from hongyan.gateway.tcp import listen_tcp
from hongyan.model.codes import CloseCode
from hongyan.ports.link import Identity
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_CLIENT
from hongyan.protocol.framing import frame_packet
from tests.unit.gateway.sockets import tcp
from tests.unit.gateway.worlds import ALICE, NUMBER, SINGLE, World, fanout, out, submit


@asynccontextmanager
async def listening(options: GatewayOptions | None = None) -> AsyncIterator[tuple[World, str]]:
    """A gateway on a free port of this machine."""
    world = World(options)
    async with world.running():
        server = await listen_tcp(world.gateway, "127.0.0.1", 0)
        try:
            yield world, server.url
        finally:
            server.close()


async def test_a_client_connects_submits_and_gets_pushes() -> None:
    async with listening() as (world, url), tcp(url) as client:
        assert url.startswith("tcp://127.0.0.1:")
        welcome = await client.connect("bob/phone")
        assert welcome.user_id == "bob"
        client.send(submit(), frames.Ping())
        assert (await client.arrivals.next())[0] == 2
        assert len(world.submissions) == 1
        world.gateway.deliver(NUMBER, [fanout(out(1))])
        assert isinstance((await client.arrivals.next())[1], frames.Push)


async def test_packets_may_come_in_any_pieces() -> None:
    packet = frame_packet(PROTO_CLIENT.encode([frames.ClientFrame(7, frames.Ping())]))
    async with listening() as (_, url), tcp(url) as client:
        for byte in packet:
            client.write(bytes([byte]))
            await asyncio.sleep(0)
        client.write(packet * 3 + packet[:5])
        client.write(packet[5:])
        for _ in range(5):
            assert (await client.arrivals.next())[0] == 7


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ((300_000).to_bytes(4, "big"), "packet_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "packet_too_large"),
        (frame_packet(b"\xff\xff"), "malformed_frame"),
    ],
)
async def test_what_is_no_packet_is_answered_with_its_code_and_the_stream_ends(data: bytes, name: str) -> None:
    async with listening() as (world, url), tcp(url) as client:
        client.write(data)
        assert await client.arrivals.error() == (0, name)
        assert await client.arrivals.ended is None
        assert world.gateway.connections == {}


async def test_after_a_broken_packet_nothing_more_of_the_stream_is_read() -> None:
    async with listening() as (world, url), tcp(url) as client:
        await client.connect("alice/phone")
        good = frame_packet(PROTO_CLIENT.encode([frames.ClientFrame(2, submit())]))
        client.write(good + frame_packet(b"\xff") + good)
        await client.arrivals.error()
        await client.arrivals.ended
        assert len(world.submissions) == 1


async def test_a_client_that_goes_is_gone() -> None:
    async with listening() as (world, url):
        async with tcp(url) as client:
            await client.connect("alice/phone")
            assert len(world.gateway.connections_of(ALICE)) == 1
        while world.gateway.connections:
            await asyncio.sleep(0)
        assert world.gateway.by_user == {}


@pytest.mark.parametrize(
    ("code", "name"),
    [(CloseCode.CONNECT_TIMEOUT, "not_authenticated"), (CloseCode.LOGGED_OUT, "token_revoked")],
)
async def test_where_there_is_no_close_frame_the_reason_is_an_error(code: CloseCode, name: str) -> None:
    async with listening() as (world, url), tcp(url) as client:
        await client.connect("alice/phone")
        (connection,) = world.gateway.connections.values()
        world.gateway.close(connection, code)
        assert await client.arrivals.error() == (0, name)
        assert await client.arrivals.ended is None


async def test_one_too_many_is_told_so() -> None:
    async with listening(GatewayOptions(connections=1)) as (_, url), tcp(url) as first, tcp(url) as second:
        assert await second.arrivals.error() == (0, "overloaded")
        await second.arrivals.ended
        assert (await first.connect("alice/phone")).user_id == ALICE


async def test_frames_behind_a_submission_that_waits_are_not_read_from_the_socket() -> None:
    event = asyncio.Event()
    async with listening() as (world, url), tcp(url) as client:
        world.admitting = lambda one: event.wait if one.client_msg_id == "a" else None
        await client.connect("alice/phone")
        client.send(submit("a"))
        for number in range(2_000):
            client.send(submit(f"m{number}", "x" * 10_000), first=number + 2)
        while not world.submissions:
            await asyncio.sleep(0)
        (connection,) = world.gateway.connections.values()
        while client.wire.get_write_buffer_size() == 0 or connection.lane is None:
            await asyncio.sleep(0)
        assert len(connection.lane) < 2_000
        event.set()
        while len(world.submissions) < 1_000:
            await asyncio.sleep(0)
        names = [each.client_msg_id for each in world.submissions]
        assert names == ["a", *(f"m{number}" for number in range(len(names) - 1))]


@pytest.mark.parametrize("is_pushed", [True, False])
async def test_a_reader_that_stops_is_cut_and_holds_no_more_than_its_bound(is_pushed: bool) -> None:
    options = GatewayOptions(write_buffer_bytes=20_000, write_buffer_hard_bytes=100_000)

    async def page(_identity: Identity, request: Any) -> frames.ServerEvent:
        return frames.EntryPage(request.conversation_id, (out(1, text="x" * 100).encoded,) * 500)

    async with listening(options) as (world, url), tcp(url) as client, tcp(url) as other:
        world.handling = page
        await client.connect("alice/phone")
        await other.connect("bob/phone")
        client.wire.pause_reading()
        (connection,) = world.gateway.connections_of(ALICE)
        most = 0
        for number in range(20_000):
            if is_pushed:
                world.gateway.deliver(NUMBER, [fanout(*(out(n, text="x" * 100) for n in range(50)), to=(ALICE,))])
            else:
                client.send(frames.GetEntries(SINGLE), first=number + 1)
            await asyncio.sleep(0)
            most = max(most, connection.wire.buffered_bytes())
            if connection.id not in world.gateway.connections:
                break
        assert connection.id not in world.gateway.connections
        assert world.metrics.closes == {"slow_consumer": 1}
        assert most < 100_000 + 80_000
        other.send(frames.Ping(), first=9)
        assert (await other.arrivals.next())[0] == 9
