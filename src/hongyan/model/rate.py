"""Token buckets: how often somebody may do something. Pure: who asks says what time it is."""

from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

from hongyan.model.codes import RateLimited

K = TypeVar("K", bound=Hashable)
BUCKETS = 100_000
"""As many are kept before it is worth a look which of them are full again."""


class Rate(msgspec.Struct, frozen=True):
    """So many a second on the long run, and `burst` at once after a pause. `what` names them in the refusal."""

    what: str
    per_s: float
    burst: int


class Buckets(Generic[K]):
    """A bucket a key, kept as the generic cell rate algorithm does: one number, the time at which all that was taken is paid.

    A key that has paid says nothing and is forgotten in time; so who asks once costs nothing for long.
    """

    __slots__ = ("_bound", "_cost_ms", "_paid_ms", "_window_ms", "rate")

    def __init__(self, rate: Rate, bound: int = BUCKETS) -> None:
        self.rate = rate
        self._cost_ms = 1_000 / rate.per_s
        self._window_ms = rate.burst * self._cost_ms
        self._bound = bound
        self._paid_ms: dict[K, float] = {}

    def __len__(self) -> int:
        return len(self._paid_ms)

    def spend(self, key: K, now_ms: int) -> None:
        """Takes a token. Raises RateLimited with the time after which there is one: then none was taken."""
        wait_ms = self.take(key, now_ms)
        if wait_ms:
            raise RateLimited(what=self.rate.what, retry_after_ms=wait_ms)

    def take(self, key: K, now_ms: int) -> int:
        """As `spend`, but returns the time to wait, 0 when a token was taken."""
        paid_ms = self._paid_ms.get(key, 0.0)
        # Above the window only where the clock was set back: begin anew.
        if paid_ms < now_ms or paid_ms > now_ms + self._window_ms + 1:
            paid_ms = now_ms
        paid_ms += self._cost_ms
        wait_ms = paid_ms - now_ms - self._window_ms
        if wait_ms > 1e-3:  # less is what adding fractions leaves over
            return int(wait_ms) + 1
        self._paid_ms[key] = paid_ms
        if len(self._paid_ms) > self._bound:
            self._forget_full(now_ms)
        return 0

    def _forget_full(self, now_ms: int) -> None:
        for key in [key for key, paid_ms in self._paid_ms.items() if paid_ms <= now_ms]:
            del self._paid_ms[key]
        # Were all of them busy, each newcomer would be a look at all.
        self._bound = max(BUCKETS, 2 * len(self._paid_ms))
