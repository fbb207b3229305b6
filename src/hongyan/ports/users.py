"""Where accounts and sessions are kept."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hongyan.model.ids import DeviceId, UserId


class UserRow(msgspec.Struct, frozen=True):
    """An account. `password_hash` is argon2's own text."""

    user_id: UserId
    password_hash: str
    created_ms: int


class SessionRow(msgspec.Struct, frozen=True):
    """A device that logged in. `generation` counts its refreshes; `nonce`, random, makes its refresh tokens its own.

    `revoked_ms` is 0 while the session lives. A user has at most one living session a device.
    """

    session_id: str
    user_id: UserId
    device_id: DeviceId
    device_name: str
    created_ms: int
    refreshed_ms: int
    expires_ms: int
    generation: int
    nonce: bytes
    revoked_ms: int = 0


class UserStore(Protocol):
    """Accounts. What a call returned from is durable. Every method may raise Overloaded or StorageFull."""

    async def add(self, user: UserRow) -> bool:
        """Adds an account; False, and nothing changes, when the id is taken."""
        ...

    async def find(self, user_id: UserId) -> UserRow | None:
        """The account of that id."""
        ...

    async def set_password(self, user_id: UserId, password_hash: str, replacing: str = "") -> bool:
        """Replaces the hash, with `replacing` only this one; False when there is no such account or hash."""
        ...

    async def existing(self, user_ids: Sequence[UserId]) -> frozenset[UserId]:
        """Those that exist, of any number of ids."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[UserRow]:
        """Accounts above an id, ascending by it."""
        ...


class SessionStore(Protocol):
    """Sessions. What a call returned from is durable. Every method may raise Overloaded or StorageFull."""

    async def open(self, session: SessionRow, limit: int) -> Sequence[str]:
        """Adds a session in place of the device's earlier one; returns the ids of the sessions this ended.

        Raises TooManyDevices when the user then had more than `limit` devices; expired sessions do not count.
        """
        ...

    async def session(self, session_id: str) -> SessionRow | None:
        """The session of that id, living or ended."""
        ...

    async def rotate(self, session_id: str, generation: int, now_ms: int, expires_ms: int) -> bool:
        """Moves a living session from `generation` to the next; False when it is not at it. One caller wins."""
        ...

    async def revoke(self, session_ids: Sequence[str], now_ms: int) -> None:
        """Ends sessions; those that ended before keep their time."""
        ...

    async def living(self, user_id: UserId, now_ms: int) -> Sequence[SessionRow]:
        """The user's sessions that neither ended nor expired, ascending by device."""
        ...

    async def revoked_since(self, since_ms: int) -> Sequence[tuple[str, int]]:
        """Ids and times of sessions that ended at or after a time, ascending by it."""
        ...

    async def forget(self, before_ms: int) -> int:
        """Removes sessions that ended or expired before a time; returns how many."""
        ...
