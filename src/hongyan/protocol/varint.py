"""Protobuf's own framing, written by hand where joining bytes is cheaper than building messages.

See https://protobuf.dev/programming-guides/encoding/: a number is written in groups of seven bits, the lowest first.
"""

from functools import lru_cache

_ONE = tuple(bytes((number,)) for number in range(128))


@lru_cache(maxsize=16_384)
def varint(number: int) -> bytes:
    """A number from 0 to 2**64 - 1 as a varint."""
    if number < 128:
        return _ONE[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def number_field(tag: bytes, number: int) -> bytes:
    """A number behind its tag; nothing for 0, as proto3 has it."""
    return tag + varint(number) if number else b""


def bytes_field(tag: bytes, value: bytes) -> bytes:
    """Bytes, or a serialized message, behind their tag and length; written even when empty."""
    return b"%b%b%b" % (tag, varint(len(value)), value)


def text_field(tag: bytes, text: str) -> bytes:
    """Text behind its tag and length; nothing for "", as proto3 has it."""
    return bytes_field(tag, text.encode()) if text else b""
