"""From one conversation's share of a batch to packets: each encoded once a codec, and written to many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hongyan.gateway.connection import Connection
from hongyan.gateway.replies import error_reply
from hongyan.model.records import Submitted
from hongyan.ports.link import Answer, Fanout, MovedPosition
from hongyan.protocol.frames import Position, Positions, ServerFrame
from hongyan.protocol.server import ServerCodec

if TYPE_CHECKING:
    from hongyan.gateway.gateway import Gateway


def deliver_fanout(gateway: "Gateway", fanout: Fanout) -> int:
    """Writes a fanout to its connections; returns how many entries were delivered.

    Whoever sent something in this batch gets one packet of its own: the others' entries, then its receipts. So the frames
    that close a gap travel together. Everybody else gets the same bytes.
    """
    own = _own_packets(gateway, fanout) if fanout.answers else _NO_OWN
    delivered = 0
    if fanout.entries and fanout.recipients:
        delivered = _push_common(gateway, fanout, own)
    if fanout.moved:
        _push_positions(gateway, fanout)
    return delivered


_NO_OWN: dict[int, int] = {}


def _push_common(gateway: "Gateway", fanout: Fanout, own: dict[int, int]) -> int:
    encoded = [entry.encoded for entry in fanout.entries]
    packets: dict[ServerCodec, bytes] = {}
    count, delivered = len(encoded), 0
    find = gateway.by_user.get
    for user_id in fanout.recipients:
        mine = find(user_id)
        if mine is None:
            continue
        for connection in mine if isinstance(mine, tuple) else (mine,):
            if connection.id in own:
                delivered += own[connection.id]
                continue
            codec = connection.end.codec
            packet = packets.get(codec)
            if packet is None:
                packet = packets[codec] = codec.push(encoded)
            connection.send(packet)
            delivered += count
    return delivered


def _own_packets(gateway: "Gateway", fanout: Fanout) -> dict[int, int]:
    """Writes to those who sent; returns by connection how many entries of others it got."""
    answers: dict[int, list[Answer]] = {}
    for answer in fanout.answers:
        answers.setdefault(answer.connection, []).append(answer)
    own: dict[int, int] = {}
    may_see = set(fanout.recipients) if len(fanout.recipients) > 8 else fanout.recipients
    for connection_id, mine in answers.items():
        connection = gateway.connections.get(connection_id)
        if connection is None:
            continue
        sees = connection.user_id in may_see
        others = _of_others(fanout, gateway.number, connection_id) if sees else []
        connection.pending -= len(mine)
        _write_own(gateway, connection, others, fanout, mine)
        own[connection_id] = len(others)
    return own


def _of_others(fanout: Fanout, number: int, connection_id: int) -> list[bytes]:
    """The entries that this connection did not send. Connections of another gateway, or run, may have the same id."""
    return [entry.encoded for entry in fanout.entries if entry.connection != connection_id or entry.gateway != number]


def _write_own(
    gateway: "Gateway", connection: Connection, others: list[bytes], fanout: Fanout, answers: Sequence[Answer]
) -> None:
    codec = connection.end.codec
    parts = [codec.push(others)] if others else []
    for answer in answers:
        result = answer.result
        if isinstance(result, Submitted):
            parts.append(codec.receipt(answer.request, fanout.conversation_id, result))
        else:
            gateway.metrics.refused(result.name)
            parts.append(codec.encode([ServerFrame(answer.request, error_reply(result))]))
    connection.send(codec.join(parts))


def _push_positions(gateway: "Gateway", fanout: Fanout) -> None:
    if not fanout.moved_to_all:
        for moved in fanout.moved:
            _send_positions(gateway, [moved.user_id], fanout, [moved])
        return
    _send_positions(gateway, fanout.recipients, fanout, fanout.moved)


def _send_positions(
    gateway: "Gateway", user_ids: Sequence[str], fanout: Fanout, moved: Sequence[MovedPosition]
) -> None:
    positions = tuple(Position(row.user_id, row.read_seq, row.delivered_seq) for row in moved)
    frame = ServerFrame(0, Positions(fanout.conversation_id, positions))
    packets: dict[ServerCodec, bytes] = {}
    for user_id in user_ids:
        for connection in gateway.connections_of(user_id):  # type: ignore[arg-type]  # user ids
            codec = connection.end.codec
            packet = packets.get(codec) or packets.setdefault(codec, codec.encode([frame]))
            connection.send(packet)
