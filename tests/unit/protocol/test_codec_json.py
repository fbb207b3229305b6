import base64
import gzip
import json
from typing import Any

import pytest

from hongyan.model import commands as ask
from hongyan.model.codes import (
    InflatedTooLarge,
    InvalidField,
    MalformedFrame,
    PacketTooLarge,
    TooManyFrames,
    UnknownCommand,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message, Submitted
from hongyan.protocol.client import CLIENT_LIMITS
from hongyan.protocol.codec import encode_entry
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.frames import ClientFrame, Limits, Ping, Pong, Push, Refused, ServerFrame, Submit

LIMITS = Limits(packet_bytes=600_000, frames_per_packet=10, inflated_bytes=50_000)
HERE = ConversationId("s:a:b")


def decode(text: str | bytes) -> list[ClientFrame]:
    return JSON_SERVER.decode(text.encode() if isinstance(text, str) else text, LIMITS)


def refusal(frame: dict[str, Any]) -> tuple[int, HongyanError]:
    (read,) = decode(json.dumps({"frames": [frame]}))
    assert isinstance(read.command, Refused)
    return read.id, read.command.error


def test_a_submission_written_by_hand_is_understood() -> None:
    text = """{"frames": [{"id": 3, "submit": {"conversation_id": "s:a:b", "client_msg_id": "c-1",
                                             "message": {"text": {"text": "你好 👋 \\ud83d\\udc4b"}}}}]}"""

    command = Submit(HERE, ClientMsgId("c-1"), ask.SendMessage(1, text_content("你好 👋 👋")))
    assert decode(text) == [ClientFrame(3, command)]


def test_what_a_server_says_has_names_with_underscores_and_large_numbers_as_strings() -> None:
    body = Message(1, text_content("好"))
    entry = Entry(HERE, 5, MessageId(2**62), UserId("a"), ClientMsgId("c-1"), 1_790_000_000_000, 5, body)

    pushed = json.loads(JSON_SERVER.push([encode_entry(entry)]))

    assert pushed["frames"][0]["push"]["entries"] == [
        {
            "conversation_id": "s:a:b",
            "seq": "5",
            "message_id": "4611686018427387904",
            "sender_id": "a",
            "client_msg_id": "c-1",
            "time_ms": "1790000000000",
            "countable": "5",
            "message": {"text": {"text": "好"}},
        }
    ]


def test_a_receipt_names_what_it_answers() -> None:
    submitted = Submitted(UserId("a"), ClientMsgId("c-1"), 5, MessageId(9), 17, 4, 0)

    assert json.loads(JSON_SERVER.receipt(3, HERE, submitted)) == {
        "frames": [
            {
                "reply_to": 3,
                "receipt": {
                    "conversation_id": "s:a:b",
                    "client_msg_id": "c-1",
                    "seq": "5",
                    "message_id": "9",
                    "time_ms": "17",
                    "countable": "4",
                },
            }
        ]
    }


MALFORMED: dict[str, str | bytes] = {
    "nothing": "",
    "not JSON": "hello",
    "cut short": '{"frames": [',
    "followed by more": "{} {}",
    "an array": "[]",
    "not Unicode": b'{"frames": "\xff"}',
    "UTF-16": '{"frames": []}'.encode("utf-16"),
    "half a surrogate pair": r'{"frames": [{"id": 1, "sync": {"cursor": "\ud800"}}]}',
    "half a surrogate pair as a name": r'{"frames": [{"id": 1, "sync": {"\uDFFF": 1}}]}',
    "NaN": '{"frames": [NaN]}',
    "Infinity": '{"frames": [{"id": -Infinity}]}',
    "deep arrays": "[" * 200_000,
    "deep objects": '{"a":' * 100_000,
    "a number of many digits": '{"frames": [{"id": ' + "1" * 5_000 + "}]}",
    "the same key twice": '{"frames": [], "frames": []}',
    "the same key twice, deep": '{"frames": [{"id": 1, "id": 2}]}',
    "an unknown field": '{"frames": [], "color": 1}',
    "frames that are none": '{"frames": {"id": 1}}',
    "a frame that is none": '{"frames": [1]}',
    "gzip beside frames": '{"frames": [], "gzip": ""}',
    "gzip that is no text": '{"gzip": 1}',
    "gzip that is not base64": '{"gzip": "***"}',
    "gzip that is not gzip": '{"gzip": "AAAA"}',
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_packet_is_refused(data: str | bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(data)


def test_frames_that_are_refused_do_not_spoil_their_neighbours() -> None:
    text = '{"frames": [{"id": 1, "ping": {}}, {"id": 2, "mark": {"color": 1}}, {"id": 3, "ping": {}}]}'

    first, second, third = decode(text)

    assert (first, third) == (ClientFrame(1, Ping()), ClientFrame(3, Ping()))
    assert isinstance(second.command, Refused)
    assert str(second.command.error) == "mark.color is not valid: there is no such field."


@pytest.mark.parametrize("frame", [{"id": 4}, {"id": 4, "dance": {}}, {"id": 4, "ping": None}], ids=str)
def test_a_frame_without_a_command_known_here_is_refused(frame: dict[str, Any]) -> None:
    assert refusal(frame)[0] == 4
    assert isinstance(refusal(frame)[1], UnknownCommand)


@pytest.mark.parametrize("request_id", ["x", -1, 2**32, 1.5, [], True])
def test_a_frame_whose_id_is_none_is_refused_without_one(request_id: Any) -> None:
    answered, error = refusal({"id": request_id, "ping": {}})

    assert answered == 0
    assert isinstance(error, InvalidField)


def test_sizes_and_counts_are_bounded() -> None:
    with pytest.raises(PacketTooLarge):
        decode(" " * 600_001)
    with pytest.raises(TooManyFrames):
        decode(json.dumps({"frames": [{"ping": {}}] * 11}))


def compressed(packet: bytes) -> bytes:
    return json.dumps({"gzip": base64.b64encode(gzip.compress(packet)).decode()}).encode()


def test_a_compressed_packet_is_read_and_a_bomb_is_not() -> None:
    assert decode(compressed(b'{"frames": [{"id": 1, "ping": {}}]}')) == [ClientFrame(1, Ping())]
    with pytest.raises(InflatedTooLarge):
        decode(compressed(b" " * 1_000_000))
    with pytest.raises(MalformedFrame, match="holds another"):
        decode(compressed(compressed(b"{}")))


def test_joined_packets_are_one_packet_even_when_some_are_empty() -> None:
    packets = [JSON_SERVER.encode([]), JSON_SERVER.encode([ServerFrame(1, Pong(5))]), JSON_SERVER.encode([])]

    assert JSON_CLIENT.decode(JSON_SERVER.join(packets), CLIENT_LIMITS) == [ServerFrame(1, Pong(5))]


def test_a_client_passes_over_what_a_newer_server_says() -> None:
    text = b'{"frames": [{"festival": {}}, {"reply_to": 1, "pong": {"server_time_ms": "5", "mood": "good"}}]}'

    assert JSON_CLIENT.decode(text, CLIENT_LIMITS) == [ServerFrame(1, Pong(5))]


def test_a_client_refuses_what_no_server_says() -> None:
    with pytest.raises(MalformedFrame, match=r"push\.entries is not valid"):
        JSON_CLIENT.decode(b'{"frames": [{"push": {"entries": {}}}]}', CLIENT_LIMITS)


def test_an_entry_of_a_push_comes_out_as_the_bytes_it_was() -> None:
    entry = encode_entry(
        Entry(HERE, 5, MessageId(9), UserId("a"), ClientMsgId("c"), 17, 5, Message(1, text_content("x", ["b"])))
    )

    assert JSON_CLIENT.decode(JSON_SERVER.push([entry]), CLIENT_LIMITS) == [ServerFrame(0, Push((entry,)))]
