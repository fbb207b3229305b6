"""Gathers read and delivered marks: those of a conversation become one silent record every half second."""

import asyncio
from itertools import islice

from hongyan.admission.snowflake import Snowflake
from hongyan.model.codes import NotAMember, Overloaded
from hongyan.model.commands import Mark, MovePositions
from hongyan.model.errors import HongyanError
from hongyan.model.ids import SYSTEM_USER, ClientMsgId, ConversationId, UserId, fixed_members
from hongyan.model.records import Record
from hongyan.ports.clock import Clock
from hongyan.ports.log import Log


class PositionGatherer:
    """Merges marks by maximum and appends them every `interval_s`; at most `capacity` marks wait.

    At most `records` are appended at a time, the longest gathered first, so that marks leave room in the log for messages.
    A mark that is lost with the process costs nothing: the client sees at its next sync that the server knows less.
    """

    def __init__(
        self, log: Log, clock: Clock, *, interval_s: float = 0.5, capacity: int = 100_000, records: int = 5_000
    ) -> None:
        self._log, self._clock, self._interval_s = log, clock, interval_s
        self._capacity, self._records = capacity, records
        self._gathered: dict[ConversationId, dict[UserId, Mark]] = {}
        self._count = 0
        # Marks are silent, so their ids are seen nowhere; worker 1023 keeps them apart from messages all the same.
        self._snowflake = Snowflake(worker=1023)

    def waiting(self) -> int:
        """How many marks wait."""
        return self._count

    def mark(self, conversation_id: ConversationId, mark: Mark) -> None:
        """Takes a mark in. Raises Overloaded at the capacity, NotAMember where the id says that the user is none."""
        fixed = fixed_members(conversation_id)
        if fixed and mark.user_id not in fixed:
            raise NotAMember(conversation_id=conversation_id)
        marks = self._gathered.get(conversation_id)
        before = marks.get(mark.user_id) if marks is not None else None
        if before is not None:
            read, delivered = max(before.read_seq, mark.read_seq), max(before.delivered_seq, mark.delivered_seq)
            mark = Mark(mark.user_id, read, delivered)
        elif self._count >= self._capacity:
            raise Overloaded(what="read positions", retry_after_ms=int(self._interval_s * 1000))
        else:
            self._count += 1
        if marks is None:
            marks = self._gathered[conversation_id] = {}
        marks[mark.user_id] = mark

    async def run(self) -> None:
        """Appends until cancelled, then what is left."""
        try:
            while True:
                await asyncio.sleep(self._interval_s)
                self.flush()
        finally:
            while self._gathered and self.flush():
                pass

    def flush(self) -> int:
        """Appends what was gathered; returns how many records. What the log has no room for stays for the next time."""
        now_ms, appended = self._clock(), 0
        for conversation_id in list(islice(self._gathered, self._records)):
            marks = self._gathered[conversation_id]
            command = MovePositions(tuple(marks.values()))
            stamps = (SYSTEM_USER, ClientMsgId(""), self._snowflake.next(now_ms), now_ms)
            try:
                self._log.append(Record(conversation_id, *stamps, command))
            except HongyanError:
                break
            del self._gathered[conversation_id]
            self._count -= len(marks)
            appended += 1
        return appended
