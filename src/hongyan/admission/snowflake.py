"""Message ids: 63 bits that grow with time and never repeat.

41 bits of milliseconds since 2025-01-01, 10 bits of worker, 12 bits of counter, as in Twitter's Snowflake (2010).
"""

from hongyan.model.ids import MessageId

EPOCH_MS = 1_735_689_600_000
_WORKER_BITS, _COUNTER_BITS = 10, 12


class Snowflake:
    """Makes ids for one worker (0 to 1023); no two workers may share a number at a time.

    A clock that jumps back, or more than 4,096 ids in a millisecond, borrow from the future: ids go on growing. They do so after
    a restart too when `above` is an id that was given last before.
    """

    def __init__(self, worker: int, above: int = 0) -> None:
        if not 0 <= worker < 1 << _WORKER_BITS:
            raise ValueError(f"a worker is 0 to {(1 << _WORKER_BITS) - 1}, not {worker}")
        self._worker = worker << _COUNTER_BITS
        self._last = above >> (_WORKER_BITS + _COUNTER_BITS) << _COUNTER_BITS | above & ((1 << _COUNTER_BITS) - 1)

    def next(self, now_ms: int) -> MessageId:
        """An id above all given before."""
        ticks = (now_ms - EPOCH_MS) << _COUNTER_BITS
        self._last = last = ticks if ticks > self._last else self._last + 1
        milliseconds, counter = last >> _COUNTER_BITS, last & ((1 << _COUNTER_BITS) - 1)
        return MessageId(milliseconds << (_WORKER_BITS + _COUNTER_BITS) | self._worker | counter)
