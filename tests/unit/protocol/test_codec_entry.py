import pytest

from hongyan.model.codes import MalformedFrame
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Amended, AnyBody, EditNotice, Entry, GroupCreated, MemberLeft, Message, Reaction
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_entry import decode_entry, encode_entry, open_message, seen_until
from hongyan.protocol.varint import bytes_field
from hongyan.protocol.wire import entry_pb2


def entry(body: AnyBody, *, message_id: int = 9, client_msg_id: str = "c-1", countable: int = 3) -> Entry:
    return Entry(
        ConversationId("s:a:b"),
        7,
        MessageId(message_id),
        UserId("a"),
        ClientMsgId(client_msg_id),
        1_790_000_000_000,
        countable,
        body,
    )


def test_content_is_passed_on_byte_for_byte_even_when_it_is_none() -> None:
    encoded = encode_entry(entry(Message(1, b"no content at all")))

    assert encoded.endswith(bytes_field(b"\x42", b"no content at all"))


@pytest.mark.parametrize("odd", [{"message_id": 0}, {"client_msg_id": ""}, {"countable": 0}], ids=str)
def test_what_is_zero_or_empty_is_left_out_as_the_official_encoder_does(odd: dict[str, int]) -> None:
    written = entry(Message(1, b"\x0a\x03\x0a\x01x"), **odd)  # type: ignore[arg-type]  # one argument at a time

    encoded = encode_entry(written)

    assert entry_pb2.Entry.FromString(encoded).SerializeToString() == encoded
    assert decode_entry(encoded) == written


@pytest.mark.parametrize("body", [MemberLeft(), GroupCreated("", ())], ids=lambda body: type(body).__name__)
def test_a_body_without_fields_is_still_there(body: AnyBody) -> None:
    assert decode_entry(encode_entry(entry(body))).body == body


@pytest.mark.parametrize("body", [EditNotice(3), EditNotice(3, 1, text_content("new"))], ids=repr)
def test_an_edit_tells_its_words_or_that_they_are_outdated(body: EditNotice) -> None:
    assert decode_entry(encode_entry(entry(body))).body == body


AMENDED = Amended(1, b"no content at all", 4, 1_000, (Reaction("a", (UserId("b"),)),), 5)


@pytest.mark.parametrize("body", [Message(1, b"no content at all"), AMENDED], ids=lambda body: type(body).__name__)
def test_a_message_is_opened_without_a_look_into_its_content(body: Message) -> None:
    assert open_message(encode_entry(entry(body)), kind=1) == body


def test_what_is_no_message_is_not_opened_as_one() -> None:
    assert open_message(encode_entry(entry(MemberLeft()))) is None
    with pytest.raises(MalformedFrame, match="not an entry"):
        open_message(b"\xff\xff")


def test_bytes_that_are_no_entry_are_refused() -> None:
    with pytest.raises(MalformedFrame, match="not an entry"):
        decode_entry(b"\xff\xff")


def test_an_entry_without_its_place_is_refused() -> None:
    with pytest.raises(MalformedFrame, match="place"):
        decode_entry(entry_pb2.Entry(conversation_id="s:a:b").SerializeToString())


def test_a_body_of_newer_software_holds_its_place_as_a_message_that_cannot_be_shown() -> None:
    head = entry_pb2.Entry(conversation_id="s:a:b", seq=7).SerializeToString()
    newer = decode_entry(head + bytes_field(b"\xfa\x3e", b"a poll"))

    assert (newer.seq, newer.body) == (7, Message(0, b""))


def test_a_message_of_a_newer_kind_keeps_its_bytes_under_kind_zero() -> None:
    newer = bytes_field(b"\x7a", b"hologram")

    assert decode_entry(encode_entry(entry(Message(15, newer)))).body == Message(0, newer)


def test_what_was_said_of_a_message_later_is_not_seen_by_one_who_saw_nothing_after() -> None:
    said = Message(1, text_content("as it was"))
    amended = Amended(1, text_content("as it is"), 7, 5_000, (), 7)
    as_it_was, as_it_is = (encode_entry(entry(body)) for body in (said, amended))
    assert seen_until(as_it_was, 3) == as_it_was
    assert seen_until(as_it_is, 7) == as_it_is
    assert decode_entry(seen_until(as_it_is, 6)) == entry(Message(0, b""))
    with pytest.raises(MalformedFrame):
        seen_until(b"\xff", 1)
