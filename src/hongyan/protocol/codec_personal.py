"""The values of items: records to protobuf and back, and what a client may say in them."""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError

from hongyan.model.codes import InvalidField, ItemReadOnly, MalformedFrame
from hongyan.model.ids import parse_conversation_id, parse_user_id
from hongyan.model.personal import (
    ME,
    MINUTES_OF_DAY,
    OF_CLIENTS,
    VALUES,
    AnyValue,
    Contact,
    ConversationSettings,
    Draft,
    FriendRequest,
    Hidden,
    Item,
    Privacy,
    Profile,
    Relation,
    Settings,
    Topic,
)
from hongyan.protocol.codec_content import check_name, check_number
from hongyan.protocol.wire import frame_pb2, personal_pb2

MAX_ITEMS = 100
"""Items of one put."""
MAX_LABELS = 20
MAX_LABEL_CHARS = 32
MAX_DRAFT_CHARS = 20_000
MAX_NOTE_CHARS = 1_000
_UTC_OFFSET_MIN = 14 * 60

_TOPICS = {value: topic for topic, value in VALUES.items()}
_CLASSES: dict[type[AnyValue], Any] = {
    ConversationSettings: personal_pb2.ConversationSettings,
    Draft: personal_pb2.Draft,
    Hidden: personal_pb2.Hidden,
    Contact: personal_pb2.Contact,
    Settings: personal_pb2.Settings,
    Relation: personal_pb2.Relation,
    FriendRequest: personal_pb2.FriendRequest,
    Profile: personal_pb2.Profile,
    Privacy: personal_pb2.Privacy,
}
_KEY = re.compile(r"[A-Za-z0-9_.:/-]{1,100}", re.ASCII)
_SEQ = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def topic_of(value: AnyValue) -> Topic:
    """The topic that a value belongs to."""
    return _TOPICS[type(value)]


def encode_value(value: AnyValue) -> bytes:
    """A value as its protobuf message."""
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    message = _CLASSES[type(value)](**fields)
    return message.SerializeToString(deterministic=True)  # type: ignore[no-any-return]  # a generated class


def decode_value(topic: str, encoded: bytes) -> AnyValue:
    """A topic's value. Raises MalformedFrame for what is not one, KeyError for an unknown topic."""
    kind = VALUES[topic]  # type: ignore[index]  # a Topic is its text
    try:
        message = _CLASSES[kind].FromString(encoded)
    except DecodeError as error:
        raise MalformedFrame(reason="not protobuf of this schema") from error
    return kind(**{name: _plain(getattr(message, name)) for name in kind.__struct_fields__})


def _plain(field: Any) -> Any:
    return field if isinstance(field, str | int | bool | bytes) else tuple(field)


def read_item(item: frame_pb2.Item) -> Item:
    """What a client puts, after every check. Raises InvalidField, ItemReadOnly."""
    name = item.WhichOneof("value")
    if name is None:
        raise InvalidField(field="put_items.items", reason="no value that this server knows is set")
    topic = Topic(name)
    if topic not in OF_CLIENTS:
        raise ItemReadOnly(topic=name)
    check_key(topic, item.key)
    check_number(item.version, "put_items.items.version")
    if item.deleted:
        return Item(topic, item.key, deleted=True, version=item.version)
    encoded = getattr(item, name).SerializeToString(deterministic=True)
    check_value(decode_value(topic, encoded))
    return Item(topic, item.key, encoded, version=item.version)


def check_key(topic: Topic, key: str) -> None:
    """Refuses a key that is not one of a client's topic. Raises InvalidField."""
    if topic is Topic.SETTINGS:
        if key != ME:
            raise InvalidField(field="key", reason=f"expected {ME}")
    elif topic is Topic.CONTACT:
        parse_user_id(key, "key")
    elif topic is Topic.HIDDEN:
        conversation_id, _, seq = key.partition("/")
        parse_conversation_id(conversation_id)
        if not _SEQ.fullmatch(seq):
            raise InvalidField(field="key", reason="expected a conversation's id, / and a seq")
    elif topic in (Topic.CONVERSATION, Topic.DRAFT):
        parse_conversation_id(key)
    elif not _KEY.fullmatch(key):
        raise InvalidField(field="key", reason="1 to 100 of A-Z a-z 0-9 _ - . : / are allowed")


def check_value(value: AnyValue) -> None:
    """Refuses what a client's item may not hold. Raises InvalidField."""
    topic = topic_of(value)
    for name in value.__struct_fields__:
        _check_field(f"{topic}.{name}", name, getattr(value, name))


def _check_field(path: str, name: str, field: Any) -> None:
    if name in ("labels", "tags"):
        _check_labels(path, field)
    elif name == "text":
        _check_length(path, field, MAX_DRAFT_CHARS)
    elif name == "note":
        _check_length(path, field, MAX_NOTE_CHARS)
    elif name == "utc_offset_min":
        if abs(field) > _UTC_OFFSET_MIN:
            raise InvalidField(field=path, reason=f"expected -{_UTC_OFFSET_MIN} to {_UTC_OFFSET_MIN}")
    elif name in ("quiet_from_min", "quiet_to_min"):
        if field >= MINUTES_OF_DAY:
            raise InvalidField(field=path, reason=f"expected 0 to {MINUTES_OF_DAY - 1}")
    elif type(field) is int:
        check_number(field, path)
    elif type(field) is str:
        check_name(field, path)


def _check_labels(path: str, labels: Iterable[str]) -> None:
    found = tuple(labels)
    if len(found) > MAX_LABELS or len(set(found)) < len(found):
        raise InvalidField(field=path, reason=f"at most {MAX_LABELS} different ones are allowed")
    for label in found:
        _check_length(path, label, MAX_LABEL_CHARS)
        check_name(label, path, required=True)


def _check_length(path: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidField(field=path, reason=f"at most {most} characters are allowed")
