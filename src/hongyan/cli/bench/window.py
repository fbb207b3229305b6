"""What counts: from the moments that clients noted to figures of the measured window."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from hongyan.cli.bench.plan import Plan
from hongyan.cli.bench.schedule import NS_PER_S

SERIES_STEP_NS = NS_PER_S // 4


class Window(msgspec.Struct, frozen=True):
    """Load runs from `start_ns` to `stop_ns`; what was meant to be sent, or arrived, from `measure_ns` on counts."""

    start_ns: int
    measure_ns: int
    stop_ns: int

    @classmethod
    def of(cls, plan: Plan, start_ns: int) -> "Window":
        """A plan's window when it starts at this moment of the monotonic clock."""
        measure_ns = start_ns + round(plan.warmup_s * NS_PER_S)
        return cls(start_ns, measure_ns, measure_ns + round(plan.seconds * NS_PER_S))

    def __contains__(self, at_ns: int) -> bool:
        return self.measure_ns <= at_ns < self.stop_ns

    def count(self, moments: Iterable[int]) -> int:
        """How many moments lie in the window."""
        low, high = self.measure_ns, self.stop_ns
        return sum(1 for at in moments if low <= at < high)


class Series:
    """How much happened in each quarter of a second since the start, warm-up included."""

    def __init__(self, window: Window) -> None:
        self._start_ns = window.start_ns
        self._sent: Counter[int] = Counter()
        self._delivered: Counter[int] = Counter()

    def add_sent(self, moments: Iterable[int]) -> None:
        """Sends at these moments."""
        start = self._start_ns
        self._sent.update((at - start) // SERIES_STEP_NS for at in moments)

    def add_delivered(self, moments: Iterable[int], each: int = 1) -> None:
        """Deliveries of `each` entries at these moments."""
        start = self._start_ns
        steps = Counter((at - start) // SERIES_STEP_NS for at in moments)
        for step, count in steps.items():
            self._delivered[step] += count * each

    def rows(self) -> list[tuple[float, int, int]]:
        """(second since the start, sends, deliveries) a step, without gaps."""
        last = max([*self._sent, *self._delivered], default=-1)
        step_s = SERIES_STEP_NS / NS_PER_S
        return [(step * step_s, self._sent[step], self._delivered[step]) for step in range(last + 1)]
