"""What a message says: checked once at the edge, built and read by clients; everything between passes bytes on.

Canonical content is what the official encoder makes of the known fields: two equal contents are equal bytes.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as PbMessage

from hongyan.model.codes import InvalidField, MalformedFrame
from hongyan.model.commands import MessageKind
from hongyan.model.ids import parse_conversation_id, parse_user_id
from hongyan.protocol.content import (
    AnyContent,
    Blob,
    Card,
    ContentView,
    Custom,
    File,
    Image,
    Location,
    Reference,
    Text,
    Unknown,
    Video,
    Voice,
)
from hongyan.protocol.wire import content_pb2

MAX_MENTIONS = 100
MAX_THUMBNAIL_BYTES = 4096
MAX_NAME_CHARS = 256
MAX_PREVIEW_CHARS = 512
MAX_FALLBACK_CHARS = 1024
MAX_NUMBER = 2**63 - 1
"""Ids and seqs are kept in signed columns of 64 bits."""

_BLOB_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,63}/[A-Za-z0-9!#$&^_.+-]{1,63}", re.ASCII)
_CUSTOM_TYPE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_plain_text(encoded: bytes) -> bool:
    """Whether canonical content is one text that is not empty, and nothing else, as most are; then all is checked.

    It is when the bytes are the field of number 1, of some length, and end with it.
    """
    if len(encoded) < 3 or encoded[0] != 0x0A:
        return False
    length = encoded[1]
    if length < 128:
        return len(encoded) == length + 2
    high = encoded[2]
    return high < 128 and len(encoded) == (length & 127 | high << 7) + 3


def check_content(content: content_pb2.Content, conversation_id: str) -> int:
    """The kind of a content that may be sent to a conversation. Raises InvalidField."""
    name = content.WhichOneof("kind")
    if name is None:
        raise InvalidField(field="message", reason="no kind that this server knows is set")
    kind, check = _KINDS[name]
    check(getattr(content, name))
    if content.HasField("mention"):
        _check_mention(content.mention)
    if content.HasField("quote"):
        _check_quote(content.quote, conversation_id)
    if content.HasField("forward"):
        _check_reference(content.forward, "message.forward")
    return kind


def check_name(name: str, field: str, *, required: bool = False) -> None:
    """A name people see: one line of at most 256 characters, without control characters. Raises InvalidField."""
    if len(name) > MAX_NAME_CHARS:
        raise InvalidField(field=field, reason=f"at most {MAX_NAME_CHARS} characters are allowed")
    if _CONTROL.search(name):
        raise InvalidField(field=field, reason="control characters are not allowed")
    if required and not name.strip():
        raise InvalidField(field=field, reason="it is empty")


def check_number(number: int, field: str, *, least: int = 0) -> int:
    """The number itself when it is from `least` to 2**63 - 1. Raises InvalidField."""
    if not least <= number <= MAX_NUMBER:
        raise InvalidField(field=field, reason=f"expected {least} to {MAX_NUMBER}")
    return number


def _check_blob(blob: content_pb2.Blob, field: str) -> None:
    if not _BLOB_ID.fullmatch(blob.blob_id):
        raise InvalidField(field=f"{field}.blob.blob_id", reason="1 to 128 of A-Z a-z 0-9 _ - . are allowed")
    if not _MEDIA_TYPE.fullmatch(blob.media_type):
        raise InvalidField(field=f"{field}.blob.media_type", reason="expected type/subtype")
    check_number(blob.size_bytes, f"{field}.blob.size_bytes", least=1)


def _check_thumbnail(thumbnail: bytes, field: str) -> None:
    if len(thumbnail) > MAX_THUMBNAIL_BYTES:
        raise InvalidField(field=f"{field}.thumbnail", reason=f"at most {MAX_THUMBNAIL_BYTES} bytes are allowed")


def _check_text(text: content_pb2.Text) -> None:
    if not text.text:
        raise InvalidField(field="message.text.text", reason="it is empty")


def _check_image(image: content_pb2.Image) -> None:
    _check_blob(image.blob, "message.image")
    _check_thumbnail(image.thumbnail, "message.image")


def _check_voice(voice: content_pb2.Voice) -> None:
    _check_blob(voice.blob, "message.voice")


def _check_video(video: content_pb2.Video) -> None:
    _check_blob(video.blob, "message.video")
    _check_thumbnail(video.thumbnail, "message.video")


def _check_file(file: content_pb2.File) -> None:
    _check_blob(file.blob, "message.file")
    check_name(file.name, "message.file.name", required=True)


def _check_location(location: content_pb2.Location) -> None:
    # A comparison with NaN is false, so NaN is refused here too.
    if not -90 <= location.latitude_deg <= 90:
        raise InvalidField(field="message.location.latitude_deg", reason="expected -90 to 90")
    if not -180 <= location.longitude_deg <= 180:
        raise InvalidField(field="message.location.longitude_deg", reason="expected -180 to 180")
    check_name(location.name, "message.location.name")
    check_name(location.address, "message.location.address")


def _check_card(card: content_pb2.Card) -> None:
    subject = card.WhichOneof("subject")
    if subject is None:
        raise InvalidField(field="message.card", reason="it names neither a user nor a group")
    parse_user_id(getattr(card, subject), f"message.card.{subject}")
    check_name(card.name, "message.card.name")


def _check_custom(custom: content_pb2.Custom) -> None:
    if not _CUSTOM_TYPE.fullmatch(custom.type):
        raise InvalidField(field="message.custom.type", reason="1 to 64 of A-Z a-z 0-9 _ - . : / are allowed")
    if len(custom.fallback) > MAX_FALLBACK_CHARS:
        raise InvalidField(
            field="message.custom.fallback", reason=f"at most {MAX_FALLBACK_CHARS} characters are allowed"
        )


_KINDS: dict[str, tuple[int, Callable[[Any], None]]] = {
    "text": (int(MessageKind.TEXT), _check_text),
    "image": (int(MessageKind.IMAGE), _check_image),
    "voice": (int(MessageKind.VOICE), _check_voice),
    "video": (int(MessageKind.VIDEO), _check_video),
    "file": (int(MessageKind.FILE), _check_file),
    "location": (int(MessageKind.LOCATION), _check_location),
    "card": (int(MessageKind.CARD), _check_card),
    "custom": (int(MessageKind.CUSTOM), _check_custom),
}


def _check_mention(mention: content_pb2.Mention) -> None:
    if len(mention.user_ids) > MAX_MENTIONS:
        raise InvalidField(field="message.mention.user_ids", reason=f"at most {MAX_MENTIONS} users can be mentioned")
    if not mention.user_ids and not mention.all:
        raise InvalidField(field="message.mention", reason="it calls nobody; leave it out")
    for user_id in mention.user_ids:
        parse_user_id(user_id, "message.mention.user_ids")


def _check_quote(quote: content_pb2.Reference, conversation_id: str) -> None:
    if quote.conversation_id != conversation_id:
        raise InvalidField(
            field="message.quote.conversation_id", reason="only an entry of the same conversation is quoted"
        )
    check_number(quote.seq, "message.quote.seq", least=1)
    _check_reference(quote, "message.quote")


def _check_reference(reference: content_pb2.Reference, field: str) -> None:
    if reference.conversation_id:
        parse_conversation_id(reference.conversation_id)
    check_number(reference.seq, f"{field}.seq")
    check_number(reference.message_id, f"{field}.message_id")
    parse_user_id(reference.sender_id, f"{field}.sender_id")
    if len(reference.preview) > MAX_PREVIEW_CHARS:
        raise InvalidField(field=f"{field}.preview", reason=f"at most {MAX_PREVIEW_CHARS} characters are allowed")


def text_content(
    text: str, mention_ids: Iterable[str] = (), *, mention_all: bool = False, quote: Reference | None = None
) -> bytes:
    """A text as serialized content."""
    return build_content(ContentView(Text(text), tuple(mention_ids), mention_all, quote))


def build_content(view: ContentView) -> bytes:
    """A view as serialized content, unchecked: the server says what is wrong with it. Raises KeyError for Unknown."""
    content = content_pb2.Content()
    name, write = _WRITERS[type(view.body)]
    target = getattr(content, name)
    target.SetInParent()
    target.MergeFrom(write(view.body))
    if view.mention_ids or view.mention_all:
        content.mention.user_ids.extend(view.mention_ids)
        content.mention.all = view.mention_all
    if view.quote is not None:
        content.quote.MergeFrom(_write_reference(view.quote))
    if view.forward is not None:
        content.forward.MergeFrom(_write_reference(view.forward))
    return content.SerializeToString()


def _write_reference(reference: Reference) -> content_pb2.Reference:
    return content_pb2.Reference(
        conversation_id=reference.conversation_id,
        seq=reference.seq,
        message_id=reference.message_id,
        sender_id=reference.sender_id,
        preview=reference.preview,
    )


def _write_blob(blob: Blob) -> content_pb2.Blob:
    return content_pb2.Blob(blob_id=blob.blob_id, media_type=blob.media_type, size_bytes=blob.size_bytes)


def _write_image(image: Image) -> content_pb2.Image:
    return content_pb2.Image(
        blob=_write_blob(image.blob), width_px=image.width_px, height_px=image.height_px, thumbnail=image.thumbnail
    )


def _write_video(video: Video) -> content_pb2.Video:
    return content_pb2.Video(
        blob=_write_blob(video.blob),
        width_px=video.width_px,
        height_px=video.height_px,
        duration_ms=video.duration_ms,
        thumbnail=video.thumbnail,
    )


def _write_location(place: Location) -> content_pb2.Location:
    return content_pb2.Location(
        latitude_deg=place.latitude_deg, longitude_deg=place.longitude_deg, name=place.name, address=place.address
    )


def _write_card(card: Card) -> content_pb2.Card:
    return content_pb2.Card(user_id=card.user_id or None, group_id=card.group_id or None, name=card.name)


def _write_custom(custom: Custom) -> content_pb2.Custom:
    return content_pb2.Custom(type=custom.type, payload=custom.payload, fallback=custom.fallback)


_WRITERS: dict[type, tuple[str, Callable[[Any], PbMessage]]] = {
    Text: ("text", lambda text: content_pb2.Text(text=text.text)),
    Image: ("image", _write_image),
    Voice: (
        "voice",
        lambda voice: content_pb2.Voice(blob=_write_blob(voice.blob), duration_ms=voice.duration_ms),
    ),
    Video: ("video", _write_video),
    File: ("file", lambda file: content_pb2.File(blob=_write_blob(file.blob), name=file.name)),
    Location: ("location", _write_location),
    Card: ("card", _write_card),
    Custom: ("custom", _write_custom),
}


def parse_content(encoded: bytes) -> ContentView:
    """The view of a message's content; Unknown for a kind of newer software. Raises MalformedFrame for other bytes."""
    try:
        content = content_pb2.Content.FromString(encoded)
    except DecodeError as error:
        raise MalformedFrame(reason="not a content") from error
    name = content.WhichOneof("kind")
    return ContentView(
        Unknown() if name is None else _READERS[name](getattr(content, name)),
        tuple(content.mention.user_ids),
        content.mention.all,
        _read_reference(content.quote) if content.HasField("quote") else None,
        _read_reference(content.forward) if content.HasField("forward") else None,
    )


def _read_reference(reference: content_pb2.Reference) -> Reference:
    return Reference(
        reference.sender_id, reference.conversation_id, reference.seq, reference.message_id, reference.preview
    )


def _read_blob(blob: content_pb2.Blob) -> Blob:
    return Blob(blob.blob_id, blob.media_type, blob.size_bytes)


def _read_video(video: content_pb2.Video) -> Video:
    return Video(_read_blob(video.blob), video.width_px, video.height_px, video.duration_ms, video.thumbnail)


_READERS: dict[str, Callable[[Any], AnyContent]] = {
    "text": lambda text: Text(text.text),
    "image": lambda image: Image(_read_blob(image.blob), image.width_px, image.height_px, image.thumbnail),
    "voice": lambda voice: Voice(_read_blob(voice.blob), voice.duration_ms),
    "video": _read_video,
    "file": lambda file: File(_read_blob(file.blob), file.name),
    "location": lambda place: Location(place.latitude_deg, place.longitude_deg, place.name, place.address),
    "card": lambda card: Card(card.user_id, card.group_id, card.name),
    "custom": lambda custom: Custom(custom.type, custom.payload, custom.fallback),
}
