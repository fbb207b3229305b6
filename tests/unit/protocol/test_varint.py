from hypothesis import given
from hypothesis import strategies as st

from hongyan.protocol.varint import bytes_field, number_field, text_field, varint
from hongyan.protocol.wire import entry_pb2


@given(st.integers(0, 2**64 - 1))
def test_numbers_are_written_as_the_official_encoder_writes_them(number: int) -> None:
    assert number_field(b"\x10", number) == entry_pb2.Entry(seq=number).SerializeToString()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_written_as_the_official_encoder_writes_it(text: str) -> None:
    assert text_field(b"\x0a", text) == entry_pb2.Entry(conversation_id=text).SerializeToString()


def test_zero_and_nothing_are_left_out_but_an_empty_message_is_written() -> None:
    assert number_field(b"\x10", 0) == b""
    assert text_field(b"\x0a", "") == b""
    assert bytes_field(b"\x42", b"") == entry_pb2.Entry(message={}).SerializeToString()


def test_a_number_takes_a_byte_more_for_each_seven_bits() -> None:
    assert [len(varint(1 << bits)) for bits in (6, 7, 13, 14, 63)] == [1, 2, 2, 3, 10]
