"""When an open-loop generator means to send: decided before the run, so a slow server cannot slow the questions."""

import math

NS_PER_S = 1_000_000_000


class Schedule:
    """Evenly spaced sends from `start_ns` on: the k-th is meant for `start_ns + k / rate`, without drift."""

    def __init__(self, rate_per_s: float, start_ns: int, stop_ns: int) -> None:
        self._period_ns = NS_PER_S / rate_per_s
        self._start_ns = start_ns
        self._next = 0
        self.count = max(0, math.ceil((stop_ns - start_ns) / self._period_ns))
        """How many sends there are in all."""

    def intended_ns(self, k: int) -> int:
        """The time that the k-th send is meant for."""
        return self._start_ns + round(k * self._period_ns)

    def due(self, now_ns: int) -> range:
        """The sends whose time has come and that were not handed out yet; each is handed out once."""
        elapsed = now_ns - self._start_ns
        reached = min(self.count, math.floor(elapsed / self._period_ns) + 1) if elapsed >= 0 else 0
        first, self._next = self._next, max(self._next, reached)
        return range(first, self._next)

    @property
    def is_over(self) -> bool:
        """Whether all were handed out."""
        return self._next >= self.count
