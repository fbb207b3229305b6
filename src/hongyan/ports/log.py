"""The durable log: the single source of truth for order."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from hongyan.model.errors import HongyanError
from hongyan.model.ids import ConversationId
from hongyan.model.records import Record


class LogBatch(msgspec.Struct, frozen=True):
    """Consecutive records of a partition; the record at index i has the offset `first_offset + i`."""

    partition: int
    first_offset: int
    records: Sequence[Record]

    @property
    def next_offset(self) -> int:
        """The offset after the last record."""
        return self.first_offset + len(self.records)


AppendFailed = Callable[[Sequence[Record], HongyanError], None]
"""Told of records that did not become durable, and why; called on the loop, never from within `append`."""


class Log(Protocol):
    """Partitioned by conversation. Appends of one partition become durable and readable in the order of the calls."""

    @property
    def partitions(self) -> int:
        """How many there are; fixed when the log was made."""
        ...

    def append(self, record: Record) -> None:
        """Takes a record in to be made durable with others; returns at once.

        A record is readable once it is durable, and never before. When that fails, the listener given to the adapter
        is told.
        Raises Overloaded at the bound of what waits: then nothing was taken.
        """
        ...

    async def read(self, partition: int, after: int, limit: int) -> LogBatch:
        """The durable records with offsets above `after` (-1: from the first), at most `limit`; waits for the first.

        Raises Unavailable when records above `after` were trimmed: a hole is never passed over in silence.
        """
        ...

    async def end(self, partition: int) -> int:
        """The offset that the next durable record will get."""
        ...

    async def trim(self, partition: int, below: int) -> None:
        """Lets go of records with offsets under `below`; the reader has stored all they did.

        Raises StorageFull when the disk refuses; then some of them may be there still.
        """
        ...

    def waiting(self) -> int:
        """How many records were appended and are not durable yet."""
        ...

    async def run(self) -> None:
        """Works until cancelled, then makes durable what was taken in and closes.

        Raises what makes the log unusable; after that no append is acknowledged.
        """
        ...


def partition_of(conversation_id: ConversationId, partitions: int) -> int:
    """The home of a conversation; the same on every machine and in every release (FNV-1a, 32 bits)."""
    if partitions == 1:
        return 0
    value = 2166136261
    for byte in conversation_id.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value % partitions
