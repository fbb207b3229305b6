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

    `revoked_ms` is 0 while the session lives. A user has at most one living session a device. `platform` is phone,
    tablet, desktop or web; "": not said.
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
    platform: str = ""


class SessionLimits(msgspec.Struct, frozen=True):
    """How many devices a user may have, and how many of the platform that logs in; 0: no limit of its own."""

    devices: int
    of_platform: int = 0


def giving_way(unrevoked: Sequence[SessionRow], to: SessionRow, limits: SessionLimits) -> list[SessionRow]:
    """Which of a user's sessions end for a new one, of those not ended in ascending order of their log-ins.

    The device's own earlier one, what expired, and the oldest of the platform beyond its limit.
    """
    ended = [row for row in unrevoked if row.device_id == to.device_id or row.expires_ms <= to.created_ms]
    if limits.of_platform and to.platform:
        rivals = [row for row in unrevoked if row.platform == to.platform and row not in ended]
        ended += rivals[: max(0, len(rivals) + 1 - limits.of_platform)]
    return ended


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

    async def delete(self, user_id: UserId, now_ms: int) -> bool:
        """Ends an account, its profile and its settings; False when there is none.

        Its id is taken for ever: whoever got it anew would find the old one's conversations. From then on no other
        method finds it, until `departed` is said it is among `departing`.
        """
        ...

    async def departing(self) -> Sequence[UserId]:
        """The accounts that were deleted and have not left everything yet, in the order of their ends."""
        ...

    async def departed(self, user_id: UserId) -> None:
        """A deleted account has left everything."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[UserRow]:
        """Accounts above an id, ascending by it."""
        ...


class SessionStore(Protocol):
    """Sessions. What a call returned from is durable. Every method may raise Overloaded or StorageFull."""

    async def open(self, session: SessionRow, limits: SessionLimits) -> Sequence[SessionRow]:
        """Adds a session in place of the device's earlier one; returns the sessions that this ended, as they were.

        Where the platform has a limit, those of its devices that logged in longest ago give way. Raises TooManyDevices
        when the user then had more than `limits.devices`; expired sessions do not count.
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
