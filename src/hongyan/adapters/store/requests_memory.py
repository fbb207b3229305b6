"""Friend requests in memory."""

from collections.abc import Sequence

from msgspec.structs import replace

from hongyan.model.ids import UserId
from hongyan.ports.relations import RequestPage, RequestRow, RequestState


class MemoryRequestStore:
    """Implements `ports.relations.RequestStore`."""

    def __init__(self) -> None:
        self._requests: dict[str, RequestRow] = {}

    async def ask(self, request: RequestRow) -> RequestRow:
        """See the port."""
        before = await self.pending_between(request.from_user_id, request.to_user_id, request.created_ms)
        if before is not None:
            request = replace(before, note=request.note, source=request.source, expires_ms=request.expires_ms)
        self._requests[request.request_id] = request
        return request

    async def request(self, request_id: str) -> RequestRow | None:
        """See the port."""
        return self._requests.get(request_id)

    async def pending_between(self, from_user_id: UserId, to_user_id: UserId, now_ms: int) -> RequestRow | None:
        """See the port."""
        self._expire(now_ms)
        pair = (from_user_id, to_user_id)
        found = (row for row in self._pending() if (row.from_user_id, row.to_user_id) == pair)
        return next(found, None)

    async def move(self, request_id: str, before: RequestState, after: RequestState, now_ms: int) -> bool:
        """See the port."""
        self._expire(now_ms)
        row = self._requests.get(request_id)
        if row is None or row.state != before:
            return False
        self._requests[request_id] = replace(row, state=int(after), answered_ms=now_ms)
        return True

    async def page(self, asked: RequestPage, now_ms: int) -> Sequence[RequestRow]:
        """See the port."""
        self._expire(now_ms)
        rows = [
            row
            for row in self._requests.values()
            if asked.user_id == (row.to_user_id if asked.incoming else row.from_user_id)
            and (row.created_ms, row.request_id) < (asked.before_ms, asked.before_id)
            and (row.state == RequestState.PENDING or not asked.pending_only)
        ]
        return sorted(rows, key=lambda row: (row.created_ms, row.request_id), reverse=True)[: asked.limit]

    async def open_counts(self, from_user_id: UserId, to_user_id: UserId, now_ms: int) -> tuple[int, int]:
        """See the port."""
        self._expire(now_ms)
        pending = self._pending()
        return (
            sum(row.from_user_id == from_user_id for row in pending),
            sum(row.to_user_id == to_user_id for row in pending),
        )

    async def accepted(self) -> Sequence[RequestRow]:
        """See the port."""
        rows = [row for row in self._requests.values() if row.state == RequestState.ACCEPTED]
        return sorted(rows, key=lambda row: row.request_id)

    async def forget(self, before_ms: int, of_user_id: UserId | None = None) -> int:
        """See the port."""
        if of_user_id is None:
            waiting = (RequestState.PENDING, RequestState.ACCEPTED)
            gone = [row for row in self._requests.values() if row.state not in waiting and row.created_ms < before_ms]
        else:
            gone = [row for row in self._requests.values() if of_user_id in (row.from_user_id, row.to_user_id)]
        for row in gone:
            del self._requests[row.request_id]
        return len(gone)

    def _pending(self) -> list[RequestRow]:
        return [row for row in self._requests.values() if row.state == RequestState.PENDING]

    def _expire(self, now_ms: int) -> None:
        for row in self._pending():
            if row.expires_ms <= now_ms:
                expired = replace(row, state=int(RequestState.EXPIRED), answered_ms=row.expires_ms)
                self._requests[row.request_id] = expired
