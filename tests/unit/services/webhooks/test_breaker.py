"""Who fails is let alone, longer every time, and tried by one call."""

from hongyan.services.webhooks.breaker import Breaker


class Time:
    """A clock that a test moves."""

    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.note(answered=False)


def test_four_failures_in_a_row_are_borne_and_five_are_not() -> None:
    breaker = Breaker(Time())
    fail(breaker, 4)
    breaker.note(answered=True)
    fail(breaker, 4)
    assert not breaker.is_open()
    fail(breaker)
    assert breaker.is_open()


def test_after_the_pause_one_call_tries_and_a_failure_doubles_the_pause_up_to_five_minutes() -> None:
    time = Time()
    breaker = Breaker(time)
    fail(breaker, 5)
    pauses = []
    for _ in range(9):
        pauses.append(breaker.open_until_ms - time.now_ms)
        time.now_ms = breaker.open_until_ms
        assert not breaker.is_open()
        assert breaker.is_trying
        fail(breaker)
    assert pauses == [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]


def test_an_answer_closes_it() -> None:
    time = Time()
    breaker = Breaker(time)
    fail(breaker, 5)
    time.now_ms = breaker.open_until_ms
    breaker.note(answered=True)
    assert not breaker.is_trying
    fail(breaker, 4)
    assert not breaker.is_open()
