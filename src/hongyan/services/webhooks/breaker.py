"""Lets somebody who fails alone for a while: time, not a flood of attempts, tells whether he is back."""

from hongyan.ports.clock import Clock

_FAILURES = 5
_FIRST_MS = 5_000
_LONGEST_MS = 300_000


class Breaker:
    """Closed, calls go; after five failures in a row open, and none goes until `open_until_ms`; then one may try.

    If that one fails too, it is open for twice as long, up to five minutes.
    """

    def __init__(self, clock: Clock, first_ms: int = _FIRST_MS) -> None:
        self._clock, self._first_ms = clock, first_ms
        self._failures = 0
        self._pause_ms = 0
        self.open_until_ms = 0

    @property
    def is_trying(self) -> bool:
        """Whether it has been open and nobody has answered since: one call at a time."""
        return self._pause_ms > 0

    def is_open(self) -> bool:
        """Whether no call may go now."""
        return self._clock() < self.open_until_ms

    def note(self, *, answered: bool) -> None:
        """What became of a call."""
        if answered:
            self._failures = self._pause_ms = self.open_until_ms = 0
            return
        self._failures += 1
        if self._failures >= _FAILURES:
            self._pause_ms = min(_LONGEST_MS, 2 * self._pause_ms or self._first_ms)
            self.open_until_ms = self._clock() + self._pause_ms
