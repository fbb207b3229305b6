"""The timer behind an open loop."""

import asyncio
import time

from hongyan.cli.bench.pacer import Pacer
from hongyan.cli.bench.schedule import NS_PER_S, Schedule


async def test_every_send_is_fired_once_with_its_intended_moment_and_never_early() -> None:
    start = time.monotonic_ns() + NS_PER_S // 100
    schedule = Schedule(2_000, start, start + NS_PER_S // 20)
    fired: list[tuple[int, int, int]] = []
    done = asyncio.Event()

    def fire(k: int, intended_ns: int) -> None:
        fired.append((k, intended_ns, time.monotonic_ns()))
        if schedule.is_over:
            done.set()

    pacer = Pacer(schedule, 2_000, fire)
    pacer.start()
    await done.wait()
    pacer.stop()
    assert [k for k, _, _ in fired] == list(range(100))
    assert [intended for _, intended, _ in fired] == [schedule.intended_ns(k) for k in range(100)]
    assert all(at >= intended for _, intended, at in fired)
    assert len(pacer.lags_ns) == 100


async def test_a_stopped_pacer_fires_no_more_and_may_be_stopped_again() -> None:
    now = time.monotonic_ns()
    pacer = Pacer(Schedule(1_000, now, now + NS_PER_S), 1_000, lambda _k, _intended: None)
    pacer.start()
    pacer.stop()
    pacer.stop()
    assert pacer.lags_ns == []
