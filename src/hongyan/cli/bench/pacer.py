"""Wakes an open loop when sends are due. The event loop's timers count milliseconds; a timerfd counts finer."""

import asyncio
import ctypes
import os
import time
from collections.abc import Callable

from hongyan.cli.bench.schedule import NS_PER_S, Schedule

FINEST_TICK_NS = 200_000

_CLOCK_MONOTONIC = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("first", _Timespec))


class Pacer:
    """Calls `fire(k, intended_ns)` for each send of a schedule, and notes how late each was."""

    def __init__(self, schedule: Schedule, rate_per_s: float, fire: Callable[[int, int], None]) -> None:
        self._schedule, self._fire = schedule, fire
        self._tick_ns = max(FINEST_TICK_NS, min(NS_PER_S // 10, int(NS_PER_S / rate_per_s)))
        self._fd = -1
        self.lags_ns: list[int] = []

    def start(self) -> None:
        """Begins to watch the schedule. Raises OSError when the system has no timer to give."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        tick = _Timespec(0, self._tick_ns)
        spec = _Itimerspec(tick, tick)
        if self._fd < 0 or libc.timerfd_settime(self._fd, 0, ctypes.byref(spec), None) != 0:
            raise OSError(ctypes.get_errno(), "no timerfd")
        asyncio.get_running_loop().add_reader(self._fd, self._on_tick)

    def stop(self) -> None:
        """Fires no more. May be called again."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _on_tick(self) -> None:
        os.read(self._fd, 8)
        now = time.monotonic_ns()
        for k in self._schedule.due(now):
            intended = self._schedule.intended_ns(k)
            self.lags_ns.append(now - intended)
            self._fire(k, intended)
        if self._schedule.is_over:
            self.stop()
