"""The messages of frame.proto and entry.proto with entries, contents and the values of items left as bytes.

An embedded message and a bytes field look the same on the wire, so a page of a thousand entries is framed, or taken
apart, without looking into one of them. The classes are derived from the generated descriptor, so they cannot drift.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from hongyan.protocol.wire import content_pb2, entry_pb2, frame_pb2, personal_pb2

_PACKAGE = ".hongyan.v1."
_OPAQUE = frozenset(
    f"{_PACKAGE}{name}" for name in ("Entry", "Content", *personal_pb2.DESCRIPTOR.message_types_by_name)
)


def _opaque_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in (content_pb2, entry_pb2, personal_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for module in (entry_pb2, frame_pb2):
        pool.AddSerializedFile(_opaque_copy(module.DESCRIPTOR))
    return pool


def _opaque_copy(descriptor: Any) -> bytes:
    file = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(file)
    file.name, file.package = file.name.replace(".proto", "_opaque.proto"), "hongyan.v1.opaque"
    own = {f"{_PACKAGE}{message.name}" for message in file.message_type}
    for field in (field for message in file.message_type for field in message.field):
        if field.type_name in _OPAQUE:
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")
        elif field.type_name in own:
            field.type_name = field.type_name.replace(_PACKAGE, ".hongyan.v1.opaque.")
    return file.SerializeToString()


_POOL = _opaque_pool()


def message_class(name: str, package: str = "hongyan.v1.opaque") -> Any:
    """The class of a message, by default one of frame.proto; its type cannot be known to a checker."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{package}.{name}"))


def _submitted_classes() -> dict[str, Any]:
    fields = Submit.DESCRIPTOR.oneofs_by_name["command"].fields
    return {field.name: message_factory.GetMessageClass(field.message_type) for field in fields if field.message_type}


def submitted_class(name: str) -> Any:
    """The class of a command that is submitted, by its field's name."""
    return _SUBMITTED[name]


Entry = message_class("Entry")

ClientPacket = message_class("ClientPacket")
ClientFrame = message_class("ClientFrame")
Connect = message_class("Connect")
Submit = message_class("Submit")
Mark = message_class("Mark")
Signal = message_class("Signal")
Sync = message_class("Sync")
GetEntries = message_class("GetEntries")
GetMembers = message_class("GetMembers")
GetGroup = message_class("GetGroup")
GetPositions = message_class("GetPositions")
Item = message_class("Item")
PutItems = message_class("PutItems")
GetItems = message_class("GetItems")
Ping = message_class("Ping")
WatchPresence = message_class("WatchPresence")

ServerPacket = message_class("ServerPacket")
ServerFrame = message_class("ServerFrame")
Error = message_class("Error")
Connected = message_class("Connected")
Limits = message_class("Limits")
SyncPage = message_class("SyncPage")
ConversationHead = message_class("ConversationHead")
EntryPage = message_class("EntryPage")
Member = message_class("Member")
MemberPage = message_class("MemberPage")
JoinLink = message_class("JoinLink")
JoinRequest = message_class("JoinRequest")
Group = message_class("Group")
Position = message_class("Position")
Positions = message_class("Positions")
ItemPage = message_class("ItemPage")
ItemsChanged = message_class("ItemsChanged")
Receipt = message_class("Receipt")
Pong = message_class("Pong")
Push = message_class("Push")
SignalPush = message_class("SignalPush")
GoAway = message_class("GoAway")
Resync = message_class("Resync")

_SUBMITTED = _submitted_classes()
Presence = message_class("Presence")
Presences = message_class("Presences")
