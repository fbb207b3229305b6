"""Gathers read and delivered marks: those of a conversation become one silent record every half second."""

import asyncio

from hongyan.admission.snowflake import Snowflake
from hongyan.model.codes import Overloaded
from hongyan.model.commands import Mark, MovePositions
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, UserId
from hongyan.model.records import Record
from hongyan.ports.clock import Clock
from hongyan.ports.log import Log
from hongyan.telemetry import get_logger

logger = get_logger(__name__)


class PositionGatherer:
    """Merges marks by maximum and appends them every `interval_s`; at most `capacity` marks wait.

    A mark that is lost with the process costs nothing: the client sees at its next sync that the server knows less.
    """

    def __init__(self, log: Log, clock: Clock, *, interval_s: float = 0.5, capacity: int = 100_000) -> None:
        self._log, self._clock, self._interval_s, self._capacity = log, clock, interval_s, capacity
        self._gathered: dict[ConversationId, dict[UserId, Mark]] = {}
        self._count = 0
        # Marks are silent, so their ids are seen nowhere; worker 1023 keeps them apart from messages all the same.
        self._snowflake = Snowflake(worker=1023)

    def waiting(self) -> int:
        """How many marks wait."""
        return self._count

    def mark(self, conversation_id: ConversationId, mark: Mark) -> None:
        """Takes a mark in. Raises Overloaded at the capacity."""
        marks = self._gathered.setdefault(conversation_id, {})
        before = marks.get(mark.user_id)
        if before is not None:
            read, delivered = max(before.read_seq, mark.read_seq), max(before.delivered_seq, mark.delivered_seq)
            marks[mark.user_id] = Mark(mark.user_id, read, delivered)
            return
        if self._count >= self._capacity:
            raise Overloaded(what="read positions", retry_after_ms=int(self._interval_s * 1000))
        marks[mark.user_id] = mark
        self._count += 1

    async def run(self) -> None:
        """Appends until cancelled, then what is left."""
        try:
            while True:
                await asyncio.sleep(self._interval_s)
                self.flush()
        finally:
            self.flush()

    def flush(self) -> None:
        """Appends what was gathered; what the log has no room for stays for the next time."""
        gathered, self._gathered, self._count = self._gathered, {}, 0
        now_ms = self._clock()
        for conversation_id, marks in gathered.items():
            record = Record(
                conversation_id,
                SYSTEM_USER,
                ClientMsgId(""),
                self._snowflake.next(now_ms),
                now_ms,
                MovePositions(tuple(marks.values())),
            )
            try:
                self._log.append(record)
            except HongyanError:
                self._gathered[conversation_id] = marks
                self._count += len(marks)
