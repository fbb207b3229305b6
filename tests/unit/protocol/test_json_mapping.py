from typing import Any

import pytest

from hongyan.model.codes import InvalidField
from hongyan.protocol.json_mapping import read_json
from hongyan.protocol.wire import frame_pb2


def read(value: Any, *, strict: bool = True) -> frame_pb2.ClientFrame:
    frame = frame_pb2.ClientFrame()
    read_json(value, frame, "", strict=strict)
    return frame


def image(**fields: Any) -> dict[str, Any]:
    return {"submit": {"message": {"image": fields}}}


def place(latitude: Any) -> dict[str, Any]:
    return {"submit": {"message": {"location": {"latitude_deg": latitude}}}}


REFUSED: list[tuple[str, Any]] = [
    ("", []),
    ("color", {"color": 1}),
    ("submit.color", {"submit": {"color": 1}}),
    ("submit", {"submit": []}),
    ("submit.message.text", {"submit": {"message": {"text": "hello"}}}),
    ("submit.message.text.text", {"submit": {"message": {"text": {"text": 5}}}}),
    ("submit.resend", {"submit": {"resend": "true"}}),
    ("submit.resend", {"submit": {"resend": 1}}),
    ("id", {"id": True}),
    ("id", {"id": 1.0}),
    ("id", {"id": -1}),
    ("id", {"id": 2**32}),
    ("id", {"id": "0x1"}),
    ("id", {"id": "١"}),
    ("mark.read_seq", {"mark": {"read_seq": 2**53 + 1}}),
    ("mark.read_seq", {"mark": {"read_seq": str(2**64)}}),
    ("get_positions.user_ids", {"get_positions": {"user_ids": "a"}}),
    ("get_positions.user_ids[1]", {"get_positions": {"user_ids": ["a", 1]}}),
    ("get_positions.user_ids[0]", {"get_positions": {"user_ids": [None]}}),
    ("submit.message.image.thumbnail", image(thumbnail="***")),
    ("submit.message.image.thumbnail", image(thumbnail="ab")),
    ("submit.message.image.thumbnail", image(thumbnail="é")),
    ("submit.message.image.width_px", image(width_px=[1])),
    ("submit.message.location.latitude_deg", place("NaN")),
    ("submit.message.location.latitude_deg", place(float("inf"))),
    ("submit.message.location.latitude_deg", place(True)),
    ("sync", {"ping": {}, "sync": {}}),
    ("submit.clientMsgId", {"submit": {"client_msg_id": "a", "clientMsgId": "a"}}),
]


@pytest.mark.parametrize(("field", "value"), REFUSED, ids=[f"{n}-{row[0]}" for n, row in enumerate(REFUSED)])
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidField) as caught:
        read(value)
    assert caught.value.fields["field"] == field


def test_numbers_of_64_bits_may_be_strings_and_small_ones_numbers() -> None:
    assert read({"mark": {"read_seq": str(2**64 - 1), "delivered_seq": 2**53}}).mark == frame_pb2.Mark(
        read_seq=2**64 - 1, delivered_seq=2**53
    )


def test_null_means_that_the_field_is_not_there() -> None:
    assert read({"id": None, "submit": None, "ping": {}}) == frame_pb2.ClientFrame(ping={})


def test_an_empty_object_is_a_message_that_is_there() -> None:
    assert read({"ping": {}}).WhichOneof("command") == "ping"


def test_a_number_without_a_fraction_is_a_coordinate_too() -> None:
    assert read(place(45)).submit.message.location.latitude_deg == 45


def test_a_client_passes_over_what_a_newer_server_says() -> None:
    assert read({"id": 1, "color": 1, "ping": {"deep": {}}}, strict=False) == frame_pb2.ClientFrame(id=1, ping={})


def test_the_name_of_an_unknown_field_is_not_repeated_at_length() -> None:
    with pytest.raises(InvalidField) as caught:
        read({"x" * 100_000: 1})
    assert len(str(caught.value)) < 200
