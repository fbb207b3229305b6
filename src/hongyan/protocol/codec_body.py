"""What an entry shows, as its protobuf message and back, by a table: record, field of Entry, message."""

from collections.abc import Callable
from enum import IntEnum
from functools import partial
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from google.protobuf.message import Message as PbMessage

from hongyan.model import records
from hongyan.model.commands import MessageKind
from hongyan.model.records import AnyBody, Body, EditNotice, Message
from hongyan.protocol.wire import content_pb2, entry_pb2

# Messages are codec_entry's own affair, and so is how an edit is written.
_SHOWN: dict[type[Body], tuple[str, type[PbMessage]]] = {
    records.Recalled: ("recalled", entry_pb2.Recalled),
    records.RecallNotice: ("recall", entry_pb2.Recall),
    records.GroupCreated: ("group_created", entry_pb2.GroupCreated),
    records.MembersAdded: ("members_added", entry_pb2.MembersAdded),
    records.MembersRemoved: ("members_removed", entry_pb2.MembersRemoved),
    records.MemberLeft: ("member_left", entry_pb2.MemberLeft),
    records.Deleted: ("deleted", entry_pb2.Deleted),
    records.DeleteNotice: ("delete", entry_pb2.Delete),
    records.ReactionNotice: ("reaction", entry_pb2.React),
    records.PinNotice: ("pin", entry_pb2.Pin),
    records.Befriended: ("befriended", entry_pb2.Befriended),
    records.RoleSet: ("role_set", entry_pb2.SetRole),
    records.OwnerTransferred: ("owner_transferred", entry_pb2.TransferOwner),
    records.MemberMuted: ("member_muted", entry_pb2.MuteMember),
    records.AllMuted: ("all_muted", entry_pb2.MuteAll),
    records.GroupProfileSet: ("group_profile_set", entry_pb2.SetGroupProfile),
    records.NicknameSet: ("nickname_set", entry_pb2.SetNickname),
    records.GroupRulesSet: ("group_rules_set", entry_pb2.SetGroupRules),
    records.JoinLinkMade: ("join_link_made", entry_pb2.JoinLinkMade),
    records.JoinLinkRevoked: ("join_link_revoked", entry_pb2.RevokeJoinLink),
    records.MemberJoined: ("member_joined", entry_pb2.MemberJoined),
    records.JoinRequested: ("join_requested", entry_pb2.JoinRequested),
    records.JoinAnswered: ("join_answered", entry_pb2.JoinAnswered),
    records.GroupDismissed: ("group_dismissed", entry_pb2.GroupDismissed),
}
_KIND_NUMBERS = {kind.name.lower(): int(kind) for kind in MessageKind}


def fields_of(record: msgspec.Struct) -> dict[str, Any]:
    """A record's fields as a protobuf message of the same field names takes them; an enum goes by its name."""
    return {name: _written(getattr(record, name)) for name in record.__struct_fields__}


def _written(value: Any) -> Any:
    return value.name.lower() if isinstance(value, IntEnum) else value


def write_body(target: entry_pb2.Entry, body: AnyBody) -> None:
    """Sets the body of an entry that is neither a message nor an edit: those hold contents, which nobody looks into."""
    name, message = _SHOWN[type(body)]
    field = getattr(target, name)
    field.SetInParent()  # present even when all its fields are empty
    field.MergeFrom(message(**fields_of(body)))


def read_content(content: content_pb2.Content) -> tuple[int, bytes]:
    """Kind and bytes. Kind 0 is a content of a newer version than this code: its bytes are kept."""
    return _KIND_NUMBERS.get(content.WhichOneof("kind") or "", 0), content.SerializeToString()


def read_body(entry: entry_pb2.Entry, name: str) -> AnyBody:
    """The body in a field of an entry."""
    return _READERS[name](getattr(entry, name))


def _read(record: type[Body], readers: list[Callable[[Any], Any]], message: Any) -> Any:
    return record(*[read(message) for read in readers])


def _field_reader(name: str, hint: Any) -> Callable[[Any], Any]:
    """How a field is read: a tuple from a repeated one, None from an absent one, an enum from its name."""
    if get_origin(hint) is UnionType and NoneType in get_args(hint):
        inner = _field_reader(name, next(each for each in get_args(hint) if each is not NoneType))
        return lambda message: inner(message) if message.HasField(name) else None
    if get_origin(hint) is tuple:
        return lambda message: tuple(getattr(message, name))
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        named = {each.name.lower(): each for each in hint}
        # Of a newer server there may be a name that is not known here: it counts as the least.
        return lambda message: named.get(getattr(message, name), min(named.values()))
    return lambda message: getattr(message, name)


def _reader(record: type[Body]) -> Callable[[Any], AnyBody]:
    hints = get_type_hints(record)
    return partial(_read, record, [_field_reader(name, hints[name]) for name in record.__struct_fields__])


def _read_edit(edit: entry_pb2.Edit) -> EditNotice:
    return EditNotice(edit.seq, *read_content(edit.content)) if edit.HasField("content") else EditNotice(edit.seq)


_READERS: dict[str, Callable[[Any], AnyBody]] = {
    "message": lambda content: Message(*read_content(content)),
    "edit": _read_edit,
    **{name: _reader(record) for record, (name, _) in _SHOWN.items()},
}
