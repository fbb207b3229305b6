"""The contract's messages as plain JSON, for HTTP: the names of the .proto files, and every field that has a value.

Numbers are JSON numbers, except ids of 64 bits, which are strings: not every reader keeps so many digits. Bytes are base64.
A field that is absent is one that a message can leave unset: a message of its own, or an alternative of a choice.
"""

import base64
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from hongyan.model.codes import InvalidField, MalformedFrame
from hongyan.protocol import codec_command, codec_event
from hongyan.protocol.codec_json import parse_object
from hongyan.protocol.frames import ClientCommand, Limits, Refused, ServerEvent, ServerFrame
from hongyan.protocol.json_mapping import read_json
from hongyan.protocol.wire import entry_pb2, frame_pb2

Plain = dict[str, Any]
"""A JSON object."""


def read_body(body: bytes, required: Sequence[str] = ()) -> Plain:
    """The JSON object in a request's body, with these fields at least and null nowhere. Raises InvalidField."""
    try:
        value = parse_object(body)
    except MalformedFrame as error:
        raise InvalidField(field="body", reason=str(error.fields["reason"])) from error
    for name in required:
        if name not in value:
            raise InvalidField(field=name, reason="it is missing")
    _refuse_null(value)
    return value


def _refuse_null(value: Plain) -> None:
    """On a connection null is the same as absent; here absent is said in one way."""
    waiting: list[tuple[str, Any]] = list(value.items())
    while waiting:
        name, item = waiting.pop()
        if item is None:
            raise InvalidField(field=name, reason="null is no value; leave it out")
        if isinstance(item, dict):
            waiting += item.items()
        elif isinstance(item, list):
            waiting += [(name, each) for each in item]


def read_command(name: str, value: Plain, limits: Limits) -> ClientCommand:
    """A command of ClientFrame by its field's name, checked as on a connection. Raises the coded error of a refusal."""
    frame = frame_pb2.ClientFrame()
    command = getattr(frame, name)
    command.SetInParent()
    read_json(value, command, "")
    read = codec_command.read_frame(frame, limits).command
    if isinstance(read, Refused):
        raise read.error
    return read


def event_value(event: ServerEvent) -> Plain:
    """What a reply or a push says."""
    encoded = codec_event.write_frame(ServerFrame(0, event)).SerializeToString()
    frame = frame_pb2.ServerFrame.FromString(encoded)
    return message_value(getattr(frame, frame.WhichOneof("event")))


def entry_value(encoded: bytes) -> Plain:
    """An entry from the bytes that everybody gets."""
    return message_value(entry_pb2.Entry.FromString(encoded))


def message_value(message: Message) -> Plain:
    """Any message of the contract."""
    value: Plain = {}
    for name, is_present, write in _fields(message.DESCRIPTOR):
        if not is_present or message.HasField(name):
            value[name] = write(getattr(message, name))
    return value


Write = Callable[[Any], Any]


@lru_cache(maxsize=256)
def _fields(descriptor: Descriptor) -> tuple[tuple[str, bool, Write], ...]:
    """Name, whether it may be absent, and how it is written, of each field."""
    return tuple((field.name, field.has_presence, _writer(field)) for field in descriptor.fields)


def _writer(field: FieldDescriptor) -> Write:
    one = message_value if field.message_type is not None else _SCALARS.get(field.type, _as_it_is)
    if field.is_repeated:
        return lambda values: [one(value) for value in values]
    return one


def _as_it_is(value: Any) -> Any:
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_SCALARS: dict[int, Write] = {FieldDescriptor.TYPE_FIXED64: str, FieldDescriptor.TYPE_BYTES: _base64}
