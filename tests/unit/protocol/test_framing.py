import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.model.codes import PacketTooLarge
from hongyan.protocol.framing import HEADER_BYTES, PacketSplitter, frame_packet

LIMIT_BYTES = 64


@given(st.lists(st.binary(max_size=LIMIT_BYTES), max_size=8), st.lists(st.integers(1, 90), min_size=1, max_size=40))
def test_packets_come_out_whole_however_the_stream_is_cut_and_little_is_held(
    packets: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(frame_packet, packets))
    splitter, at = PacketSplitter(LIMIT_BYTES), 0
    found: list[bytes] = []
    while at < len(stream):
        size = cuts[at % len(cuts)]
        found += splitter.feed(stream[at : at + size])
        assert splitter.held_bytes() < LIMIT_BYTES + HEADER_BYTES
        at += size
    assert found == packets
    assert splitter.held_bytes() == 0


def test_a_packet_over_the_limit_is_refused_at_its_header() -> None:
    splitter = PacketSplitter(LIMIT_BYTES)

    with pytest.raises(PacketTooLarge) as caught:
        list(splitter.feed((LIMIT_BYTES + 1).to_bytes(4, "big")))

    assert caught.value.fields == {"size_bytes": 65, "limit_bytes": 64}
    assert splitter.held_bytes() <= HEADER_BYTES


def test_a_header_in_pieces_is_refused_as_well() -> None:
    splitter = PacketSplitter(LIMIT_BYTES)

    assert list(splitter.feed(b"\xff\xff\xff")) == []
    with pytest.raises(PacketTooLarge):
        list(splitter.feed(b"\xff"))


def test_the_packets_before_one_that_is_too_large_still_come() -> None:
    packets = PacketSplitter(LIMIT_BYTES).feed(frame_packet(b"first") + b"\xff\xff\xff\xff")

    assert next(packets) == b"first"
    with pytest.raises(PacketTooLarge):
        next(packets)


def test_an_empty_packet_is_a_packet() -> None:
    assert list(PacketSplitter(LIMIT_BYTES).feed(frame_packet(b"") * 2)) == [b"", b""]
