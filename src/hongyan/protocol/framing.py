"""Packets on a byte stream: 4 bytes of length, the highest first, then as many bytes."""

from collections.abc import Iterator

from hongyan.model.codes import PacketTooLarge

HEADER_BYTES = 4


def frame_packet(packet: bytes) -> bytes:
    """A packet with its length before it."""
    return len(packet).to_bytes(HEADER_BYTES, "big") + packet


class PacketSplitter:
    """Cuts a stream into packets. Holds one incomplete packet at most, so never more than the limit and a header."""

    __slots__ = ("_held", "_limit_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that these bytes complete. The next bytes may come only when all of these were taken.

        Raises PacketTooLarge at a header that announces more than the limit; then the stream is lost.
        """
        start = 0
        while start < len(data):
            if not self._held:
                end = self._whole_packet_end(data, start)
                if end:
                    yield data[start + HEADER_BYTES : end]
                    start = end
                    continue
            missing = self._missing_bytes()
            self._held += data[start : start + missing]
            start += missing
            if len(self._held) >= HEADER_BYTES and not self._missing_bytes():
                packet = bytes(self._held[HEADER_BYTES:])
                self._held.clear()
                yield packet

    def held_bytes(self) -> int:
        """How much of an incomplete packet is held."""
        return len(self._held)

    def _whole_packet_end(self, data: bytes, start: int) -> int:
        """Where the packet that starts here ends; 0 when it is not all here."""
        body = start + HEADER_BYTES
        if body > len(data):
            return 0
        end = body + self._check_size(data[start:body])
        return end if end <= len(data) else 0

    def _missing_bytes(self) -> int:
        """How many bytes the header, and after it the packet, still wants."""
        held = len(self._held)
        if held < HEADER_BYTES:
            return HEADER_BYTES - held
        return HEADER_BYTES + self._check_size(self._held[:HEADER_BYTES]) - held

    def _check_size(self, header: bytes | bytearray) -> int:
        size = int.from_bytes(header, "big")
        if size > self._limit_bytes:
            raise PacketTooLarge(size_bytes=size, limit_bytes=self._limit_bytes)
        return size
