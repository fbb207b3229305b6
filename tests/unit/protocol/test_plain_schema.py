"""The schemas of plain JSON allow what is written and what is taken, and refuse what is refused."""

from typing import Any

import jsonschema_rs
import pytest

from hongyan.model.errors import HongyanError
from hongyan.protocol import frames
from hongyan.protocol.codec_entry import encode_entry
from hongyan.protocol.plain import entry_value, read_command
from hongyan.protocol.plain_schema import answered, asked
from tests.unit.protocol.test_plain import ENTRY

BLOB = {"blob_id": "b1", "media_type": "image/png", "size_bytes": 9}
ORIGIN = {"sender_id": "alice", "conversation_id": "g:club", "seq": 3, "message_id": "77"}


def validator(schemas: dict[str, Any], name: str) -> Any:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    return jsonschema_rs.validator_for(schema)


TAKEN: list[dict[str, Any]] = [
    {"text": {"text": "hi"}},
    {"text": {"text": "hi"}, "mention": {"user_ids": ["bob"], "all": True}},
    {"text": {"text": "hi"}, "forward": ORIGIN},
    {"image": {"blob": BLOB, "width_px": 3, "thumbnail": "AAEC"}},
    {"voice": {"blob": BLOB}},
    {"video": {"blob": BLOB, "duration_ms": 5}},
    {"file": {"blob": BLOB, "name": "a.txt"}},
    {"location": {"latitude_deg": -90, "longitude_deg": 180.0}},
    {"card": {"user_id": "bob"}},
    {"custom": {"type": "x/y", "payload": "AA==", "fallback": "…"}},
]
REFUSED: list[dict[str, Any]] = [
    {},
    {"mention": {"user_ids": ["bob"]}},
    {"text": {}},
    {"text": {"text": ""}},
    {"text": {"text": "hi"}, "card": {"user_id": "bob"}},
    {"text": {"text": "hi"}, "nonsense": 1},
    {"text": {"text": "hi"}, "mention": {"user_ids": []}},
    {"text": {"text": "hi"}, "forward": {"sender_id": "no spaces"}},
    {"image": {"blob": {**BLOB, "size_bytes": 0}}},
    {"image": {"blob": BLOB, "thumbnail": "not base64!"}},
    {"file": {"blob": BLOB, "name": " "}},
    {"location": {"latitude_deg": 91}},
    {"card": {"user_id": "bob", "group_id": "club"}},
    {"custom": {"type": ""}},
]


def is_taken(content: dict[str, Any]) -> bool:
    try:
        named = {"conversation_id": "g:club", "client_msg_id": "m1", "message": content}
        read_command("submit", named, frames.Limits())
    except HongyanError:
        return False
    return True


@pytest.mark.parametrize("content", TAKEN, ids=str)
def test_what_the_schema_allows_is_taken(content: dict[str, Any]) -> None:
    assert validator(asked("Content"), "ContentInput").is_valid(content)
    assert is_taken(content)


@pytest.mark.parametrize("content", REFUSED, ids=str)
def test_what_the_schema_refuses_is_refused(content: dict[str, Any]) -> None:
    assert not validator(asked("Content"), "ContentInput").is_valid(content)
    assert not is_taken(content)


def test_an_entry_is_what_its_schema_says() -> None:
    found = validator(answered("Entry"), "Entry")
    value = entry_value(encode_entry(ENTRY))
    assert found.is_valid(value)
    for name in ("seq", "message_id", "countable"):
        assert not found.is_valid({**value, name: None})
        assert not found.is_valid({key: item for key, item in value.items() if key != name})


def test_a_page_brings_the_schemas_of_all_in_it() -> None:
    assert {"EntryPage", "Entry", "Content", "Text", "Recalled"} <= answered("EntryPage").keys()
    with pytest.raises(KeyError):
        answered("Nonsense")
