"""The contract's messages as plain JSON: what is written is what its schema says, and what is read is checked as ever."""

import json

import pytest

from hongyan.model.codes import InvalidField
from hongyan.model.commands import CreateGroup, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message
from hongyan.protocol import frames
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_entry import encode_entry
from hongyan.protocol.plain import entry_value, event_value, read_body, read_command

LIMITS = frames.Limits()
ENTRY = Entry(
    ConversationId("s:alice:bob"),
    1,
    MessageId(2**62 + 1),
    UserId("alice"),
    ClientMsgId("m1"),
    1_700_000_000_000,
    1,
    Message(1, text_content("你好", ["bob"])),
)


def test_ids_of_64_bits_are_strings_and_other_numbers_are_numbers() -> None:
    assert entry_value(encode_entry(ENTRY)) == {
        "conversation_id": "s:alice:bob",
        "seq": 1,
        "message_id": str(2**62 + 1),
        "sender_id": "alice",
        "client_msg_id": "m1",
        "time_ms": 1_700_000_000_000,
        "countable": 1,
        "message": {"text": {"text": "你好"}, "mention": {"user_ids": ["bob"], "all": False}},
    }


def test_what_cannot_be_absent_is_there_though_it_is_empty() -> None:
    page = event_value(frames.EntryPage(ConversationId("g:club"), (encode_entry(ENTRY),)))
    assert (page["more"], page["too_long_restart_seq"], len(page["entries"])) == (False, 0, 1)
    head = frames.ConversationHead(ConversationId("g:club"), 0, 0, 0, 0, 0, 1)
    assert "preview" not in event_value(frames.SyncPage((head,)))["conversations"][0]


def test_a_command_is_read_as_on_a_connection() -> None:
    asked = {"conversation_id": "s:alice:bob", "client_msg_id": "m1", "message": {"text": {"text": "hi"}}}
    submit = read_command("submit", asked, LIMITS)
    assert isinstance(submit, frames.Submit)
    assert submit.command == SendMessage(1, text_content("hi"))
    made = read_command("submit", {"client_msg_id": "m1", "create_group": {"name": "x", "member_ids": ["bob"]}}, LIMITS)
    assert isinstance(made, frames.Submit)
    assert made.command == CreateGroup("x", (UserId("bob"),), 0)


def test_what_a_message_says_can_be_sent_again() -> None:
    """What is read may be written: a bot echoes what it got."""
    said = entry_value(encode_entry(ENTRY))["message"]
    asked = {"conversation_id": "s:alice:bob", "client_msg_id": "m2", "message": json.loads(json.dumps(said))}
    submit = read_command("submit", asked, LIMITS)
    assert isinstance(submit, frames.Submit)
    assert submit.command == SendMessage(1, text_content("你好", ["bob"]))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"a": NaN}', b'{"a":1,"a":2}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidField, match="body is not valid"):
        read_body(body)


@pytest.mark.parametrize("body", [b'{"a": null}', b'{"a": {"b": [1, {"c": null}]}}', b'{"a": [null]}'])
def test_null_is_no_value(body: bytes) -> None:
    with pytest.raises(InvalidField, match="null is no value"):
        read_body(body)


def test_what_has_to_be_there_is_named_when_it_is_not() -> None:
    assert read_body(b'{"a": 0}', ["a"]) == {"a": 0}
    with pytest.raises(InvalidField, match="b is not valid: it is missing"):
        read_body(b'{"a": 0}', ["a", "b"])


def test_a_wrong_command_raises_its_own_error() -> None:
    with pytest.raises(InvalidField, match=r"mark\.read_seq|conversation_id"):
        read_command("mark", {"conversation_id": "x"}, LIMITS)
    with pytest.raises(InvalidField, match="nonsense is not valid: there is no such field"):
        read_command("sync", {"nonsense": 1}, LIMITS)
