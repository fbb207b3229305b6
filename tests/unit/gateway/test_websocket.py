"""Packets on real WebSockets of both sub-protocols."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from multidict import CIMultiDict
from picows import WSMsgType, WSUpgradeRequest

from hongyan.gateway.gateway import GatewayOptions
from hongyan.gateway.websocket import check_origin, listen_websocket
from hongyan.model.codes import CloseCode
from hongyan.protocol import frames
from hongyan.protocol.client import ClientCodec
from hongyan.protocol.codec import PROTO_CLIENT
from hongyan.protocol.codec_json import JSON_CLIENT
from hongyan.protocol.frames import Limits
from tests.unit.gateway.sockets import handshake, websocket
from tests.unit.gateway.worlds import ALICE, NUMBER, World, fanout, out, submit

BOTH = pytest.mark.parametrize("codec", [PROTO_CLIENT, JSON_CLIENT], ids=["proto", "json"])


@asynccontextmanager
async def listening(options: GatewayOptions | None = None) -> AsyncIterator[tuple[World, str]]:
    """A gateway on a free port of this machine."""
    world = World(options)
    async with world.running():
        server = await listen_websocket(world.gateway, "127.0.0.1", 0)
        try:
            yield world, server.url
        finally:
            server.close()


@BOTH
async def test_a_client_connects_submits_and_gets_pushes(codec: ClientCodec) -> None:
    async with listening() as (world, url), websocket(url, codec) as client:
        assert url.startswith("ws://127.0.0.1:")
        assert (await client.connect("bob/phone")).user_id == "bob"
        client.send(submit(), frames.Ping())
        assert (await client.arrivals.next())[0] == 2
        assert len(world.submissions) == 1
        world.gateway.deliver(NUMBER, [fanout(out(1))])
        assert isinstance((await client.arrivals.next())[1], frames.Push)


async def test_a_protobuf_and_a_json_client_see_the_same_entry() -> None:
    async with listening() as (world, url), websocket(url) as one, websocket(url, JSON_CLIENT) as other:
        await one.connect("alice/phone")
        await other.connect("bob/browser")
        world.gateway.deliver(NUMBER, [fanout(out(1, text="你好 👋"))])
        assert await one.arrivals.next() == await other.arrivals.next()


# Messages in parts


@BOTH
async def test_a_message_may_come_in_parts_with_pings_between_them(codec: ClientCodec) -> None:
    packet = codec.encode([frames.ClientFrame(7, frames.Ping())])
    async with listening() as (_, url), websocket(url, codec) as client:
        client.wire.send(client.kind, packet[:2], fin=False)
        client.wire.send_ping(b"x")
        client.wire.send(WSMsgType.CONTINUATION, packet[2:-1], fin=False)
        client.wire.send(WSMsgType.CONTINUATION, packet[-1:], fin=True)
        assert (await client.arrivals.next())[0] == 7
        client.wire.send(client.kind, packet)
        assert (await client.arrivals.next())[0] == 7


@BOTH
@pytest.mark.parametrize("case", ["other kind", "other kind in parts", "continuation first", "new message in another"])
async def test_frames_out_of_place_are_answered_and_end_the_connection(codec: ClientCodec, case: str) -> None:
    async with listening() as (world, url), websocket(url, codec) as client:
        other = WSMsgType.BINARY if codec.is_text else WSMsgType.TEXT
        packet = codec.encode([frames.ClientFrame(7, frames.Ping())])
        match case:
            case "other kind":
                client.wire.send(other, packet)
            case "other kind in parts":
                client.wire.send(other, packet, fin=False)
            case "continuation first":
                client.wire.send(WSMsgType.CONTINUATION, packet)
            case _:
                client.wire.send(client.kind, packet, fin=False)
                client.wire.send(client.kind, packet, fin=False)
        assert await client.arrivals.error() == (0, "malformed_frame")
        assert await client.arrivals.ended == CloseCode.BAD_FRAME
        assert world.gateway.connections == {}


@pytest.mark.parametrize("in_parts", [False, True])
async def test_a_message_over_the_limit_is_answered_with_its_code(in_parts: bool) -> None:
    async with (
        listening(GatewayOptions(limits=Limits(packet_bytes=10_000))) as (_, url),
        websocket(url) as client,
    ):
        data = b"\x0a" * 10_001
        if in_parts:
            client.wire.send(WSMsgType.BINARY, data[:9_000], fin=False)
            client.wire.send(WSMsgType.CONTINUATION, data[9_000:], fin=True)
        else:
            client.wire.send(WSMsgType.BINARY, data)
        assert await client.arrivals.error() == (0, "packet_too_large")
        assert await client.arrivals.ended == CloseCode.BAD_FRAME


async def test_a_message_far_over_the_limit_is_not_even_read() -> None:
    async with listening(GatewayOptions(limits=Limits(packet_bytes=10_000))) as (world, url), websocket(url) as client:
        client.wire.send(WSMsgType.BINARY, b"\x0a" * 1_000_000)
        assert await client.arrivals.ended in (1009, None)
        while world.gateway.connections:
            await asyncio.sleep(0)


# Goodbyes


async def test_the_code_of_a_close_is_the_websockets_own() -> None:
    async with listening() as (world, url), websocket(url) as client:
        await client.connect("alice/phone")
        world.gateway.disconnect(ALICE, None)
        assert await client.arrivals.ended == CloseCode.LOGGED_OUT


async def test_one_too_many_is_told_so() -> None:
    async with (
        listening(GatewayOptions(connections=1)) as (_, url),
        websocket(url) as first,
        websocket(url) as second,
    ):
        assert await second.arrivals.ended == CloseCode.OVERLOADED
        assert (await first.connect("alice/phone")).user_id == ALICE


async def test_a_client_that_says_goodbye_is_answered_and_gone() -> None:
    async with listening() as (world, url), websocket(url) as client:
        await client.connect("alice/phone")
        client.wire.send_close()
        assert await client.arrivals.ended == 1000
        while world.gateway.connections:
            await asyncio.sleep(0)


async def test_a_reader_that_stops_is_cut_and_holds_no_more_than_its_bound() -> None:
    options = GatewayOptions(write_buffer_bytes=20_000, write_buffer_hard_bytes=100_000)
    async with listening(options) as (world, url), websocket(url) as client, websocket(url, JSON_CLIENT) as other:
        await client.connect("alice/phone")
        await other.connect("bob/phone")
        client.wire.underlying_transport.pause_reading()
        (connection,) = world.gateway.connections_of(ALICE)
        most = 0
        while connection.id in world.gateway.connections:
            world.gateway.deliver(NUMBER, [fanout(*(out(n, text="x" * 100) for n in range(50)), to=(ALICE,))])
            await asyncio.sleep(0)
            most = max(most, connection.wire.buffered_bytes())
        assert world.metrics.closes == {"slow_consumer": 1}
        assert most < 100_000 + 20_000
        other.send(frames.Ping(), first=9)
        assert (await other.arrivals.next())[0] == 9


async def test_what_a_peer_leaves_unread_of_a_goodbye_is_dropped_by_the_wheel() -> None:
    options = GatewayOptions(write_buffer_bytes=1 << 24, write_buffer_hard_bytes=1 << 26)
    async with listening(options) as (world, url), websocket(url) as client:
        await client.connect("alice/phone")
        client.wire.underlying_transport.pause_reading()
        (connection,) = world.gateway.connections_of(ALICE)
        wire = connection.wire
        while wire.buffered_bytes() < 1_000_000:
            world.gateway.deliver(NUMBER, [fanout(*(out(n, text="x" * 100) for n in range(50)), to=(ALICE,))])
            await asyncio.sleep(0)
        world.gateway.close(connection, CloseCode.LOGGED_OUT)
        for _ in range(10):
            await asyncio.sleep(0)
        assert wire.buffered_bytes() > 500_000
        world.turn(7)
        while wire.buffered_bytes():
            await asyncio.sleep(0)


# The handshake


PROTO = "Sec-WebSocket-Protocol: hongyan.v1+proto\r\n"


@pytest.mark.parametrize("names", ["", "chat", "hongyan.v2+proto", "hongyan.v1"])
async def test_without_a_known_sub_protocol_nobody_comes_in(names: str) -> None:
    async with listening() as (world, url):
        offered = {"Sec-WebSocket-Protocol": names} if names else {}
        status, text = await handshake(url, {"Host": "a", **offered})
        assert (status, "hongyan.v1+json" in text) == (400, True)
        assert world.gateway.connections == {}


@pytest.mark.parametrize(
    "headers",
    [
        PROTO,
        "Sec-WebSocket-Protocol: chat, hongyan.v1+json\r\n",
        "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: hongyan.v1+json\r\n",
    ],
)
async def test_one_of_several_offered_sub_protocols_is_enough(headers: str) -> None:
    async with listening() as (_, url):
        assert (await handshake(url, f"Host: a\r\n{headers}"))[0] == 101


async def test_a_page_of_another_host_is_refused() -> None:
    async with listening() as (world, url):
        status, text = await handshake(url, f"Host: chat.example:8081\r\nOrigin: https://evil.example\r\n{PROTO}")
        assert (status, text.endswith("This origin is not allowed.\n")) == (403, True)
        assert (await handshake(url, f"Host: chat.example:8081\r\nOrigin: http://chat.example\r\n{PROTO}"))[0] == 101
        assert world.metrics.sends == 0


@pytest.mark.parametrize(
    "data", [b"rubbish\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]
)
async def test_what_is_no_upgrade_is_turned_away(data: bytes) -> None:
    async with listening(GatewayOptions(connect_timeout_s=0.2)) as (world, url), asyncio.timeout(5):
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(data)
        answer = await reader.read()
        assert b"101" not in answer
        writer.close()
        assert world.gateway.connections == {}


async def test_who_never_asks_for_an_upgrade_is_cut() -> None:
    async with listening(GatewayOptions(connect_timeout_s=0.2)) as (_, url), asyncio.timeout(5):
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        assert await reader.read() == b""
        writer.close()


def request(**headers: str) -> WSUpgradeRequest:
    asked = WSUpgradeRequest()
    asked.headers = CIMultiDict(headers)
    return asked


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        (None, "chat.example", True),
        ("https://chat.example", "chat.example", True),
        ("https://chat.example:8443", "chat.example:8081", True),
        ("http://CHAT.example", "chat.EXAMPLE", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8081", True),
        ("http://[::1]:8080", "[::1]:8081", True),
        ("https://friend.example", "chat.example", True),
        ("https://evil.example", "chat.example", False),
        ("https://chat.example.evil.example", "chat.example", False),
        ("https://evil.example/chat.example", "chat.example", False),
        ("https://chat.example@evil.example", "chat.example", False),
        ("https://xchat.example", "chat.example", False),
        ("http://friend.example", "chat.example", False),
        ("null", "chat.example", False),
        ("", "chat.example", False),
        ("file://", "chat.example", False),
        ("http://[::1", "chat.example", False),
        ("https://chat.example", "[", False),
        ("https://chat.example", "", False),
        ("null", "", False),
    ],
)
def test_a_page_may_connect_to_its_own_host_or_when_it_is_allowed(
    origin: str | None, host: str, is_allowed: bool
) -> None:
    headers = {"Host": host} if origin is None else {"Host": host, "Origin": origin}
    assert check_origin(request(**headers), ("https://friend.example",)) is is_allowed


def test_without_a_host_no_page_is_our_own() -> None:
    assert not check_origin(request(Origin="https://chat.example"), ())
