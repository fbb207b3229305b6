import asyncio
from urllib.parse import urlsplit

from hongyan.gateway.gateway import GatewayOptions
from hongyan.gateway.hall import PATIENCE_S, Hall
from hongyan.gateway.websocket import listen_websocket
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_SERVER
from tests.tasks import until
from tests.unit.gateway.sockets import websocket
from tests.unit.gateway.worlds import MemoryWire, Peer, World


class Socket:
    """One that knows whether it was dropped."""

    is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


async def test_there_is_room_for_so_many_and_whoever_asks_or_goes_makes_room() -> None:
    hall = Hall(2)
    first, second, third, fourth = (Socket() for _ in range(4))
    for socket in (first, second, third):
        hall.enter(socket)
    assert [socket.is_aborted for socket in (first, second, third)] == [False, False, True]
    hall.leave(first)
    hall.leave(first)
    hall.enter(fourth)
    assert not fourth.is_aborted
    assert (len(hall), hall.turned_away) == (2, 1)


async def test_whoever_has_been_there_for_long_makes_room() -> None:
    hall = Hall(1)
    slow, quick = Socket(), Socket()
    hall.enter(slow)
    hall._since_s[slow] -= PATIENCE_S
    hall.enter(quick)
    assert (slow.is_aborted, quick.is_aborted, len(hall)) == (True, False, 1)


async def test_sockets_that_never_ask_are_bounded_and_keep_nobody_out() -> None:
    world = World(GatewayOptions(unauthenticated=5))
    async with world.running():
        server = await listen_websocket(world.gateway, "127.0.0.1", 0)
        port = urlsplit(server.url).port
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        await until(lambda: len(world.gateway.hall) == 5)
        for transport in world.gateway.hall._since_s:
            world.gateway.hall._since_s[transport] -= PATIENCE_S
        async with websocket(server.url) as client:
            assert (await client.connect("bob/phone")).user_id == "bob"
            assert await silent[0][0].read() == b""
            assert len(world.gateway.hall) == 4
        for _, writer in silent:
            writer.close()
        await until(lambda: not world.gateway.hall)
        server.close()


async def test_strangers_of_one_address_are_bounded_and_others_are_not_concerned() -> None:
    world = World(GatewayOptions(address_strangers=2))
    gateway = world.gateway
    async with world.running():
        opened = [gateway.opened(MemoryWire(), PROTO_SERVER, "192.0.2.1") for _ in range(3)]
        assert [connection is not None for connection in opened] == [True, True, False]
        assert gateway.opened(MemoryWire(), PROTO_SERVER, "192.0.2.2") is not None
        assert all(Peer(gateway).connection for _ in range(5))
        assert opened[0] is not None
        gateway.closed(opened[0])
        assert gateway.opened(MemoryWire(), PROTO_SERVER, "192.0.2.1") is not None
        assert gateway.strangers_at == {"192.0.2.1": 2, "192.0.2.2": 1}


async def test_who_is_let_in_is_no_stranger_any_more() -> None:
    world = World(GatewayOptions(address_strangers=1))
    async with world.running():
        peer = Peer(world.gateway)
        world.gateway.closed(peer.connection)
        peer._connection = world.gateway.opened(peer.wire, PROTO_SERVER, "192.0.2.1")
        peer.send(frames.Connect("alice/phone"))
        await peer.answered()
        assert world.gateway.strangers_at == {}
