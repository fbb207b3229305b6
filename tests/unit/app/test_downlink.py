"""The direct call between the stages of one process."""

from hongyan.app.downlink import LocalDownlink
from hongyan.model.codes import CloseCode, StorageFull
from hongyan.model.ids import DeviceId
from hongyan.protocol import frames
from hongyan.protocol.codec import encode_frame
from tests.unit.delivery.worlds import record
from tests.unit.gateway.worlds import ALICE, BOB, NUMBER, SINGLE, World, fanout, out

RESYNC = encode_frame(frames.ServerFrame(0, frames.Resync()))


def test_before_there_is_a_gateway_nobody_hears() -> None:
    """As in a replay."""
    downlink = LocalDownlink()
    downlink.deliver(NUMBER, [fanout(out(1))])
    downlink.signal([BOB], (SINGLE, ALICE, "typing"))
    downlink.notify([BOB], RESYNC)
    downlink.disconnect(ALICE, None)
    downlink.append_failed([record(0)], StorageFull())


async def test_everything_reaches_the_gateway() -> None:
    world, downlink = World(), LocalDownlink()
    downlink.gateway = world.gateway
    async with world.running():
        peer = await world.connected("bob/phone")
        downlink.deliver(NUMBER, [fanout(out(1))])
        downlink.signal([BOB], (SINGLE, ALICE, "typing"))
        downlink.notify([BOB], RESYNC)
        peer.connection.pending = 1
        downlink.append_failed([record(0, connection=peer.connection.id)], StorageFull())
        kinds = [type(event) for _, event in peer.heard()]
        assert kinds == [frames.Push, frames.SignalPush, frames.Resync, frames.ErrorReply]
        downlink.disconnect(BOB, DeviceId("phone"), CloseCode.REPLACED)
        assert peer.closed is CloseCode.REPLACED
