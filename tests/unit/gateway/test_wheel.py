"""One timer looks after all connections."""

from hongyan.gateway.gateway import GatewayOptions
from hongyan.model.codes import CloseCode
from hongyan.protocol import frames
from tests.unit.gateway.worlds import NUMBER, MemoryWire, Peer, World, fanout, out


async def test_who_never_sends_a_token_is_cut_and_pinging_does_not_help() -> None:
    world = World(GatewayOptions(connect_timeout_s=5))
    async with world.running():
        quiet, pinging = Peer(world.gateway), Peer(world.gateway)
        known = await world.connected()
        for _ in range(5):
            pinging.send(frames.Ping())
            world.turn(1)
        assert (quiet.closed, pinging.closed) == (None, None)
        world.turn(1)
        assert (quiet.closed, pinging.closed) == (CloseCode.CONNECT_TIMEOUT, CloseCode.CONNECT_TIMEOUT)
        assert known.closed is None
        assert world.gateway.unauthenticated == 0


async def test_who_is_silent_for_two_and_a_half_heartbeats_is_cut() -> None:
    world = World(GatewayOptions(heartbeat_ms=4_000))
    async with world.running():
        silent, speaking = await world.connected("alice/phone"), await world.connected("bob/phone")
        for _ in range(40):
            speaking.send(frames.Ping())
            world.turn(1)
            if world.gateway.now_s - silent.connection.heard_at_s < 10:
                assert silent.closed is None
        assert silent.closed is CloseCode.SILENT
        assert speaking.closed is None


async def test_a_heartbeat_longer_than_the_wheel_turns_is_kept() -> None:
    world = World(GatewayOptions(heartbeat_ms=120_000))
    async with world.running():
        peer = await world.connected()
        world.turn(299)
        assert peer.closed is None
        world.turn(130)
        assert peer.closed is CloseCode.SILENT


async def test_a_socket_that_takes_nothing_for_too_long_is_cut_and_one_that_recovers_is_not() -> None:
    world = World(GatewayOptions(slow_consumer_s=3))
    async with world.running():
        stuck = await world.connected("alice/phone", high_bytes=10)
        moody = await world.connected("bob/phone", high_bytes=10)
        for peer in (stuck, moody):
            peer.wire.is_read = False
        world.gateway.deliver(NUMBER, [fanout(out(1))])
        world.turn(3)
        moody.wire.read_on()
        world.turn(1)
        assert (stuck.closed, moody.closed) == (CloseCode.SLOW_CONSUMER, None)
        world.turn(10)
        assert moody.closed is None
        assert world.gateway.paused == {}


async def test_a_slow_line_that_goes_on_taking_is_not_cut_while_more_comes() -> None:
    """A page of a megabyte takes a phone on a poor line longer than a moment."""
    world = World(GatewayOptions(slow_consumer_s=3, write_buffer_bytes=40_000))
    async with world.running():
        peer = await world.connected(high_bytes=40_000)
        peer.wire.is_read = False
        page = b"x" * 10_000
        for _ in range(60):
            peer.connection.send(page)
        for _ in range(10):
            for _ in range(2):
                peer.connection.send(page)
            peer.wire.packets += peer.wire.held[:4]
            del peer.wire.held[:4]
            world.turn(4)
            assert peer.closed is None
        world.turn(4)
        assert peer.closed is CloseCode.SLOW_CONSUMER


async def test_a_reader_that_takes_a_little_now_and_then_is_cut() -> None:
    world = World(GatewayOptions(slow_consumer_s=3, write_buffer_bytes=40_000))
    async with world.running():
        peer = await world.connected(high_bytes=40_000)
        peer.wire.is_read = False
        for _ in range(100):
            peer.connection.send(b"x" * 1_000)
        for _ in range(4):
            peer.wire.held.pop(0)
            world.turn(1)
        assert peer.closed is CloseCode.SLOW_CONSUMER


async def test_what_a_peer_does_not_read_of_its_goodbye_is_dropped_after_a_while() -> None:
    world = World(GatewayOptions(slow_consumer_s=3, connections=1))
    async with world.running():
        peer = await world.connected()
        turned_away = Peer(world.gateway)
        world.gateway.close(peer.connection, CloseCode.BAD_FRAME)
        world.turn(3)
        wires: list[MemoryWire] = [peer.wire, turned_away.wire]
        assert [wire.is_aborted for wire in wires] == [False, False]
        world.turn(1)
        assert [wire.is_aborted for wire in wires] == [True, True]
        assert world.gateway.lingering == {}


async def test_a_connection_that_is_gone_is_forgotten_by_the_wheel() -> None:
    world = World(GatewayOptions(heartbeat_ms=1_000))
    async with world.running():
        peer = await world.connected()
        world.gateway.closed(peer.connection)
        world.turn(200)
        assert peer.closed is None
        assert all(not slot for slot in world.gateway._wheel._slots)
