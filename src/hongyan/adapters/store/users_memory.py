"""Accounts and sessions in memory: the fake of tests, held to the same suite as the SQL adapter."""

from collections.abc import Sequence

import msgspec

from hongyan.model.codes import TooManyDevices
from hongyan.model.ids import UserId
from hongyan.ports.people import PrivacyRow, ProfileRow
from hongyan.ports.users import SessionLimits, SessionRow, UserRow, giving_way


class MemoryUserStore:
    """Implements `ports.users.UserStore`."""

    def __init__(self) -> None:
        self.users: dict[UserId, UserRow] = {}
        self.profiles: dict[UserId, ProfileRow] = {}
        self.privacies: dict[UserId, PrivacyRow] = {}
        self._deleted: set[UserId] = set()
        self._departing: dict[UserId, None] = {}

    async def add(self, user: UserRow) -> bool:
        """See the port."""
        return user.user_id not in self._deleted and self.users.setdefault(user.user_id, user) is user

    async def find(self, user_id: UserId) -> UserRow | None:
        """See the port."""
        return self.users.get(user_id)

    async def set_password(self, user_id: UserId, password_hash: str, replacing: str = "") -> bool:
        """See the port."""
        user = self.users.get(user_id)
        if user is None or (replacing and user.password_hash != replacing):
            return False
        self.users[user_id] = msgspec.structs.replace(user, password_hash=password_hash)
        return True

    async def existing(self, user_ids: Sequence[UserId]) -> frozenset[UserId]:
        """See the port."""
        return frozenset(user_id for user_id in user_ids if user_id in self.users)

    async def page(self, after: str, limit: int) -> Sequence[UserRow]:
        """See the port."""
        return [self.users[user_id] for user_id in sorted(self.users) if user_id > after][:limit]

    async def delete(self, user_id: UserId, now_ms: int) -> bool:
        """See the port."""
        if self.users.pop(user_id, None) is None:
            return False
        self.profiles.pop(user_id, None)
        self.privacies.pop(user_id, None)
        self._deleted.add(user_id)
        self._departing[user_id] = None
        return True

    async def departing(self) -> Sequence[UserId]:
        """See the port."""
        return list(self._departing)

    async def departed(self, user_id: UserId) -> None:
        """See the port."""
        self._departing.pop(user_id, None)


class MemorySessionStore:
    """Implements `ports.users.SessionStore`."""

    def __init__(self) -> None:
        self._sessions: dict[str, SessionRow] = {}

    async def open(self, session: SessionRow, limits: SessionLimits) -> Sequence[SessionRow]:
        """See the port."""
        unrevoked = [row for row in self._sessions.values() if row.user_id == session.user_id and not row.revoked_ms]
        ended = giving_way(sorted(unrevoked, key=lambda row: (row.created_ms, row.session_id)), session, limits)
        if len(unrevoked) - len(ended) >= limits.devices:
            raise TooManyDevices(limit=limits.devices)
        await self.revoke([row.session_id for row in ended], session.created_ms)
        self._sessions[session.session_id] = session
        return ended

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
