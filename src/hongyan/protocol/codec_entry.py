"""An entry as the bytes that everybody gets: encoded once, by the delivery that numbered it."""

import struct
from functools import lru_cache
from typing import Any

from google.protobuf.message import DecodeError

from hongyan.model.codes import MalformedFrame
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Amended, AnyBody, EditNotice, Entry, Message, Reaction
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_body import read_body, read_content, write_body
from hongyan.protocol.varint import bytes_field, number_field, text_field, varint
from hongyan.protocol.wire import entry_pb2

_message_id_field = struct.Struct("<BQ").pack


def encode_entry(entry: Entry) -> bytes:
    """The bytes of an entry, equal to those of the official encoder. A message's content is not looked into."""
    body = entry.body
    if type(body) is not Message or not entry.client_msg_id or not entry.message_id:
        return _encode_officially(entry)
    # The hot path, by hand: less than half the time of the official encoder, which would parse and copy the content.
    client_msg_id, content = entry.client_msg_id.encode(), body.content
    return b"".join(
        (
            conversation_field(entry.conversation_id),
            _seq_field(entry.seq),
            _message_id_field(0x19, entry.message_id),
            _sender_field(entry.sender_id),
            b"\x2a",
            varint(len(client_msg_id)),
            client_msg_id,
            _time_field(entry.time_ms),
            _countable_field(entry.countable),
            b"\x42",
            varint(len(content)),
            content,
        )
    )


# Each is kept for a while: the next entries name the same conversation, sender, moment and nearly the same numbers.


@lru_cache(maxsize=16_384)
def conversation_field(conversation_id: ConversationId) -> bytes:
    """A conversation's id as field 1."""
    return text_field(b"\x0a", conversation_id)


@lru_cache(maxsize=16_384)
def _seq_field(seq: int) -> bytes:
    return number_field(b"\x10", seq)


@lru_cache(maxsize=16_384)
def _sender_field(sender_id: UserId) -> bytes:
    return text_field(b"\x22", sender_id)


@lru_cache(maxsize=256)
def _time_field(time_ms: int) -> bytes:
    return number_field(b"\x30", time_ms)


@lru_cache(maxsize=16_384)
def _countable_field(countable: int) -> bytes:
    return number_field(b"\x38", countable)


def _encode_officially(entry: Entry) -> bytes:
    head = entry_pb2.Entry(
        conversation_id=entry.conversation_id,
        seq=entry.seq,
        message_id=entry.message_id,
        sender_id=entry.sender_id,
        client_msg_id=entry.client_msg_id,
        time_ms=entry.time_ms,
        countable=entry.countable,
    )
    body = entry.body
    if isinstance(body, EditNotice):
        return head.SerializeToString() + bytes_field(b"\xb2\x01", _encode_edit(body))
    if not isinstance(body, Message):
        write_body(head, body)
        return head.SerializeToString()
    encoded = head.SerializeToString() + b"\x42" + varint(len(body.content)) + body.content
    return encoded + _encode_amendment(body) if isinstance(body, Amended) else encoded


def _encode_edit(edit: EditNotice) -> bytes:
    seq = number_field(b"\x08", edit.seq)
    return seq + bytes_field(b"\x12", edit.content) if edit.kind or edit.content else seq


def _encode_amendment(body: Amended) -> bytes:
    amendment = entry_pb2.Amendment(edit_seq=body.edit_seq, edited_ms=body.edited_ms, amended_seq=body.amended_seq)
    for reaction in body.reactions:
        amendment.reactions.add(emoji=reaction.emoji, user_ids=reaction.user_ids)
    return bytes_field(b"\x7a", amendment.SerializeToString())


def decode_entry(data: bytes) -> Entry:
    """An entry out of its bytes. Raises MalformedFrame when they are none.

    A body of a newer server reads as a message of kind 0 without content: it holds its place, and cannot be shown.
    """
    try:
        entry = entry_pb2.Entry.FromString(data)
    except DecodeError as error:
        raise MalformedFrame(reason="not an entry") from error
    if not entry.conversation_id or not entry.seq:
        raise MalformedFrame(reason="an entry without its place")
    name = entry.WhichOneof("body")
    return Entry(
        ConversationId(entry.conversation_id),
        entry.seq,
        MessageId(entry.message_id),
        UserId(entry.sender_id),
        ClientMsgId(entry.client_msg_id),
        entry.time_ms,
        entry.countable,
        _read_body(entry, name) if name is not None else Message(0, b""),
    )


def _read_body(entry: entry_pb2.Entry, name: str) -> AnyBody:
    if name != "message" or not entry.HasField("amendment"):
        return read_body(entry, name)
    return _amended(*read_content(entry.message), entry.amendment)


def _amended(kind: int, content: bytes, amendment: Any) -> Amended:
    reactions = tuple(Reaction(each.emoji, tuple(map(UserId, each.user_ids))) for each in amendment.reactions)
    return Amended(kind, content, amendment.edit_seq, amendment.edited_ms, reactions, amendment.amended_seq)


def open_message(data: bytes, kind: int = 0) -> Message | None:
    """The message in an entry's bytes, None where it holds something else. Its content is not looked into.

    So nobody who changes what lies beside the content changes the content; its kind has to be known from elsewhere.
    Raises MalformedFrame.
    """
    try:
        entry = opaque.Entry.FromString(data)
    except DecodeError as error:
        raise MalformedFrame(reason="not an entry") from error
    if entry.WhichOneof("body") != "message":
        return None
    return (
        _amended(kind, entry.message, entry.amendment) if entry.HasField("amendment") else Message(kind, entry.message)
    )


def seen_until(data: bytes, seq: int) -> bytes:
    """An entry's bytes for one who saw nothing after `seq`.

    A message that was edited or reacted to since only holds its place: what it said before is kept nowhere, and what it
    says now is not his to see. Raises MalformedFrame.
    """
    try:
        entry = opaque.Entry.FromString(data)
    except DecodeError as error:
        raise MalformedFrame(reason="not an entry") from error
    if not entry.HasField("amendment") or entry.amendment.amended_seq <= seq:
        return data
    entry.ClearField("message")
    entry.ClearField("amendment")
    return bytes(entry.SerializeToString())
