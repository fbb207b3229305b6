"""Reports: what users say about others, and what a moderator made of it."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hongyan.model.codes import InvalidField, ReportUnknown, UserUnknown
from hongyan.model.ids import ConversationId, UserId
from hongyan.ports.admin import ReportRow, ReportStore
from hongyan.ports.clock import Clock
from hongyan.services.users.throttle import Rate, Throttle

REASONS = ("spam", "abuse", "fraud", "illegal", "sexual", "violence", "other")
_NOTE_CHARACTERS = 1_000
_RESOLUTION_CHARACTERS = 1_000
_PER_HOUR = 30

Seen = Callable[[UserId, ConversationId, int], Awaitable[bytes]]
"""An entry's bytes as a user sees them. Raises ConversationUnknown, EntryUnknown."""

Missing = Callable[[Sequence[UserId]], Awaitable[Sequence[UserId]]]
"""Those of some users who do not exist."""


class Said(msgspec.Struct, frozen=True):
    """What a user says. Either of a user, or of the entry at `seq` in a conversation; `user_id` may be said with both."""

    reason: str
    note: str = ""
    user_id: UserId = UserId("")
    conversation_id: ConversationId = ConversationId("")
    seq: int = 0


class Reports:
    """The service."""

    def __init__(self, store: ReportStore, seen: Seen, missing: Missing, clock: Clock) -> None:
        self._store, self._seen, self._missing, self._clock = store, seen, missing, clock
        self._throttle = Throttle(clock)

    async def report(self, reporter_id: UserId, said: Said) -> ReportRow:
        """Keeps what a user says, with the entry as he sees it; said twice it is one report.

        Raises InvalidField, RateLimited, UserUnknown, ConversationUnknown, EntryUnknown.
        """
        _check(said)
        self._throttle.spend(Rate("reports", _PER_HOUR, 3_600_000), reporter_id)
        if said.user_id and await self._missing([said.user_id]):
            raise UserUnknown(user_id=said.user_id)
        evidence = await self._seen(reporter_id, said.conversation_id, said.seq) if said.conversation_id else b""
        row = ReportRow(
            0,
            reporter_id,
            said.user_id,
            said.conversation_id,
            said.seq,
            said.reason,
            said.note,
            evidence,
            self._clock(),
        )
        return await self._store.add_report(row)

    async def list(self, after: int, limit: int, *, is_open: bool) -> Sequence[ReportRow]:
        """Reports above an id: those nobody decided, or those somebody did."""
        return await self._store.reports(after, limit, is_open=is_open)

    async def resolve(self, report_id: int, resolution: str) -> ReportRow:
        """Notes what was decided. Raises InvalidField, ReportUnknown."""
        if not 0 < len(resolution.strip()) <= _RESOLUTION_CHARACTERS:
            raise InvalidField(field="resolution", reason=f"expected 1 to {_RESOLUTION_CHARACTERS} characters")
        if not await self._store.resolve_report(report_id, resolution, self._clock()):
            raise ReportUnknown(report_id=str(report_id))
        row = await self._store.report(report_id)
        assert row is not None, "a report is never removed"
        return row


def _check(said: Said) -> None:
    if said.reason not in REASONS:
        raise InvalidField(field="reason", reason=f"expected one of {', '.join(REASONS)}")
    if len(said.note) > _NOTE_CHARACTERS:
        raise InvalidField(field="note", reason=f"at most {_NOTE_CHARACTERS} characters are allowed")
    if bool(said.conversation_id) != (said.seq > 0):
        raise InvalidField(field="seq", reason="an entry has a conversation and a seq")
    if not said.user_id and not said.conversation_id:
        raise InvalidField(field="user_id", reason="a report is about a user or an entry")
