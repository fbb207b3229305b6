"""What integrators are told and what they may change: entries and contents as JSON, and the words in a content."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from hongyan.model.codes import ContentTooLarge, MalformedFrame
from hongyan.model.commands import SendMessage
from hongyan.protocol.codec_content import check_content
from hongyan.protocol.json_mapping import read_json
from hongyan.protocol.wire import content_pb2, entry_pb2

JsonObject = dict[str, Any]

_PLACEHOLDERS = frozenset({"recalled", "deleted"})
# What people read, by the kind it stands in.
_WORDS = {
    "text": ("text",),
    "file": ("name",),
    "location": ("name", "address"),
    "card": ("name",),
    "custom": ("fallback",),
}


def entry_json(encoded: bytes) -> JsonObject:
    """An entry's bytes in the canonical JSON of protobuf. Raises MalformedFrame."""
    return _object(_entry(encoded))


def body_of(encoded: bytes) -> tuple[str, str]:
    """The name of an entry's body, and its words if it is a text; what was taken back reads as a message without words.

    Raises MalformedFrame.
    """
    entry = _entry(encoded)
    name = entry.WhichOneof("body") or ""
    if name in _PLACEHOLDERS:
        return "message", ""
    is_text = name == "message" and entry.message.WhichOneof("kind") == "text"
    return name, entry.message.text.text if is_text else ""


def content_json(content: bytes) -> JsonObject:
    """A content's bytes in the canonical JSON of protobuf."""
    return _object(content_pb2.Content.FromString(content))


def read_content(value: Any, conversation_id: str, limit_bytes: int) -> SendMessage:
    """A message out of a content in JSON, checked as one that came by a connection.

    Raises InvalidField, ContentTooLarge.
    """
    content = content_pb2.Content()
    read_json(value, content, "content")
    encoded = content.SerializeToString()
    if len(encoded) > limit_bytes:
        raise ContentTooLarge(size_bytes=len(encoded), limit_bytes=limit_bytes)
    kind = check_content(content, conversation_id)
    return SendMessage(kind, encoded, content.HasField("mention") and content.mention.all)


def rewrite_words(content: bytes, rewrite: Callable[[str], str]) -> bytes:
    """The content with every text that people read replaced by what `rewrite` makes of it; whatever that raises is raised.

    When nothing changes the same bytes come back.
    """
    parsed = content_pb2.Content.FromString(content)
    is_changed = False
    for part, field in _places(parsed):
        before = getattr(part, field)
        after = rewrite(before) if before else before
        if after != before:
            setattr(part, field, after)
            is_changed = True
    return parsed.SerializeToString() if is_changed else content


def _places(content: content_pb2.Content) -> Iterator[tuple[Any, str]]:
    kind = content.WhichOneof("kind")
    for field in _WORDS.get(kind or "", ()):
        yield getattr(content, kind or ""), field
    if content.HasField("quote"):
        yield content.quote, "preview"
    if content.HasField("forward"):
        yield content.forward, "preview"


def _entry(encoded: bytes) -> entry_pb2.Entry:
    try:
        return entry_pb2.Entry.FromString(encoded)
    except DecodeError as error:
        raise MalformedFrame(reason="not an entry") from error


def _object(message: Any) -> JsonObject:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)
