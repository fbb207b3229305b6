"""Who gets what of one conversation's share of a batch, and in how many packets."""

from hongyan.model.codes import CloseCode, NotAMember
from hongyan.model.ids import UserId
from hongyan.ports.link import Answer, Fanout, MovedPosition, OutEntry
from hongyan.protocol import frames
from hongyan.protocol.codec import PROTO_SERVER
from hongyan.protocol.codec_json import JSON_SERVER
from tests.unit.gateway.worlds import ALICE, BOB, CAROL, NUMBER, SINGLE, World, fanout, out, receipt


async def test_others_get_the_entries_in_one_packet_and_the_same_bytes() -> None:
    world = World()
    async with world.running():
        peers = [await world.connected(token) for token in ("bob/phone", "bob/laptop", "alice/phone")]
        browser = await world.connected("bob/browser", JSON_SERVER)
        world.gateway.deliver(NUMBER, [fanout(out(1), out(2))])
        packets = [peer.wire.packets for peer in peers]
        assert [len(each) for each in packets] == [1, 1, 1]
        assert packets[0][0] is packets[1][0] is packets[2][0]
        for peer in (*peers, browser):
            assert peer.entries() == [1, 2]
        assert world.metrics.deliveries == 8


async def test_who_sent_gets_the_others_entries_and_his_receipts_in_one_packet() -> None:
    for codec in (PROTO_SERVER, JSON_SERVER):
        world = World()
        async with world.running():
            sender = await world.connected("alice/phone", codec)
            other = await world.connected("alice/laptop")
            mine = sender.connection.id
            sender.connection.pending = 2
            world.gateway.deliver(
                NUMBER,
                [fanout(out(1, mine), out(2), out(3, mine), answers=[receipt(mine, 5, 1), receipt(mine, 6, 3)])],
            )
            assert len(sender.wire.packets) == 1
            push, first, second = sender.heard()
            assert isinstance(push[1], frames.Push)
            assert len(push[1].entries) == 1
            assert [
                (to, event.submitted.seq) for to, event in (first, second) if isinstance(event, frames.ReceiptReply)
            ] == [
                (5, 1),
                (6, 3),
            ]
            assert sender.connection.pending == 0
            assert other.entries() == [1, 2, 3]
            assert world.metrics.deliveries == 4


async def test_a_connection_of_another_gateway_or_run_with_the_same_id_is_another() -> None:
    world = World()
    async with world.running():
        peer = await world.connected("bob/phone")
        mine = peer.connection.id
        shared = fanout(out(1, mine, NUMBER + 1), out(2, mine), answers=[receipt(mine, 1, 2)])
        world.gateway.deliver(NUMBER, [shared])
        assert peer.entries() == [1]


async def test_who_was_refused_gets_his_refusal_and_what_he_may_see() -> None:
    world = World()
    async with world.running():
        stranger, member = await world.connected("carol/phone"), await world.connected("bob/phone")
        refusal = NotAMember(conversation_id=SINGLE)
        answers = [Answer(peer.connection.id, 3, refusal) for peer in (stranger, member)]
        for users in ((ALICE, BOB), (ALICE, BOB, *(UserId(f"u{n}") for n in range(20)))):
            world.gateway.deliver(NUMBER, [fanout(out(1), to=users, answers=answers)])
            assert [type(event) for _, event in stranger.heard()] == [frames.ErrorReply]
            push, error = member.heard()
            assert isinstance(push[1], frames.Push)
            assert error[0] == 3
        assert world.metrics.refusals == {"not_a_member": 4}


async def test_an_answer_for_one_who_has_gone_is_dropped() -> None:
    world = World()
    async with world.running():
        peer = await world.connected("bob/phone")
        world.gateway.deliver(NUMBER, [fanout(out(1, 99), answers=[receipt(99, 1, 1)])])
        assert peer.entries() == [1]


async def test_users_without_a_connection_cost_nothing() -> None:
    world = World()
    async with world.running():
        world.gateway.deliver(NUMBER, [fanout(out(1))])
        assert world.metrics.deliveries == 0


async def test_moved_positions_go_to_everybody_or_to_each_his_own() -> None:
    world = World()
    async with world.running():
        alice, bob = await world.connected("alice/phone"), await world.connected("bob/phone", JSON_SERVER)
        moved = [MovedPosition(ALICE, 3, 4), MovedPosition(BOB, 1, 2), MovedPosition(CAROL, 9, 9)]
        world.gateway.deliver(NUMBER, [Fanout(SINGLE, (ALICE, BOB), [], [], moved)])
        everybody = frames.Positions(
            SINGLE, tuple(frames.Position(m.user_id, m.read_seq, m.delivered_seq) for m in moved)
        )
        assert alice.heard() == bob.heard() == [(0, everybody)]
        world.gateway.deliver(NUMBER, [Fanout(SINGLE, (ALICE, BOB), [], [], moved, moved_to_all=False)])
        assert alice.heard() == [(0, frames.Positions(SINGLE, (frames.Position(ALICE, 3, 4),)))]
        assert bob.heard() == [(0, frames.Positions(SINGLE, (frames.Position(BOB, 1, 2),)))]


async def test_positions_come_after_the_entries_of_their_share() -> None:
    world = World()
    async with world.running():
        peer = await world.connected("bob/phone")
        world.gateway.deliver(NUMBER, [Fanout(SINGLE, (BOB,), [out(1)], [], [MovedPosition(ALICE, 1, 1)])])
        assert [type(event) for _, event in peer.heard()] == [frames.Push, frames.Positions]


async def test_one_who_is_cut_in_the_middle_of_a_share_takes_nothing_from_the_others() -> None:
    world = World()
    async with world.running():
        slow = await world.connected("alice/phone", high_bytes=0)
        twin = await world.connected("alice/laptop")
        bob = await world.connected("bob/phone")
        slow.wire.is_read = False
        world.gateway.options = type(world.gateway.options)(write_buffer_hard_bytes=1)
        for seq in (1, 2, 3):
            world.gateway.deliver(NUMBER, [fanout(out(seq))])
        assert slow.closed is CloseCode.SLOW_CONSUMER
        assert twin.entries() == bob.entries() == [1, 2, 3]


async def test_what_cannot_be_written_stops_nobody_else_and_tells_its_recipients_to_sync(
    logged: list[dict[str, object]],
) -> None:
    world = World()
    async with world.running():
        browser, phone = await world.connected("bob/browser", JSON_SERVER), await world.connected("carol/phone")
        broken = OutEntry(1, b"this is no entry", NUMBER, 0)
        world.gateway.deliver(NUMBER, [fanout(broken), fanout(out(2), to=(BOB, CAROL))])
        assert [type(event) for _, event in browser.heard()] == [frames.Resync, frames.Push]
        assert phone.entries() == [2]
    assert [line["event"] for line in logged] == ["push failed"]
