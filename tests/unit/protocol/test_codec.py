import gzip
import zlib

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import (
    InflatedTooLarge,
    InvalidField,
    MalformedFrame,
    PacketTooLarge,
    TooManyFrames,
    UnknownCommand,
)
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message, Submitted
from hongyan.protocol.client import CLIENT_LIMITS
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER, check_backend, encode_entry
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.frames import ClientFrame, Limits, Ping, Push, ReceiptReply, Refused, ServerFrame, Submit
from hongyan.protocol.varint import bytes_field
from hongyan.protocol.wire import frame_pb2

LIMITS = Limits(packet_bytes=20_000, frames_per_packet=10, inflated_bytes=50_000)
HERE = ConversationId("s:a:b")
HELLO = ClientFrame(7, Submit(HERE, ClientMsgId("c-1"), ask.SendMessage(1, text_content("hello"))))
ENTRY = encode_entry(
    Entry(HERE, 5, MessageId(9), UserId("a"), ClientMsgId("c-1"), 1_790_000_000_000, 5, Message(1, text_content("x")))
)


def test_protobuf_runs_in_c_here() -> None:
    check_backend()


def test_a_packet_without_frames_is_nothing() -> None:
    assert PROTO_SERVER.decode(b"", LIMITS) == []


def test_a_view_of_a_sockets_buffer_is_read_and_not_kept() -> None:
    buffer = bytearray(PROTO_CLIENT.encode([HELLO]))

    frames = PROTO_SERVER.decode(memoryview(buffer), LIMITS)
    buffer[:] = bytes(len(buffer))

    assert frames == [HELLO]


def test_a_frame_that_is_refused_does_not_spoil_its_neighbours() -> None:
    packet = frame_pb2.ClientPacket(
        frames=[
            {"id": 1, "ping": {}},
            {"id": 2, "mark": {"conversation_id": "nonsense"}},
            {"id": 3},
            {"id": 4, "ping": {}},
        ]
    )

    first, second, third, fourth = PROTO_SERVER.decode(packet.SerializeToString(), LIMITS)

    assert (first, fourth) == (ClientFrame(1, Ping()), ClientFrame(4, Ping()))
    assert isinstance(second.command, Refused)
    assert isinstance(second.command.error, InvalidField)
    assert isinstance(third.command, Refused)
    assert isinstance(third.command.error, UnknownCommand)


def test_unknown_fields_inside_content_are_dropped() -> None:
    content = text_content("hello") + bytes_field(b"\xfa\x07", b"smuggled")
    packet = frame_pb2.ClientPacket.FromString(PROTO_CLIENT.encode([HELLO]))
    packet.frames[0].submit.message.MergeFromString(content)
    assert b"smuggled" in packet.SerializeToString()

    assert PROTO_SERVER.decode(packet.SerializeToString(), LIMITS) == [HELLO]


def test_content_split_over_the_wire_is_made_canonical() -> None:
    """Protobuf lets a message come in pieces, which are merged; equal content must become equal bytes."""
    content = text_content("hello", ["b"])
    twice = bytes_field(b"\x22", text_content("first")) + bytes_field(b"\x22", content)
    submit = bytes_field(b"\x0a", b"s:a:b") + bytes_field(b"\x12", b"c-1") + twice
    packet = bytes_field(b"\x0a", b"\x08\x07" + bytes_field(b"\x1a", submit))

    (frame,) = PROTO_SERVER.decode(packet, LIMITS)

    assert frame == ClientFrame(7, Submit(HERE, ClientMsgId("c-1"), ask.SendMessage(1, content)))


@pytest.mark.parametrize("data", [b"\xff", b"garbage", b"\x0a\x05\x08", b"\x0a\x04\x52\x02\x08"], ids=repr)
def test_garbage_and_truncation_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        PROTO_SERVER.decode(data, LIMITS)
    with pytest.raises(MalformedFrame):
        PROTO_CLIENT.decode(data, LIMITS)


def test_text_that_is_not_unicode_is_refused() -> None:
    """A lone surrogate, as UTF-8 would write it if it might."""
    packet = PROTO_CLIENT.encode([HELLO]).replace(b"hello", b"\xed\xa0\x80xy")

    with pytest.raises(MalformedFrame):
        PROTO_SERVER.decode(packet, LIMITS)


def test_a_packet_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(PacketTooLarge) as caught:
        PROTO_SERVER.decode(bytes(20_001), LIMITS)
    assert caught.value.fields == {"size_bytes": 20_001, "limit_bytes": 20_000}


def test_more_frames_than_allowed_are_refused_together() -> None:
    with pytest.raises(TooManyFrames) as caught:
        PROTO_SERVER.decode(PROTO_CLIENT.encode([HELLO] * 11), LIMITS)
    assert caught.value.fields == {"count": 11, "limit": 10}


def compressed(packet: bytes) -> bytes:
    return bytes_field(b"\x12", gzip.compress(packet))


def test_a_compressed_packet_is_read() -> None:
    assert PROTO_SERVER.decode(compressed(PROTO_CLIENT.encode([HELLO, HELLO])), LIMITS) == [HELLO, HELLO]


def test_a_compressed_bomb_stops_at_the_limit() -> None:
    bomb = compressed(bytes(10_000_000))
    assert len(bomb) < LIMITS.packet_bytes

    with pytest.raises(InflatedTooLarge):
        PROTO_SERVER.decode(bomb, LIMITS)


def test_a_compressed_packet_of_exactly_the_limit_is_read() -> None:
    packet = PROTO_CLIENT.encode([HELLO])
    filler = bytes_field(b"\xfa\x01", bytes(LIMITS.inflated_bytes - len(packet) - 5))
    assert len(packet + filler) == LIMITS.inflated_bytes

    assert PROTO_SERVER.decode(compressed(packet + filler), LIMITS) == [HELLO]


WRONGLY_COMPRESSED = {
    "not gzip": bytes_field(b"\x12", zlib.compress(b"")),
    "cut short": bytes_field(b"\x12", gzip.compress(PROTO_CLIENT.encode([HELLO]))[:-3]),
    "followed by more": bytes_field(b"\x12", gzip.compress(b"") + b"x"),
    "two streams": bytes_field(b"\x12", gzip.compress(b"") * 2),
    "one inside the other": compressed(compressed(PROTO_CLIENT.encode([HELLO]))),
    "beside a frame": compressed(b"") + PROTO_CLIENT.encode([HELLO]),
    "twice": compressed(b"") * 2,
}


@pytest.mark.parametrize("packet", WRONGLY_COMPRESSED.values(), ids=WRONGLY_COMPRESSED)
def test_what_is_wrongly_compressed_is_refused(packet: bytes) -> None:
    with pytest.raises(MalformedFrame):
        PROTO_SERVER.decode(packet, LIMITS)


def test_a_push_is_framed_as_the_official_encoder_frames_it() -> None:
    assert PROTO_SERVER.push([ENTRY, ENTRY]) == PROTO_SERVER.encode([ServerFrame(0, Push((ENTRY, ENTRY)))])


@pytest.mark.parametrize("request_id", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("seq", [0, 300])
def test_a_receipt_is_framed_as_the_official_encoder_frames_it(request_id: int, seq: int) -> None:
    submitted = Submitted(UserId("a"), ClientMsgId("c-1"), seq, MessageId(2**62), 1_790_000_000_000, 0, 1)

    quick = PROTO_SERVER.receipt(request_id, HERE, submitted)

    assert quick == PROTO_SERVER.encode([ServerFrame(request_id, ReceiptReply(HERE, submitted))])


def test_a_client_passes_over_what_a_newer_server_says() -> None:
    newer = bytes_field(b"\x0a", b"\x08\x05" + bytes_field(b"\xfa\x01", b""))

    assert PROTO_CLIENT.decode(newer + PROTO_SERVER.push([ENTRY]), CLIENT_LIMITS) == [ServerFrame(0, Push((ENTRY,)))]
