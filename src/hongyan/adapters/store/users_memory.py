"""Accounts and sessions in memory: the fake of tests, held to the same suite as the SQL adapter."""

from collections.abc import Sequence

import msgspec

from hongyan.model.codes import TooManyDevices
from hongyan.model.ids import UserId
from hongyan.ports.users import SessionRow, UserRow


class MemoryUserStore:
    """Implements `ports.users.UserStore`."""

    def __init__(self) -> None:
        self._users: dict[UserId, UserRow] = {}

    async def add(self, user: UserRow) -> bool:
        """See the port."""
        return self._users.setdefault(user.user_id, user) is user

    async def find(self, user_id: UserId) -> UserRow | None:
        """See the port."""
        return self._users.get(user_id)

    async def set_password(self, user_id: UserId, password_hash: str, replacing: str = "") -> bool:
        """See the port."""
        user = self._users.get(user_id)
        if user is None or (replacing and user.password_hash != replacing):
            return False
        self._users[user_id] = msgspec.structs.replace(user, password_hash=password_hash)
        return True

    async def existing(self, user_ids: Sequence[UserId]) -> frozenset[UserId]:
        """See the port."""
        return frozenset(user_id for user_id in user_ids if user_id in self._users)

    async def page(self, after: str, limit: int) -> Sequence[UserRow]:
        """See the port."""
        return [self._users[user_id] for user_id in sorted(self._users) if user_id > after][:limit]


class MemorySessionStore:
    """Implements `ports.users.SessionStore`."""

    def __init__(self) -> None:
        self._sessions: dict[str, SessionRow] = {}

    async def open(self, session: SessionRow, limit: int) -> Sequence[str]:
        """See the port."""
        unrevoked = [row for row in self._sessions.values() if row.user_id == session.user_id and not row.revoked_ms]
        ended = [row for row in unrevoked if _gives_way(row, session)]
        if len(unrevoked) - len(ended) >= limit:
            raise TooManyDevices(limit=limit)
        await self.revoke([row.session_id for row in ended], session.created_ms)
        self._sessions[session.session_id] = session
        return [row.session_id for row in ended]

    async def session(self, session_id: str) -> SessionRow | None:
        """See the port."""
        return self._sessions.get(session_id)

    async def rotate(self, session_id: str, generation: int, now_ms: int, expires_ms: int) -> bool:
        """See the port."""
        row = self._sessions.get(session_id)
        if row is None or row.revoked_ms or row.expires_ms <= now_ms or row.generation != generation:
            return False
        self._sessions[session_id] = msgspec.structs.replace(
            row, generation=generation + 1, refreshed_ms=now_ms, expires_ms=expires_ms
        )
        return True

    async def revoke(self, session_ids: Sequence[str], now_ms: int) -> None:
        """See the port."""
        for session_id in session_ids:
            row = self._sessions.get(session_id)
            if row is not None and not row.revoked_ms:
                self._sessions[session_id] = msgspec.structs.replace(row, revoked_ms=now_ms)

    async def living(self, user_id: UserId, now_ms: int) -> Sequence[SessionRow]:
        """See the port."""
        mine = [row for row in self._sessions.values() if row.user_id == user_id and not row.revoked_ms]
        return sorted((row for row in mine if row.expires_ms > now_ms), key=lambda row: row.device_id)

    async def revoked_since(self, since_ms: int) -> Sequence[tuple[str, int]]:
        """See the port."""
        revoked = [row for row in self._sessions.values() if row.revoked_ms and row.revoked_ms >= since_ms]
        return [(row.session_id, row.revoked_ms) for row in sorted(revoked, key=lambda row: row.revoked_ms)]

    async def forget(self, before_ms: int) -> int:
        """See the port."""
        gone = [row for row in self._sessions.values() if 0 < row.revoked_ms < before_ms or row.expires_ms < before_ms]
        for row in gone:
            del self._sessions[row.session_id]
        return len(gone)


def _gives_way(row: SessionRow, to: SessionRow) -> bool:
    return row.device_id == to.device_id or row.expires_ms <= to.created_ms
