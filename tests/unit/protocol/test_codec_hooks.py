"""What integrators are told and what they may change."""

import pytest

from hongyan.model.codes import ContentTooLarge, InvalidField, MalformedFrame
from hongyan.model.commands import SendMessage
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import AnyBody, Entry, MemberLeft, Message, Recalled, RecallNotice
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import build_content, parse_content, text_content
from hongyan.protocol.codec_hooks import body_of, content_json, entry_json, read_content, rewrite_words
from hongyan.protocol.content import Blob, Card, ContentView, Custom, File, Image, Location, Reference, Text

HERE = ConversationId("s:a:b")


def encoded(body: AnyBody) -> bytes:
    return encode_entry(Entry(HERE, 7, MessageId(1 << 60), UserId("a"), ClientMsgId("m"), 5, 3, body))


def shout(text: str) -> str:
    return text.upper()


def test_an_entry_is_told_in_canonical_json_with_large_numbers_as_text() -> None:
    assert entry_json(encoded(Message(1, text_content("hello 你好")))) == {
        "conversation_id": "s:a:b",
        "seq": "7",
        "message_id": str(1 << 60),
        "sender_id": "a",
        "client_msg_id": "m",
        "time_ms": "5",
        "countable": "3",
        "message": {"text": {"text": "hello 你好"}},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (Message(1, text_content("/weather 北京")), ("message", "/weather 北京")),
        (Message(2, build_content(ContentView(Image(Blob("b", "image/png", 1))))), ("message", "")),
        (Recalled(UserId("a")), ("message", "")),
        (RecallNotice(3), ("recall", "")),
        (MemberLeft(), ("member_left", "")),
    ],
)
def test_a_body_is_told_by_its_name_and_a_text_by_its_words(body: AnyBody, expected: tuple[str, str]) -> None:
    assert body_of(encoded(body)) == expected


def test_what_is_no_entry_is_named_as_such() -> None:
    for read in (entry_json, body_of):
        with pytest.raises(MalformedFrame):
            read(b"\xff\xff")


def test_a_content_goes_to_json_and_back() -> None:
    content = text_content("hello", ["bob"], mention_all=True)
    assert read_content(content_json(content), HERE, 1_000) == SendMessage(1, content, mention_all=True)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], InvalidField),
        ({}, InvalidField),
        ({"text": {"text": ""}}, InvalidField),
        ({"text": {"text": 5}}, InvalidField),
        ({"words": "x"}, InvalidField),
        ({"text": {"text": "x" * 2_000}}, ContentTooLarge),
    ],
)
def test_what_no_connection_could_send_an_integrator_cannot_either(value: object, error: type[HongyanError]) -> None:
    with pytest.raises(error):
        read_content(value, HERE, 1_000)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Text("say"), Text("SAY")),
        (File(Blob("b", "text/plain", 1), "name"), File(Blob("b", "text/plain", 1), "NAME")),
        (Location(1.0, 2.0, "place", "street"), Location(1.0, 2.0, "PLACE", "STREET")),
        (Card(user_id="bob", name="bob"), Card(user_id="bob", name="BOB")),
        (Custom("t/x", b"payload", "fallback"), Custom("t/x", b"payload", "FALLBACK")),
    ],
)
def test_every_text_that_people_read_is_rewritten_and_nothing_else(before: object, after: object) -> None:
    quote = Reference("a", preview="before")
    changed = rewrite_words(build_content(ContentView(before, quote=quote)), shout)  # type: ignore[arg-type]  # any kind
    assert parse_content(changed) == ContentView(after, quote=Reference("a", preview="BEFORE"))  # type: ignore[arg-type]  # as above


def test_when_nothing_changes_the_same_bytes_come_back() -> None:
    content = text_content("x" * 300)
    assert rewrite_words(content, str) is content
