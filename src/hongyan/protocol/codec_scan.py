"""Server packets as protobuf read them, for who looks at few fields of very many frames: the load generator, nobody else.

A client that shows messages wants records and checks (`codec`); a client that counts them would pay for both twice.
"""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from hongyan.model.codes import MalformedFrame
from hongyan.protocol.wire import entry_pb2, frame_pb2

# Generated messages, to be read and let go.
ServerFrame = frame_pb2.ServerFrame
ConversationHead = frame_pb2.ConversationHead
Entry = entry_pb2.Entry


def scan(packet: bytes | memoryview) -> Sequence[frame_pb2.ServerFrame]:
    """The frames of an uncompressed packet, in order. Raises MalformedFrame."""
    try:
        return frame_pb2.ServerPacket.FromString(packet).frames  # type: ignore[arg-type]  # takes any buffer
    except DecodeError as error:
        raise MalformedFrame(reason="not protobuf of this schema") from error
