"""Mutated packets through every decoder: only coded errors come out, and nothing grows.

In CI a million packets go through each of a server's decoders and a tenth of it through the others, elsewhere a
twentieth of that. FUZZ_PACKETS sets the number, FUZZ_SEED the seed.
"""

import json
import os
import random
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hongyan.model.errors import CallerFault
from hongyan.protocol.client import CLIENT_LIMITS
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER, decode_entry
from hongyan.protocol.codec_content import parse_content
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.frames import ClientFrame, Limits, Push, Refused
from hongyan.protocol.framing import HEADER_BYTES, PacketSplitter, frame_packet

VECTORS = Path(__file__).parents[2] / "proto/vectors"
PACKETS = int(os.environ.get("FUZZ_PACKETS", "1000000" if os.environ.get("CI") else "50000"))
SEED = int(os.environ.get("FUZZ_SEED", "20260923"))
LIMITS = Limits(packet_bytes=4_096, frames_per_packet=16, content_bytes=2_048, inflated_bytes=16_384)
GROWTH_BYTES = 32 << 20

pytestmark = pytest.mark.timeout(300)  # a million packets take longer than a test's ten seconds


def corpus(side: str, *, text: bool) -> list[bytes]:
    """What the golden vectors of one side say, the refused ones of clients among them."""
    names = ("client", "refused") if side == "client" else ("server",)
    vectors = [vector for name in names for vector in json.loads((VECTORS / f"{name}.json").read_text())]
    if not text:
        return [bytes.fromhex(vector["hex"]) for vector in vectors if vector.get("hex")]
    return [
        vector["text"].encode() if "text" in vector else json.dumps(vector["json"], ensure_ascii=False).encode()
        for vector in vectors
        if "text" in vector or "json" in vector
    ]


class Mutations:
    """An endless stream of damaged packets, cheap to make: the decoder is what has to be busy."""

    def __init__(self, seeds: list[bytes], seed: int) -> None:
        self._random = random.Random(seed)
        self._seeds = [packet for packet in seeds if packet]
        self._edge = [
            b"\x00",
            b"\xff",
            b"\x80",
            b"\x7f",
            b"\xff\xff\xff\xff\x0f",
            b"\x0a\x00",
            b'"',
            b"{",
            b"]",
            b"\\ud8",
        ]

    def take(self, count: int) -> Iterator[bytes]:
        """So many packets."""
        # What keeps the length comes more often: it gets past the framing, to what lies behind.
        kinds = [*[self._flipped] * 4, *[self._edged] * 3, self._cut, self._spliced, self._repeated]
        draw, seeds = self._random.random, self._seeds
        for _ in range(count):
            packet = seeds[int(draw() * len(seeds))]
            for _ in range(1 + int(draw() * 1.5)):
                packet = kinds[int(draw() * len(kinds))](packet) or b"\x0a"
            yield packet

    def _at(self, packet: bytes) -> int:
        return int(self._random.random() * len(packet))

    def _flipped(self, packet: bytes) -> bytes:
        at = self._at(packet)
        return packet[:at] + bytes((packet[at] ^ (1 << int(self._random.random() * 8)),)) + packet[at + 1 :]

    def _cut(self, packet: bytes) -> bytes:
        return packet[: self._at(packet)]

    def _spliced(self, packet: bytes) -> bytes:
        other = self._seeds[int(self._random.random() * len(self._seeds))]
        return packet[: self._at(packet)] + other[self._at(other) :]

    def _edged(self, packet: bytes) -> bytes:
        at = self._at(packet)
        return packet[:at] + self._edge[int(self._random.random() * len(self._edge))] + packet[at + 1 :]

    def _repeated(self, packet: bytes) -> bytes:
        start = self._at(packet)
        return packet[:start] + packet[start:] * 2


def resident_bytes() -> int:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def run(decode: Callable[[bytes], object], seeds: list[bytes], count: int) -> tuple[int, int]:
    """Feeds the decoder; returns how many packets it took and how many it refused. Anything but a coded refusal is raised.

    The first tenth warms up what is rightly kept (caches, arenas); after it memory may not grow.
    """
    mutations, taken, refused = Mutations(seeds, SEED), 0, 0
    before = 0
    for phase in (max(1, count // 10), count - count // 10):
        for packet in mutations.take(phase):
            try:
                decode(packet)
                taken += 1
            except CallerFault:
                refused += 1
            except Exception as error:
                raise AssertionError(f"{error!r} for the packet {packet.hex()}") from error
        before = before or resident_bytes()
    assert resident_bytes() - before < GROWTH_BYTES
    return taken, refused


def serve_proto(packet: bytes) -> None:
    check(PROTO_SERVER.decode(packet, LIMITS))


def serve_json(packet: bytes) -> None:
    check(JSON_SERVER.decode(packet, LIMITS))


def check(frames: list[ClientFrame]) -> None:
    """What a server does with what it got: it tells the errors, and keeps the contents."""
    for frame in frames:
        if isinstance(frame.command, Refused):
            str(frame.command.error).encode()


def follow_proto(packet: bytes) -> None:
    for frame in PROTO_CLIENT.decode(packet, CLIENT_LIMITS):
        if isinstance(frame.event, Push):
            for encoded in frame.event.entries:
                decode_entry(encoded)


def split(packet: bytes) -> None:
    """A stream of three framed packets, damaged, in pieces of 7 bytes."""
    splitter = PacketSplitter(LIMITS.packet_bytes)
    for start in range(0, len(packet), 7):
        for found in splitter.feed(packet[start : start + 7]):
            assert len(found) <= LIMITS.packet_bytes
        assert splitter.held_bytes() < LIMITS.packet_bytes + HEADER_BYTES


STREAMS = [frame_packet(packet) * 3 for packet in corpus("client", text=False) if len(packet) < 200]
CONTENTS = [
    bytes(encoded)
    for packet in corpus("client", text=False)[:30]
    for encoded in (packet[packet.find(b"\x22") + 2 :],)
    if b"\x22" in packet
]


@pytest.mark.parametrize(
    ("decode", "seeds", "count"),
    [
        pytest.param(serve_proto, corpus("client", text=False), PACKETS, id="server-proto"),
        pytest.param(follow_proto, corpus("server", text=False), PACKETS // 10, id="client-proto"),
        pytest.param(serve_json, corpus("client", text=True), PACKETS, id="server-json"),
        pytest.param(
            lambda packet: JSON_CLIENT.decode(packet, CLIENT_LIMITS), corpus("server", text=True), PACKETS // 10,
            id="client-json",
        ),
        pytest.param(split, STREAMS, PACKETS // 10, id="tcp"),
        pytest.param(parse_content, CONTENTS, PACKETS // 10, id="content"),
    ],
)  # fmt: skip
def test_damaged_packets_are_taken_or_refused_with_a_code_and_nothing_grows(
    decode: Callable[[bytes], object], seeds: list[bytes], count: int
) -> None:
    taken, refused = run(decode, seeds, count)

    # Both happen often: else the mutations would be too weak, or too strong, to reach what lies behind the first check.
    assert taken > count // 50
    assert refused > count // 50


@pytest.mark.parametrize("size", [0, 1, 2, 100, 4_096])
def test_noise_is_refused_with_a_code(size: int) -> None:
    noise = random.Random(SEED)
    for _ in range(200):
        for decode in (serve_proto, serve_json, follow_proto, split):
            try:
                decode(noise.randbytes(size))
            except CallerFault as error:
                str(error).encode()
