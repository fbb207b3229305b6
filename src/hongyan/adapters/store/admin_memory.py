"""Keys, bots, words and reports in memory: the fake of tests, held to the same suite as the SQL adapter."""

from collections.abc import Sequence

import msgspec

from hongyan.model.ids import UserId
from hongyan.ports.admin import BotRow, KeyRow, ReportRow, WordRow


class MemoryAdminStore:
    """Implements the ports of `ports.admin`."""

    def __init__(self) -> None:
        self._keys: dict[str, KeyRow] = {}
        self._bots: dict[UserId, BotRow] = {}
        self._words: list[WordRow] = []
        self._reports: dict[int, ReportRow] = {}

    async def add_key(self, key: KeyRow) -> None:
        """See the port."""
        self._keys[key.key_id] = key

    async def key(self, key_id: str) -> KeyRow | None:
        """See the port."""
        return self._keys.get(key_id)

    async def keys(self) -> Sequence[KeyRow]:
        """See the port."""
        return sorted(self._keys.values(), key=lambda key: (key.created_ms, key.key_id))

    async def revoke_key(self, key_id: str, now_ms: int) -> bool:
        """See the port."""
        key = self._keys.get(key_id)
        if key is not None and not key.revoked_ms:
            self._keys[key_id] = msgspec.structs.replace(key, revoked_ms=now_ms)
        return key is not None

    async def put_bot(self, bot: BotRow) -> None:
        """See the port."""
        self._bots[bot.bot_id] = bot

    async def remove_bot(self, bot_id: UserId) -> bool:
        """See the port."""
        return self._bots.pop(bot_id, None) is not None

    async def bots(self) -> Sequence[BotRow]:
        """See the port."""
        return [self._bots[bot_id] for bot_id in sorted(self._bots)]

    async def words(self) -> Sequence[WordRow]:
        """See the port."""
        return sorted(self._words, key=lambda row: row.word)

    async def set_words(self, words: Sequence[WordRow]) -> None:
        """See the port."""
        self._words = list(words)

    async def add_report(self, report: ReportRow) -> ReportRow:
        """See the port."""
        for before in self._reports.values():
            if _target(before) == _target(report):
                return before
        added = msgspec.structs.replace(report, report_id=len(self._reports) + 1)
        self._reports[added.report_id] = added
        return added

    async def report(self, report_id: int) -> ReportRow | None:
        """See the port."""
        return self._reports.get(report_id)

    async def reports(self, after: int, limit: int, *, is_open: bool) -> Sequence[ReportRow]:
        """See the port."""
        found = (self._reports[report_id] for report_id in sorted(self._reports) if report_id > after)
        return [report for report in found if (report.resolved_ms == 0) is is_open][:limit]

    async def resolve_report(self, report_id: int, resolution: str, now_ms: int) -> bool:
        """See the port."""
        report = self._reports.get(report_id)
        if report is None or report.resolved_ms:
            return False
        self._reports[report_id] = msgspec.structs.replace(report, resolution=resolution, resolved_ms=now_ms)
        return True


def _target(report: ReportRow) -> tuple[str, str, str, int]:
    return report.reporter_id, report.user_id, report.conversation_id, report.seq
