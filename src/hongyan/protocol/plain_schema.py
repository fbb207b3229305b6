"""JSON Schemas of `plain`, derived from the contract, for OpenAPI.

Of each message there are two: what the server answers, where every field that cannot be absent is there, and what it takes
(named with `Input`), where the bounds of `codec_content` and `codec_command` stand too.
"""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from hongyan.protocol.wire import content_pb2, entry_pb2, frame_pb2, personal_pb2

Schema = dict[str, Any]

_EXACT = 2**53 - 1
_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_NAME = "^[A-Za-z0-9_-]{1,32}$"
_USER: Schema = {"pattern": _NAME, "examples": ["alice"]}
_TOKEN: Schema = {"pattern": "^[A-Za-z0-9_-]{16,64}$", "description": "A secret."}
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
_TITLE: Schema = {"maxLength": 256, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$"}
_REQUIRED_TITLE: Schema = {
    **_TITLE,
    "pattern": r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$",
}

_LABEL: Schema = {**_REQUIRED_TITLE, "maxLength": 32}
_CONVERSATION = "[gnu]:[A-Za-z0-9_-]{1,32}"

_INPUT: dict[str, Schema] = {
    "Text.text": {"minLength": 1},
    "Blob.blob_id": {"pattern": "^[A-Za-z0-9_.-]{1,128}$"},
    "Blob.media_type": {"pattern": "^[A-Za-z0-9!#$&^_.+-]{1,63}/[A-Za-z0-9!#$&^_.+-]{1,63}$"},
    "Blob.size_bytes": {"minimum": 1},
    "Image.thumbnail": {"maxLength": 5_464},
    "Video.thumbnail": {"maxLength": 5_464},
    "File.name": _REQUIRED_TITLE,
    "Location.latitude_deg": {"minimum": -90, "maximum": 90},
    "Location.longitude_deg": {"minimum": -180, "maximum": 180},
    "Location.name": _TITLE,
    "Location.address": _TITLE,
    "Card.user_id": _USER,
    "Card.group_id": _USER,
    "Card.name": _TITLE,
    "Custom.type": {"pattern": "^[A-Za-z0-9_.:/-]{1,64}$"},
    "Custom.fallback": {"maxLength": 1_024},
    "Mention.user_ids": {"maxItems": 100},
    "Mention.user_ids[]": _USER,
    "Reference.sender_id": _USER,
    "Reference.preview": {"maxLength": 512},
    "Reference.conversation_id": {"pattern": "^([gnu]:[A-Za-z0-9_-]{1,32})?$"},
}
_INPUT |= {
    "CreateGroup.name": _REQUIRED_TITLE,
    "CreateGroup.member_ids": {"maxItems": 1_000},
    "CreateGroup.member_ids[]": _USER,
    "AddMembers.member_ids": {"minItems": 1, "maxItems": 1_000},
    "AddMembers.member_ids[]": _USER,
    "TransferOwner.user_id": _USER,
    "MuteAll.allowed_ids": {"maxItems": 1_000},
    "MuteAll.allowed_ids[]": _USER,
    "SetGroupProfile.name": _REQUIRED_TITLE,
    "SetGroupProfile.avatar": {"maxLength": 512, "pattern": _LINE},
    "SetGroupProfile.announcement": {"maxLength": 4_096, "pattern": r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"},
    "SetNickname.nickname": {"maxLength": 64, "pattern": _LINE},
    "SetGroupRules.join_policy": {"enum": ["closed", "approval", "link", "open"]},
    "SetGroupRules.who_may_add": {"enum": ["owner", "admin", "member"]},
    "SetGroupRules.who_may_mention_all": {"enum": ["owner", "admin", "member"]},
    "MakeJoinLink.link_id": {"pattern": _NAME},
    "MakeJoinLink.token": _TOKEN,
    "MakeJoinLink.expires_ms": {"minimum": 0},
    "MakeJoinLink.uses": {"maximum": 1_000_000},
    "JoinByLink.token": _TOKEN,
    "RequestJoin.note": {"maxLength": 256, "pattern": _LINE},
    "PutItems.items": {"minItems": 1, "maxItems": 100},
    "ConversationSettings.muted_until_ms": {"minimum": 0},
    "ConversationSettings.labels": {"maxItems": 20, "uniqueItems": True},
    "ConversationSettings.labels[]": _LABEL,
    "Draft.text": {"maxLength": 20_000},
    "Draft.time_ms": {"minimum": 0},
    "Contact.remark": _TITLE,
    "Contact.tags": {"maxItems": 20, "uniqueItems": True},
    "Contact.tags[]": _LABEL,
    "Contact.note": {"maxLength": 1_000},
    "Settings.quiet_from_min": {"maximum": 1_439},
    "Settings.quiet_to_min": {"maximum": 1_439},
    "Settings.utc_offset_min": {"minimum": -840, "maximum": 840},
}
_REQUIRED: dict[str, list[str]] = {
    "Text": ["text"],
    "Blob": ["blob_id", "media_type", "size_bytes"],
    "Image": ["blob"],
    "Voice": ["blob"],
    "Video": ["blob"],
    "File": ["blob", "name"],
    "Custom": ["type"],
    "Reference": ["sender_id"],
    "CreateGroup": ["name"],
    "AddMembers": ["member_ids"],
    "TransferOwner": ["user_id"],
    "MuteAll": ["on"],
    "SetNickname": ["nickname"],
    "MakeJoinLink": ["link_id", "token"],
    "JoinByLink": ["token"],
    "PutItems": ["items"],
    "Item": ["key"],
}
_ITEM_KEYS = {
    "conversation": f"^{_CONVERSATION}$",
    "draft": f"^{_CONVERSATION}$",
    "hidden": f"^{_CONVERSATION}/[1-9][0-9]{{0,15}}$",
    "contact": _NAME,
    "settings": "^me$",
}
_SERVERS_ITEMS = ("relation", "request", "profile", "privacy")
_WHOLE: dict[str, Schema] = {
    "Item": {
        "oneOf": [{"required": [topic], "properties": {"key": {"pattern": key}}} for topic, key in _ITEM_KEYS.items()],
        "not": {"anyOf": [{"required": [topic]} for topic in _SERVERS_ITEMS]},
    },
    "Mention": {
        "anyOf": [
            {"required": ["user_ids"], "properties": {"user_ids": {"minItems": 1}}},
            {"required": ["all"], "properties": {"all": {"const": True}}},
        ]
    },
    "SetGroupProfile": {"minProperties": 1},
    "SetGroupRules": {"minProperties": 1},
}
_INTEGERS: dict[int, Schema] = {
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.TYPE_UINT64: {"type": "integer", "minimum": 0, "maximum": _EXACT},
    FieldDescriptor.TYPE_INT64: {"type": "integer", "minimum": -_EXACT, "maximum": _EXACT},
}
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64", "pattern": _BASE64},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_FIXED64: {"type": "string", "pattern": "^[0-9]{1,19}$"},
    **_INTEGERS,
}


def answered(*names: str) -> dict[str, Schema]:
    """The schemas of these messages, and of all in them, as the server writes them; by their names."""
    found: dict[str, Schema] = {}
    for name in names:
        _collect(_descriptor(name), found, is_input=False)
    return found


def asked(*names: str) -> dict[str, Schema]:
    """The schemas of these messages, and of all in them, as the server reads them; by their names with `Input`."""
    found: dict[str, Schema] = {}
    for name in names:
        _collect(_descriptor(name), found, is_input=True)
    return found


def _descriptor(name: str) -> Descriptor:
    for module in (frame_pb2, entry_pb2, content_pb2, personal_pb2):
        if name in module.DESCRIPTOR.message_types_by_name:
            found: Descriptor = module.DESCRIPTOR.message_types_by_name[name]
            return found
    raise KeyError(name)


def _collect(descriptor: Descriptor, found: dict[str, Schema], *, is_input: bool) -> None:
    name = f"{descriptor.name}Input" if is_input else descriptor.name
    if name in found:
        return
    schema = found[name] = {"type": "object", "title": name}
    schema["properties"] = {field.name: _field(field, is_input=is_input) for field in descriptor.fields}
    if is_input:
        schema["additionalProperties"] = False
        required = _REQUIRED.get(descriptor.name, [])
        # An optional field is a choice of one, under a name that begins with _.
        for choice in (each for each in descriptor.oneofs if not each.name.startswith("_")):
            schema["oneOf"] = [{"required": [field.name]} for field in choice.fields]
        schema |= _WHOLE.get(descriptor.name, {})
    else:
        required = [field.name for field in descriptor.fields if not field.has_presence]
    if required:
        schema["required"] = required
    for field in descriptor.fields:
        if field.message_type is not None:
            _collect(field.message_type, found, is_input=is_input)


def _field(field: FieldDescriptor, *, is_input: bool) -> Schema:
    assert field.containing_type is not None  # of a field of a message
    key = f"{field.containing_type.name}.{field.name}"
    if field.message_type is not None:
        name = field.message_type.name
        one: Schema = {"$ref": f"#/components/schemas/{name}Input" if is_input else f"#/components/schemas/{name}"}
    else:
        one = dict(_SCALARS[field.type])
    if not field.is_repeated:
        return {**one, **_INPUT.get(key, {})} if is_input else one
    if is_input:
        return {"type": "array", "items": {**one, **_INPUT.get(f"{key}[]", {})}, **_INPUT.get(key, {})}
    return {"type": "array", "items": one}
