"""Connections come, speak, are bounded, and go; nobody's trouble is anybody else's."""

import asyncio
from typing import Any

import msgspec
import pytest

from hongyan.gateway.gateway import GatewayOptions
from hongyan.model.codes import CloseCode, ConversationUnknown, InvalidField, Overloaded, StorageFull
from hongyan.model.errors import HongyanError
from hongyan.model.ids import DeviceId, UserId
from hongyan.model.personal import Item
from hongyan.ports.link import Identity, Submission
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_CLIENT, encode_frame
from hongyan.protocol.codec_json import JSON_SERVER
from hongyan.protocol.frames import Limits
from tests.tasks import rounds
from tests.unit.delivery.worlds import record
from tests.unit.gateway.worlds import ALICE, BOB, NUMBER, SINGLE, Peer, World, fanout, out, receipt, submit

# Connecting


async def test_the_welcome_says_who_one_is_what_is_allowed_and_what_changed() -> None:
    world = World()
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone", cursor="17"), first=5)
        ((request, welcome),) = await peer.answered()
        assert request == 5
        assert isinstance(welcome, frames.Connected)
        assert (welcome.user_id, welcome.device_id, welcome.heartbeat_ms) == (ALICE, "phone", 30_000)
        assert welcome.limits == Limits()
        assert welcome.sync_page.cursor == "17"
        assert (world.gateway.unauthenticated, list(world.gateway.by_user)) == (0, [ALICE])


async def test_a_token_that_is_refused_ends_the_connection_with_its_reason() -> None:
    world = World()
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("rubbish"))
        await peer.answered(0)
        await rounds()
        assert peer.errors() == [(1, "token_invalid")]
        assert peer.closed is CloseCode.NOT_AUTHENTICATED
        assert (world.gateway.connections, world.gateway.unauthenticated) == ({}, 0)


async def test_an_overloaded_check_of_tokens_lets_the_client_come_again() -> None:
    world = World()

    async def overloaded(_token: str) -> Identity:
        raise Overloaded(what="tokens")

    world.authenticating = overloaded
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone"))
        await rounds()
        assert peer.errors() == [(1, "overloaded")]
        assert peer.closed is not None
        assert peer.closed.resumable


@pytest.mark.parametrize("where", ["authenticate", "sync"])
async def test_a_failure_of_ours_while_connecting_leaves_nobody_half_connected(
    where: str, logged: list[dict[str, Any]]
) -> None:
    world = World()

    async def broken(*_arguments: object) -> Any:
        raise OSError("the disk is gone")

    if where == "sync":
        world.syncing = broken
    else:
        world.authenticating = broken
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone"))
        await rounds()
        assert peer.errors() == [(1, "internal")]
        assert peer.closed is CloseCode.SERVER_ERROR
        assert (world.gateway.connections, world.gateway.by_user) == ({}, {})
    assert [line["log_level"] for line in logged] == ["error"]


async def test_a_foreign_cursor_is_refused_with_its_code() -> None:
    world = World()

    async def refuse(*_arguments: object) -> frames.ServerEvent:
        raise InvalidField(field="cursor", reason="it is not one that this server gave")

    world.syncing = refuse
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone", cursor="x"))
        await rounds()
        assert peer.errors() == [(1, "invalid_field")]
        assert peer.closed is CloseCode.BAD_FRAME


async def test_a_second_connect_is_refused_and_the_first_stands() -> None:
    world = World()
    async with world.running():
        peer = await world.connected()
        peer.send(frames.Connect("bob/phone"), first=2)
        assert peer.errors() == [(2, "wrong_state")]
        assert peer.closed is None
        assert peer.connection.user_id == ALICE


async def test_before_the_welcome_a_connection_may_ping_and_nothing_else() -> None:
    world = World()
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(
            frames.Ping(), submit(), frames.Sync(), frames.MarkRequest(SINGLE, 1), frames.SignalRequest(SINGLE, "x")
        )
        (pong, *refused) = peer.heard()
        assert isinstance(pong[1], frames.Pong)
        assert [(to, event.name) for to, event in refused if isinstance(event, frames.ErrorReply)] == [
            (2, "not_authenticated"),
            (3, "not_authenticated"),
            (4, "not_authenticated"),
            (5, "not_authenticated"),
        ]
        assert world.submissions == []
        assert world.cast == []


async def test_what_follows_connect_before_the_welcome_is_refused() -> None:
    world = World()
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone"), submit())
        answers = dict(await peer.answered(2))
        assert isinstance(answers[1], frames.Connected)
        assert isinstance(answers[2], frames.ErrorReply)


async def test_a_route_is_registered_before_the_connection_syncs() -> None:
    """So what is pushed while it syncs reaches it."""
    world = World()
    syncing, go_on = asyncio.Event(), asyncio.Event()

    async def held(_identity: Identity, _request: Any) -> frames.ServerEvent:
        syncing.set()
        await go_on.wait()
        return frames.SyncPage((), "4")

    world.syncing = held
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("bob/phone"))
        await syncing.wait()
        world.gateway.deliver(NUMBER, [fanout(out(5))])
        go_on.set()
        first, second = await peer.answered(2)
        assert isinstance(first[1], frames.Push)
        assert isinstance(second[1], frames.Connected)


async def test_who_goes_while_he_connects_is_not_counted() -> None:
    world = World()
    syncing, go_on = asyncio.Event(), asyncio.Event()

    async def held(_identity: Identity, _request: Any) -> frames.ServerEvent:
        syncing.set()
        await go_on.wait()
        return frames.SyncPage()

    world.syncing = held
    async with world.running():
        early, late = Peer(world.gateway), Peer(world.gateway)
        early.send(frames.Connect("alice/phone"))
        world.gateway.closed(early.connection)
        await rounds()
        late.send(frames.Connect("bob/phone"))
        await syncing.wait()
        world.gateway.closed(late.connection)
        go_on.set()
        await rounds()
        gateway = world.gateway
        assert (gateway.connections, gateway.by_user, gateway.unauthenticated) == ({}, {}, 0)


async def test_devices_of_a_user_are_all_kept_and_go_one_by_one() -> None:
    world = World()
    async with world.running():
        peers = [await world.connected(f"alice/d{number}") for number in range(3)]
        for count in (3, 2, 1):
            assert len(world.gateway.connections_of(ALICE)) == count
            world.gateway.closed(peers.pop().connection)
        assert world.gateway.connections_of(ALICE) == ()
        assert world.gateway.by_user == {}


class Noting:
    """Routes that note what they are told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, UserId]] = []

    async def register(self, user_id: UserId, gateway: int) -> None:
        self.told.append(("register", user_id))

    async def unregister(self, user_id: UserId, gateway: int) -> None:
        self.told.append(("unregister", user_id))

    async def locate(self, user_ids: Any) -> Any:
        return {NUMBER: user_ids}


async def test_a_route_goes_with_the_last_connection_and_not_when_the_user_is_back() -> None:
    world = World()
    routes = world.gateway.routes = Noting()
    known, go_on = world.authenticating, asyncio.Event()

    async def held(token: str) -> Identity:
        await go_on.wait()
        return await known(token)

    async with world.running():
        first = await world.connected("alice/phone")
        world.authenticating = held
        second = Peer(world.gateway)
        second.send(frames.Connect("alice/laptop"))
        await rounds()
        go_on.set()
        world.gateway.closed(first.connection)
        await rounds()
        assert routes.told == [("register", ALICE), ("register", ALICE)]
        world.gateway.closed(second.connection)
        await rounds()
        assert routes.told[2:] == [("unregister", ALICE)]


# Bounds


async def test_there_is_a_bound_of_connections_and_one_of_those_without_a_token() -> None:
    world = World(GatewayOptions(connections=3, unauthenticated=2))
    async with world.running():
        await world.connected("alice/phone")
        waiting = [Peer(world.gateway) for _ in range(2)]
        turned_away = Peer(world.gateway)
        assert turned_away.closed is CloseCode.OVERLOADED
        for peer in waiting:
            peer.send(frames.Connect("bob/phone"))
        await rounds()
        assert Peer(world.gateway).closed is CloseCode.OVERLOADED
        world.gateway.closed(waiting[0].connection)
        assert Peer(world.gateway).closed is None


async def test_those_who_never_say_who_they_are_keep_nobody_out() -> None:
    world = World(GatewayOptions(unauthenticated=3, connect_timeout_s=60))
    async with world.running():
        silent = [Peer(world.gateway) for _ in range(3)]
        assert Peer(world.gateway).closed is CloseCode.OVERLOADED, "they may be slow only"
        world.gateway._wheel.turn(world.gateway.now_s + 1)
        silent[1].send(frames.Ping())
        for _ in range(3):
            await world.connected()
        assert [peer.closed for peer in silent] == [CloseCode.OVERLOADED, None, None]
        assert world.gateway.unauthenticated == 2
        newcomer = Peer(world.gateway)
        assert Peer(world.gateway).closed is None
        assert [peer.closed for peer in silent] == [CloseCode.OVERLOADED, CloseCode.OVERLOADED, None]
        assert newcomer.closed is None


async def test_open_submissions_of_a_connection_are_bounded() -> None:
    world = World(GatewayOptions(limits=Limits(pending_submissions=2)))
    async with world.running():
        peer = await world.connected()
        peer.send(*(submit(f"m{n}") for n in range(3)))
        assert peer.errors() == [(3, "too_many_requests")]
        world.gateway.deliver(NUMBER, [fanout(answers=[receipt(peer.connection.id, 1, 1)])])
        peer.send(submit("m3"), first=4)
        assert peer.errors() == []
        assert [each.client_msg_id for each in world.submissions] == ["m0", "m1", "m3"]


async def test_open_reads_of_a_connection_and_of_all_together_are_bounded() -> None:
    world = World(GatewayOptions(requests_per_connection=2, requests=3))
    go_on = asyncio.Event()

    async def held(_identity: Identity, request: Any) -> frames.ServerEvent:
        await go_on.wait()
        return frames.EntryPage(request.conversation_id)

    world.handling = held
    async with world.running():
        one, other = await world.connected("alice/phone"), await world.connected("bob/phone")
        one.send(*(frames.GetEntries(SINGLE) for _ in range(3)))
        assert one.errors() == [(3, "too_many_requests")]
        # Reads of a connection that is gone go on, so they count on.
        world.gateway.closed(one.connection)
        other.send(frames.GetEntries(SINGLE), frames.GetEntries(SINGLE))
        assert other.errors() == [(2, "overloaded")]
        go_on.set()
        await other.answered()
        other.send(frames.GetEntries(SINGLE), first=3)
        ((to, event),) = await other.answered()
        assert (to, type(event)) == (3, frames.EntryPage)


# Commands


async def test_a_submission_is_handed_on_with_its_sender_and_its_way_back() -> None:
    world = World()
    async with world.running():
        peer = await world.connected("bob/laptop")
        peer.send(submit("a"), first=9)
        (handed,) = world.submissions
        assert (handed.sender_id, handed.client_msg_id, handed.conversation_id) == (BOB, "a", SINGLE)
        assert (handed.gateway, handed.connection, handed.request) == (NUMBER, peer.connection.id, 9)
        assert world.metrics.sends == 1


async def test_a_refused_submission_is_answered_and_not_pending() -> None:
    world = World()

    def refuse(_submission: Submission) -> None:
        raise StorageFull

    world.admitting = refuse
    async with world.running():
        peer = await world.connected()
        peer.send(submit(), first=3)
        assert peer.errors() == [(3, "storage_full")]
        assert peer.connection.pending == 0
        assert world.metrics.refusals == {"storage_full": 1}


async def test_what_wants_no_reply_is_told_of_a_refusal_all_the_same() -> None:
    world = World()
    async with world.running():
        peer = await world.connected()
        peer.send(frames.MarkRequest(SINGLE, 3, 4), frames.SignalRequest(SINGLE, "bad"), first=0)
        assert peer.errors() == [(0, "invalid_field")]
        assert world.cast == [(ALICE, frames.MarkRequest(SINGLE, 3, 4))]


async def test_reads_are_answered_by_their_frame_in_any_order() -> None:
    world = World()
    go_on = asyncio.Event()

    async def first_waits(_identity: Identity, request: Any) -> frames.ServerEvent:
        if request.seq == 1:
            await go_on.wait()
        if request.seq == 3:
            raise ConversationUnknown(conversation_id=request.conversation_id)
        return frames.EntryPage(request.conversation_id, head_seq=request.seq)

    world.handling = first_waits
    async with world.running():
        peer = await world.connected()
        peer.send(*(frames.GetEntries(SINGLE, seq) for seq in (1, 2, 3)))
        answers = await peer.answered(2)
        go_on.set()
        answers += await peer.answered()
        assert [to for to, _ in answers] == [2, 3, 1]
        assert isinstance(answers[1][1], frames.ErrorReply)
        assert peer.connection.requests == 0


async def test_a_read_that_fails_is_answered_with_a_reference_and_logged(logged: list[dict[str, Any]]) -> None:
    world = World()

    async def broken(_identity: Identity, _request: Any) -> frames.ServerEvent:
        raise ZeroDivisionError

    world.handling = broken
    async with world.running():
        peer = await world.connected()
        peer.send(frames.GetEntries(SINGLE), first=8)
        ((to, event),) = await peer.answered()
        assert isinstance(event, frames.ErrorReply)
        assert (to, event.name) == (8, "internal")
        assert logged[0]["reference"] in event.message
        peer.send(frames.Ping(), first=9)
        assert len(await peer.answered()) == 1


# What breaks the protocol


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xff\xff", "malformed_frame"),
        (PROTO_CLIENT.encode([frames.ClientFrame(1, frames.Ping())]) * 300, "too_many_frames"),
        (b"\x0a\x02\x52\x00" * 70_000, "packet_too_large"),
    ],
)
async def test_a_packet_that_is_none_is_answered_with_its_code_and_ends_the_connection(data: bytes, name: str) -> None:
    world = World()
    async with world.running():
        peer, other = await world.connected(), await world.connected("bob/phone")
        world.gateway.received(peer.connection, data)
        assert peer.errors() == [(0, name)]
        assert peer.closed is CloseCode.BAD_FRAME
        assert peer.connection.id not in world.gateway.connections
        assert other.closed is None


async def test_what_comes_after_the_end_is_nobodys() -> None:
    world = World()
    async with world.running():
        peer = await world.connected()
        world.gateway.close(peer.connection, CloseCode.SILENT)
        peer.send(submit())
        world.gateway.close(peer.connection, CloseCode.SILENT)
        world.gateway.closed(peer.connection)
        assert world.submissions == []
        assert peer.wire.codes == [CloseCode.SILENT]
        assert world.metrics.closes == {"silent": 1}


# Down


async def test_signals_are_pushed_to_all_devices_but_slow_ones() -> None:
    world = World()
    async with world.running():
        phone = await world.connected("bob/phone")
        laptop = await world.connected("bob/laptop", JSON_SERVER)
        slow = await world.connected("bob/old", high_bytes=0)
        slow.connection.writing_paused()
        world.gateway.signal([BOB, UserId("nobody")], (SINGLE, ALICE, "typing"))
        for peer in (phone, laptop):
            assert peer.heard() == [(0, frames.SignalPush(SINGLE, ALICE, "typing"))]
        assert slow.heard() == []


async def test_a_device_or_all_of_a_user_can_be_disconnected() -> None:
    world = World()
    async with world.running():
        phone, laptop = await world.connected("alice/phone"), await world.connected("alice/laptop")
        world.gateway.disconnect(ALICE, DeviceId("phone"))
        assert (phone.closed, laptop.closed) == (CloseCode.LOGGED_OUT, None)
        world.gateway.disconnect(ALICE, None)
        world.gateway.disconnect(BOB, None)
        assert laptop.closed is CloseCode.LOGGED_OUT


async def test_senders_are_told_what_the_log_could_not_take() -> None:
    world = World()
    async with world.running():
        peer = await world.connected()
        peer.send(submit("a"), submit("b"))
        error: HongyanError = StorageFull()
        mine = peer.connection.id
        world.gateway.append_failed(
            [record(0, connection=mine, request=1), record(1, connection=99), record(2, connection=mine, request=0)],
            error,
        )
        assert peer.errors() == [(1, "storage_full")]
        assert peer.connection.pending == 1


async def test_answers_for_another_run_of_the_gateway_find_nobody() -> None:
    world = World()
    async with world.running():
        peer = await world.connected()
        world.gateway.deliver(NUMBER + 1, [fanout(out(1), answers=[receipt(peer.connection.id, 1, 1)])])
        assert peer.heard() == []


# The end


async def test_a_drain_asks_everybody_to_go_and_waits_for_what_is_under_way() -> None:
    world = World(GatewayOptions(drain_s=3_600))
    async with world.running():
        busy, idle, stranger = await world.connected(), await world.connected("bob/phone"), Peer(world.gateway)
        busy.send(submit())
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(world.gateway.drain())
            await rounds()
            for peer in (busy, idle, stranger):
                assert peer.heard() == [(0, frames.GoAway(3_600_000))]
                assert peer.closed is None
            assert Peer(world.gateway).closed is CloseCode.GOING_AWAY
            world.gateway.deliver(NUMBER, [fanout(out(1, 1), answers=[receipt(busy.connection.id, 1, 1)])])
            await draining
        assert [type(event) for _, event in busy.heard()] == [frames.ReceiptReply]
        assert {peer.closed for peer in (busy, idle, stranger)} == {CloseCode.GOING_AWAY}
        assert world.gateway.connections == {}


async def test_a_drain_does_not_wait_longer_than_it_may() -> None:
    world = World(GatewayOptions(drain_s=0))
    async with world.running():
        peer = await world.connected()
        peer.send(submit())
        await world.gateway.drain()
        assert peer.closed is CloseCode.GOING_AWAY


async def test_a_drain_in_the_middle_of_a_connect_lets_it_end() -> None:
    world = World(GatewayOptions(drain_s=0))
    syncing, go_on = asyncio.Event(), asyncio.Event()

    async def held(_identity: Identity, _request: Any) -> frames.ServerEvent:
        syncing.set()
        await go_on.wait()
        return frames.SyncPage()

    world.syncing = held
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone"))
        await syncing.wait()
        await world.gateway.drain()
        go_on.set()
        await rounds()
        assert peer.heard() == [(0, frames.GoAway(0))]
        assert peer.closed is CloseCode.GOING_AWAY


async def test_when_it_ends_nothing_is_left_and_nobody_comes_in() -> None:
    world = World()
    go_on = asyncio.Event()

    async def held(_identity: Identity, _request: Any) -> frames.ServerEvent:
        await go_on.wait()
        raise AssertionError

    world.handling = held
    async with world.running():
        peer = await world.connected()
        peer.send(frames.GetEntries(SINGLE))
        await rounds()
    assert peer.closed is CloseCode.GOING_AWAY
    assert world.gateway.connections == {}
    assert Peer(world.gateway).closed is CloseCode.GOING_AWAY


async def test_a_notice_reaches_every_connection_of_those_it_is_for_in_their_own_codec() -> None:
    world = World()
    notice = frames.ItemsChanged((Item("draft", SINGLE, b"\x0a\x02hi", version=4),), 3, 4)
    async with world.running():
        phone, web = await world.connected("alice/phone"), await world.connected("alice/web", JSON_SERVER)
        other = await world.connected("bob/phone")
        world.gateway.notify([ALICE, UserId("carol")], encode_frame(frames.ServerFrame(0, notice)))
        assert phone.heard() == web.heard() == [(0, notice)]
        assert other.heard() == []


async def test_only_what_may_be_dropped_is_kept_from_a_slow_connection() -> None:
    world = World()
    notice = encode_frame(frames.ServerFrame(0, frames.Resync()))
    async with world.running():
        peer = await world.connected()
        peer.connection.writing_paused()
        world.gateway.notify([ALICE], notice, droppable=True)
        assert peer.heard() == []
        world.gateway.notify([ALICE], notice)
        assert peer.heard() == [(0, frames.Resync())]


async def test_the_welcome_tells_the_version_of_the_newest_item() -> None:
    world = World()

    async def version(identity: Identity) -> int:
        return {ALICE: 7}[identity.user_id]

    world.gateway.uplink = msgspec.structs.replace(world.gateway.uplink, items_version=version)
    async with world.running():
        peer = Peer(world.gateway)
        peer.send(frames.Connect("alice/phone"))
        ((_, welcome),) = await peer.answered()
        assert isinstance(welcome, frames.Connected)
        assert welcome.items_version == 7
