import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from hongyan.app.overload import Level, Measure, Overload, Pace, Passing
from hongyan.model.codes import Overloaded

STEPS = (100, 200, 400, 800)


class World:
    """Two measures that are set by hand."""

    def __init__(self) -> None:
        self.lag_ms = self.latency_ms = 0.0
        self.overload = Overload(
            [Measure("lag", lambda: self.lag_ms, STEPS), Measure("latency", lambda: self.latency_ms, STEPS)]
        )

    def look(self, times: int) -> Level:
        for _ in range(times):
            self.overload.look()
        return self.overload.level


def test_one_long_turn_is_no_overload_and_two_samples_are() -> None:
    world = World()
    world.lag_ms = 5_000
    assert world.look(1) is Level.CALM
    world.lag_ms = 0
    assert world.look(1) is Level.CALM
    world.lag_ms = 250
    assert world.look(2) is Level.PRESENCE_STOPPED


def test_the_worst_measure_decides_and_each_level_has_its_step() -> None:
    world = World()
    for value_ms, level in ((100, 1), (200, 2), (400, 3), (800, 4)):
        world.latency_ms, world.lag_ms = value_ms, 10
        assert world.look(2) == level
    assert list(Level) == [0, 1, 2, 3, 4]


def test_it_falls_a_level_at_a_time_and_only_well_below_the_step() -> None:
    world = World()
    world.lag_ms = 400
    world.look(2)
    world.lag_ms = 300
    assert world.look(50) is Level.SYNCS_SLOWED
    world.lag_ms = 0
    assert world.look(7) is Level.SYNCS_SLOWED
    assert world.look(1) is Level.PRESENCE_STOPPED
    assert world.look(16) is Level.CALM
    assert world.look(50) is Level.CALM


def test_every_change_is_a_line_and_nothing_else_is(logged: list[MutableMapping[str, Any]]) -> None:
    world = World()
    world.latency_ms = 850
    world.look(20)
    world.latency_ms = 0
    world.look(100)
    assert [(line["before"], line["level"]) for line in logged] == [
        ("calm", "sends_refused"),
        ("sends_refused", "syncs_slowed"),
        ("syncs_slowed", "presence_stopped"),
        ("presence_stopped", "signals_dropped"),
        ("signals_dropped", "calm"),
    ]
    assert (logged[0]["measure"], logged[0]["value_ms"], logged[0]["log_level"]) == ("latency", 850, "warning")


class Queue:
    """What begins and is done, and a clock."""

    def __init__(self) -> None:
        self.begun = self.done = 0
        self.now_s = 100.0
        self.passing = Passing(lambda: self.begun, lambda: self.done, lambda: self.now_s)

    def after(self, seconds: float) -> float:
        self.now_s += seconds
        return self.passing.read_ms()


def test_what_is_done_between_two_readings_takes_no_time() -> None:
    queue = Queue()
    for _ in range(10):
        queue.begun += 100
        assert queue.after(0.25) == 0
        queue.done = queue.begun


def test_a_queue_that_goes_on_is_as_late_as_its_oldest() -> None:
    queue = Queue()
    for _ in range(10):
        queue.begun += 100
        assert queue.after(0.25) <= 500
        queue.done = queue.begun - 100


def test_what_is_not_done_takes_longer_and_longer() -> None:
    queue = Queue()
    queue.begun = 10
    assert [queue.after(0.25) for _ in range(4)] == [0, 0, 500, 750]
    queue.begun, queue.done = 50, 10
    assert queue.after(0.25) == 1_000
    assert queue.after(0.25) == 0


def test_what_was_given_up_is_not_waited_for() -> None:
    queue = Queue()
    queue.begun = 10
    queue.after(0.25)
    queue.begun = 0
    queue.after(10)
    assert [queue.after(10) for _ in range(2)] == [0, 0]


async def test_who_syncs_while_the_server_is_slow_comes_one_after_the_other_or_later() -> None:
    is_slow = False
    pace = Pace(1_000, lambda: is_slow, patience_s=0.01)
    await asyncio.gather(*(pace.passed() for _ in range(1_000)))
    is_slow = True
    begun_s = asyncio.get_running_loop().time()
    results = await asyncio.gather(*(pace.passed() for _ in range(1_000)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Overloaded)]
    assert 500 < len(refused) < 990
    assert all(error.retry_after_ms >= 10 for error in refused)
    assert asyncio.get_running_loop().time() - begun_s >= 0.009


async def test_the_first_waits_for_nobody() -> None:
    pace = Pace(0.001, lambda: True)
    await pace.passed()
    with pytest.raises(Overloaded):
        await pace.passed()
