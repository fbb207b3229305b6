"""The protobuf codec: packets to records and back, for both ends of a connection, without state.

Whatever bytes come in, the answer is frames or one coded error. What spoils one frame becomes `Refused` in its place;
what spoils the packet is raised.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError

from hongyan.model.codes import InflatedTooLarge, MalformedFrame, PacketTooLarge, TooManyFrames
from hongyan.model.ids import ConversationId
from hongyan.model.records import Submitted
from hongyan.protocol import codec_command, codec_event
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_entry import conversation_field, decode_entry, encode_entry, open_message, seen_until
from hongyan.protocol.frames import ClientFrame, Limits, ServerFrame
from hongyan.protocol.varint import bytes_field, number_field, varint
from hongyan.protocol.wire import frame_pb2

__all__ = [
    "GZIP_WINDOW",
    "PROTO_CLIENT",
    "PROTO_SERVER",
    "PROTO_SUBPROTOCOL",
    "ProtoClientCodec",
    "ProtoServerCodec",
    "check_backend",
    "decode_entry",
    "encode_entry",
    "encode_frame",
    "inflate",
    "open_message",
    "seen_until",
]

PROTO_SUBPROTOCOL = "hongyan.v1+proto"
"""The WebSocket sub-protocol; also what TCP speaks."""

_message_id_field = struct.Struct("<BQ").pack
GZIP_WINDOW = 31  # zlib's way to say: 32 KiB of window, with a gzip header and trailer


def check_backend() -> None:
    """To be called at boot. Raises RuntimeError unless protobuf runs in C: other backends are slow, and recurse."""
    if api_implementation.Type() != "upb":
        raise RuntimeError("protobuf runs without its C implementation (upb); install a wheel made for this machine")


def inflate(data: bytes, limit_bytes: int) -> bytes:
    """What was compressed with gzip, never holding more than the limit.

    Raises InflatedTooLarge past the limit, MalformedFrame for what is not exactly one gzip stream.
    """
    stream = zlib.decompressobj(GZIP_WINDOW)
    try:
        inflated = stream.decompress(data, limit_bytes + 1)
    except zlib.error as error:
        raise MalformedFrame(reason="the compressed bytes are not gzip") from error
    if len(inflated) > limit_bytes:
        raise InflatedTooLarge(limit_bytes=limit_bytes)
    if not stream.eof:
        raise MalformedFrame(reason="the compressed bytes end too early")
    if stream.unused_data:
        raise MalformedFrame(reason="bytes follow the compressed ones")
    return inflated


def _unpack(packet_class: type[Any], data: bytes | memoryview, limits: Limits) -> Any:
    """The packet in some bytes, or the one compressed inside it. Raises the coded errors of a packet."""
    if len(data) > limits.packet_bytes:
        raise PacketTooLarge(size_bytes=len(data), limit_bytes=limits.packet_bytes)
    packet = _parse(packet_class, data)
    if packet.gzip:
        if len(bytes_field(b"\x12", packet.gzip)) != len(data):
            raise MalformedFrame(reason="a compressed packet stands alone")
        packet = _parse(packet_class, inflate(packet.gzip, limits.inflated_bytes))
        if packet.gzip:
            raise MalformedFrame(reason="a compressed packet holds another")
    count = len(packet.frames)
    if count > limits.frames_per_packet:
        raise TooManyFrames(count=count, limit=limits.frames_per_packet)
    return packet


def _parse(packet_class: type[Any], data: bytes | memoryview) -> Any:
    try:
        return packet_class.FromString(data)
    except DecodeError as error:
        raise MalformedFrame(reason="not protobuf of this schema") from error


def encode_frame(frame: ServerFrame) -> bytes:
    """A frame as the bytes of its protobuf message, for `ServerCodec.frame` of either codec."""
    return codec_event.write_frame(frame).SerializeToString()  # type: ignore[no-any-return]  # a class made at run time


class ProtoServerCodec:
    """The server's side; implements `server.ServerCodec`."""

    __slots__ = ()

    subprotocol = PROTO_SUBPROTOCOL
    is_text = False

    def decode(self, data: bytes | memoryview, limits: Limits) -> list[ClientFrame]:
        """The frames of a client's packet; Refused in place of those that cannot be accepted.

        Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames.
        """
        packet = _unpack(frame_pb2.ClientPacket, data, limits)
        packet.DiscardUnknownFields()
        read_frame = codec_command.read_frame
        return [read_frame(frame, limits) for frame in packet.frames]

    def encode(self, frames: Sequence[ServerFrame]) -> bytes:
        """One packet of all the frames, in order."""
        packet = opaque.ServerPacket(frames=[codec_event.write_frame(frame) for frame in frames])
        return packet.SerializeToString()  # type: ignore[no-any-return]  # a class made at run time

    def push(self, entries: Sequence[bytes]) -> bytes:
        """A packet of one push of encoded entries: framed, not encoded again."""
        pieces = [piece for entry in entries for piece in (b"\x0a", varint(len(entry)), entry)]
        frame = bytes_field(b"\x82\x01", b"".join(pieces))
        return bytes_field(b"\x0a", frame)

    def frame(self, encoded: bytes) -> bytes:
        """A packet of one frame that `encode_frame` made."""
        return bytes_field(b"\x0a", encoded)

    def receipt(self, request: int, conversation_id: ConversationId, submitted: Submitted) -> bytes:
        """A packet of one receipt, the answer to the frame with the id `request`."""
        client_msg_id = submitted.client_msg_id.encode()
        receipt = b"".join(
            (
                conversation_field(conversation_id),
                b"\x12",
                varint(len(client_msg_id)),
                client_msg_id,
                number_field(b"\x18", submitted.seq),
                _message_id_field(0x21, submitted.message_id),
                number_field(b"\x28", submitted.time_ms),
                number_field(b"\x30", submitted.countable),
            )
        )
        frame = b"%b\x22%b%b" % (number_field(b"\x08", request), varint(len(receipt)), receipt)
        return b"\x0a%b%b" % (varint(len(frame)), frame)

    def join(self, packets: Iterable[bytes]) -> bytes:
        """Several packets as one; none of them compressed."""
        return b"".join(packets)

    def compress(self, packet: bytes) -> bytes:
        """A packet as a compressed one, for clients with the capability "gzip"."""
        return bytes_field(b"\x12", zlib.compress(packet, level=1, wbits=GZIP_WINDOW))


class ProtoClientCodec:
    """The client's side; implements `client.ClientCodec`."""

    __slots__ = ()

    subprotocol = PROTO_SUBPROTOCOL
    is_text = False

    def encode(self, frames: Sequence[ClientFrame]) -> bytes:
        """One packet of all the frames, in order."""
        packet = opaque.ClientPacket(frames=[codec_command.write_frame(frame) for frame in frames])
        return packet.SerializeToString()  # type: ignore[no-any-return]  # a class made at run time

    def decode(self, data: bytes | memoryview, limits: Limits) -> list[ServerFrame]:
        """The frames of a server's packet; events of a newer server are left out. `limits` are the client's own.

        Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames.
        """
        packet = _unpack(opaque.ServerPacket, data, limits)
        frames = (codec_event.read_frame(frame) for frame in packet.frames)
        return [frame for frame in frames if frame is not None]


PROTO_SERVER = ProtoServerCodec()
PROTO_CLIENT = ProtoClientCodec()
