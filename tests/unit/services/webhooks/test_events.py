"""What events are called, and which texts are commands."""

import json

import pytest

from hongyan.protocol.wire import entry_pb2
from hongyan.services.webhooks.events import Invocation, event_body, invocation_in, is_type, type_of


def test_every_body_of_the_contract_is_an_event_of_a_type_of_its_own() -> None:
    names = [field.name for field in entry_pb2.Entry.DESCRIPTOR.oneofs_by_name["body"].fields]
    types = [type_of(name) for name in names if name not in {"recalled", "deleted"}]
    assert len(set(types)) == len(types)
    assert all(is_type(found) for found in types)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/weather", Invocation("weather", "", "")),
        ("/weather  New York ", Invocation("weather", "", "New York")),
        ("/天气 北京", Invocation("天气", "", "北京")),
        ("/weather@sky-bot two\nlines", Invocation("weather", "sky-bot", "two\nlines")),
        ("weather", None),
        (" /weather", None),
        ("/", None),
        ("//weather", None),
        ("/home/alice", None),
        ("/weather@", None),
        ("/" + "w" * 33, None),
        ("", None),
    ],
)
def test_a_command_is_a_text_that_begins_with_a_slash_and_a_name(text: str, expected: Invocation | None) -> None:
    assert invocation_in(text) == expected


@pytest.mark.parametrize("text", ["", "message", "Message.sent", "message.", ".sent", "message.sent.twice", "a b.c"])
def test_what_is_no_type_is_told_from_types(text: str) -> None:
    assert not is_type(text)


def test_a_body_says_type_time_and_data() -> None:
    body = json.loads(event_body("message.sent", 1_700_000_000_123, {"x": "你好"}))
    assert body == {"type": "message.sent", "timestamp": "2023-11-14T22:13:20.123Z", "data": {"x": "你好"}}
