"""How much the server is asked for, and what it stops doing first: the order of DESIGN section 11."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import IntEnum

import msgspec

from hongyan.model.codes import Overloaded
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

SAMPLE_S = 0.25
_SAMPLES_TO_RISE = 2
_SAMPLES_TO_FALL = 8
_CALM_SHARE = 0.7


class Level(IntEnum):
    """What is not done any more; each level includes those below it."""

    CALM = 0
    SIGNALS_DROPPED = 1
    PRESENCE_STOPPED = 2
    SYNCS_SLOWED = 3
    SENDS_REFUSED = 4


class Measure(msgspec.Struct, frozen=True):
    """Something that grows under load. `steps_ms` are the values from which the four levels above CALM hold."""

    name: str
    read_ms: Callable[[], float]
    steps_ms: Sequence[int]


class Overload:
    """The level, by the worst of the measures.

    It rises when two samples in a row ask for it: one long turn of the loop is no overload. It falls a level at a time, after
    two seconds in which every measure was well below the step, so that it does not swing.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures
        self._rises = self._falls = 0
        self.level = Level.CALM

    async def run(self) -> None:
        """Samples four times a second until cancelled."""
        while True:
            await asyncio.sleep(SAMPLE_S)
            self.look()

    def look(self) -> None:
        """One sample."""
        values = [(measure, measure.read_ms()) for measure in self._measures]
        asked, worst, value_ms = max(
            ((bisect_right(measure.steps_ms, value), measure.name, value) for measure, value in values),
            key=lambda found: found[0],
        )
        calm = max(bisect_right([_CALM_SHARE * step for step in measure.steps_ms], value) for measure, value in values)
        self._rises = self._rises + 1 if asked > self.level else 0
        self._falls = self._falls + 1 if calm < self.level else 0
        if self._rises >= _SAMPLES_TO_RISE:
            self._move(Level(asked), worst, value_ms)
        elif self._falls >= _SAMPLES_TO_FALL:
            self._move(Level(self.level - 1), worst, value_ms)

    def _move(self, level: Level, worst: str, value_ms: float) -> None:
        tell = logger.warning if level > self.level else logger.info
        tell(
            "overload", level=level.name.lower(), before=self.level.name.lower(), measure=worst, value_ms=int(value_ms)
        )
        self.level, self._rises, self._falls = level, 0, 0


class Passing:
    """How long it takes until what had begun at some moment is done: asked now and then, it costs nothing in between.

    `begun` and `done` count the same things. Exact to the time between two readings, and at most that too high.
    """

    def __init__(
        self, begun: Callable[[], int], done: Callable[[], int], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._begun, self._done, self._now_s = begun, done, now_s
        self._target = self._since_s = 0.0

    def read_ms(self) -> float:
        """The time since the oldest of what is not done was looked at first; 0 when all is done, or was given up."""
        now_s, begun, done = self._now_s(), self._begun(), self._done()
        took_ms = 1_000 * (now_s - self._since_s) if self._target else 0.0
        if done >= self._target or begun == done:
            self._target, self._since_s = (begun if begun > done else 0), now_s
        return took_ms if took_ms > 1_000 * SAMPLE_S * 1.5 else 0.0


class Pace:
    """Lets through so many a second while it is asked to, each after the one before; the others wait, or come again."""

    def __init__(self, per_s: float, is_slow: Callable[[], bool], *, patience_s: float = 3.0) -> None:
        self._interval_s, self._is_slow, self._patience_s = 1 / per_s, is_slow, patience_s
        self._next_s = 0.0

    async def passed(self) -> None:
        """Waits for its turn. Raises Overloaded with the time after which there is room in the queue."""
        if not self._is_slow():
            return
        now_s = asyncio.get_running_loop().time()
        wait_s = max(0.0, self._next_s - now_s)
        if wait_s > self._patience_s:
            raise Overloaded(what="syncs", retry_after_ms=int(1_000 * wait_s))
        self._next_s = now_s + wait_s + self._interval_s
        await asyncio.sleep(wait_s)
