"""The JSON codec: the same frames in the canonical JSON of protobuf, with names as in the .proto files.

64-bit numbers are strings, bytes are base64, what is empty is left out. A packet is {"frames": [...]}, or
{"gzip": "..."} with the compressed JSON of one. For clients that have nothing but JSON: it goes through the protobuf
records, and costs several times as much.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from hongyan.model.codes import InvalidField, MalformedFrame, PacketTooLarge, TooManyFrames, UnknownCommand
from hongyan.model.ids import ConversationId
from hongyan.model.records import Submitted
from hongyan.protocol import codec_command, codec_event
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec import GZIP_WINDOW, inflate
from hongyan.protocol.frames import ClientFrame, Limits, Push, ReceiptReply, Refused, ServerFrame
from hongyan.protocol.json_mapping import read_json
from hongyan.protocol.wire import frame_pb2

JSON_SUBPROTOCOL = "hongyan.v1+json"
"""The WebSocket sub-protocol."""

_HEAD, _TAIL = b'{"frames":[', b"]}"
_SURROGATE_ESCAPES = ("\\ud", "\\uD")
_MAX_REQUEST = 2**32 - 1


def parse_packet(data: bytes | memoryview, limits: Limits) -> list[dict[str, Any]]:
    """The frames of a packet as JSON objects.

    Raises PacketTooLarge, MalformedFrame, InflatedTooLarge or TooManyFrames.
    """
    if len(data) > limits.packet_bytes:
        raise PacketTooLarge(size_bytes=len(data), limit_bytes=limits.packet_bytes)
    packet = parse_object(data)
    if "gzip" in packet:
        packet = parse_object(inflate(_compressed(packet), limits.inflated_bytes))
        if "gzip" in packet:
            raise MalformedFrame(reason="a compressed packet holds another")
    frames = packet.pop("frames", [])
    if packet:
        raise MalformedFrame(reason='a packet has the fields "frames" or "gzip", and no other')
    if type(frames) is not list or any(type(frame) is not dict for frame in frames):
        raise MalformedFrame(reason='"frames" is not an array of objects')
    if len(frames) > limits.frames_per_packet:
        raise TooManyFrames(count=len(frames), limit=limits.frames_per_packet)
    return frames


def parse_object(data: bytes | memoryview) -> dict[str, Any]:
    """A JSON object, read strictly: no key twice, no NaN, no half of a character. Raises MalformedFrame."""
    try:
        text = str(data, "utf-8")
        packet = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
        if any(escape in text for escape in _SURROGATE_ESCAPES):
            # Half a surrogate pair can come in by an escape only, and cannot be encoded.
            msgspec.json.encode(packet)
    except RecursionError as error:
        raise MalformedFrame(reason="the JSON is nested too deeply") from error
    except UnicodeError as error:
        raise MalformedFrame(reason="the text is not valid Unicode") from error
    except ValueError as error:
        raise MalformedFrame(reason="not JSON") from error
    if type(packet) is not dict:
        raise MalformedFrame(reason="the JSON is not an object")
    return packet


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise MalformedFrame(reason="an object has the same key twice")
    return read


def _refuse_constant(name: str) -> float:
    raise MalformedFrame(reason=f"{name} is not JSON")


def _compressed(packet: dict[str, Any]) -> bytes:
    if len(packet) != 1 or type(packet["gzip"]) is not str:
        raise MalformedFrame(reason="a compressed packet stands alone")
    try:
        return base64.b64decode(packet["gzip"], validate=True)
    except ValueError as error:
        raise MalformedFrame(reason='"gzip" is not base64') from error


def _write_packet(frames: Iterable[Message]) -> bytes:
    objects = (json_format.MessageToDict(frame, preserving_proto_field_name=True) for frame in frames)
    return _HEAD + b",".join(map(msgspec.json.encode, objects)) + _TAIL


class JsonServerCodec:
    """The server's side; implements `server.ServerCodec`."""

    __slots__ = ()

    subprotocol = JSON_SUBPROTOCOL
    is_text = True

    def decode(self, data: bytes | memoryview, limits: Limits) -> list[ClientFrame]:
        """See ServerCodec."""
        return [_read_client_frame(value, limits) for value in parse_packet(data, limits)]

    def encode(self, frames: Sequence[ServerFrame]) -> bytes:
        """See ServerCodec."""
        packet = opaque.ServerPacket(frames=[codec_event.write_frame(frame) for frame in frames])
        return _write_packet(frame_pb2.ServerPacket.FromString(packet.SerializeToString()).frames)

    def push(self, entries: Sequence[bytes]) -> bytes:
        """See ServerCodec."""
        return self.encode([ServerFrame(0, Push(tuple(entries)))])

    def frame(self, encoded: bytes) -> bytes:
        """See ServerCodec."""
        return _write_packet([frame_pb2.ServerFrame.FromString(encoded)])

    def receipt(self, request: int, conversation_id: ConversationId, submitted: Submitted) -> bytes:
        """See ServerCodec."""
        return self.encode([ServerFrame(request, ReceiptReply(conversation_id, submitted))])

    def join(self, packets: Iterable[bytes]) -> bytes:
        """See ServerCodec."""
        insides = (packet[len(_HEAD) : -len(_TAIL)] for packet in packets)
        return _HEAD + b",".join(inside for inside in insides if inside) + _TAIL

    def compress(self, packet: bytes) -> bytes:
        """See ServerCodec."""
        compressed = base64.b64encode(zlib.compress(packet, level=1, wbits=GZIP_WINDOW))
        return b'{"gzip":"' + compressed + b'"}'


def _read_client_frame(value: dict[str, Any], limits: Limits) -> ClientFrame:
    frame = frame_pb2.ClientFrame()
    try:
        if not any(name in _COMMANDS for name in value):
            raise UnknownCommand
        read_json(value, frame, "")
    except (InvalidField, UnknownCommand) as error:
        return ClientFrame(_request(value), Refused(error))
    return codec_command.read_frame(frame, limits)


_COMMANDS = frozenset(
    name
    for field in frame_pb2.ClientFrame.DESCRIPTOR.oneofs_by_name["command"].fields
    for name in (field.name, field.camelcase_name)
)


def _request(value: dict[str, Any]) -> int:
    """The id of a frame that was not understood, as far as it can be told."""
    request = value.get("id")
    return request if type(request) is int and 0 <= request <= _MAX_REQUEST else 0


class JsonClientCodec:
    """The client's side; implements `client.ClientCodec`."""

    __slots__ = ()

    subprotocol = JSON_SUBPROTOCOL
    is_text = True

    def encode(self, frames: Sequence[ClientFrame]) -> bytes:
        """See ClientCodec."""
        packet = opaque.ClientPacket(frames=[codec_command.write_frame(frame) for frame in frames])
        return _write_packet(frame_pb2.ClientPacket.FromString(packet.SerializeToString()).frames)

    def decode(self, data: bytes | memoryview, limits: Limits) -> list[ServerFrame]:
        """See ClientCodec."""
        packet = frame_pb2.ServerPacket()
        try:
            for value in parse_packet(data, limits):
                read_json(value, packet.frames.add(), "", strict=False)
        except InvalidField as error:
            raise MalformedFrame(reason=str(error)) from error
        frames = map(codec_event.read_frame, opaque.ServerPacket.FromString(packet.SerializeToString()).frames)
        return [frame for frame in frames if frame is not None]


JSON_SERVER = JsonServerCodec()
JSON_CLIENT = JsonClientCodec()
