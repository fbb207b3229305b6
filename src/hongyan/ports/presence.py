"""Who is there: leases that can be rebuilt, and when somebody was there last, which cannot."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

from hongyan.model.ids import UserId

Visible = Callable[[UserId, Sequence[UserId]], Awaitable[Collection[UserId]]]
"""Whose presence, of these, the first user may see."""


class Leases(Protocol):
    """Says for a while that a gateway holds connections of users. One that is not renewed ends by itself.

    A gateway that dies takes nobody along for longer than its leases last, and an empty state fills again as leases are
    renewed.
    """

    async def hold(self, gateway: int, user_ids: Sequence[UserId], seen_ms: int, until_ms: int) -> Sequence[UserId]:
        """These users were seen at the gateway, and count as there until then: later, or sooner, than was said before.

        Returns those of them who were held by no gateway.
        """
        ...

    async def held(self, user_ids: Sequence[UserId]) -> Collection[UserId]:
        """Those of them who are there: whose lease was not told as lapsed yet."""
        ...

    async def lapsed(self, now_ms: int) -> Mapping[UserId, int]:
        """Those whose last lease has ended by now, and when they were seen last. Each is told once."""
        ...


class LastSeen(Protocol):
    """When users were there last."""

    async def write(self, seen_ms: Mapping[UserId, int]) -> None:
        """Notes it; an older time changes nothing. Raises StorageFull."""
        ...

    async def read(self, user_ids: Sequence[UserId]) -> Mapping[UserId, int]:
        """When those of them that are known were there."""
        ...
