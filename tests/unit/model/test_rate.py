import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.model.codes import RateLimited
from hongyan.model.rate import Buckets, Rate

RATE = Rate("tries", per_s=10, burst=5)


def test_a_burst_is_free_and_then_one_waits_for_the_rate() -> None:
    buckets: Buckets[str] = Buckets(RATE)
    for _ in range(5):
        buckets.spend("alice", 1_000)
    with pytest.raises(RateLimited) as refused:
        buckets.spend("alice", 1_000)
    assert refused.value.retry_after_ms == 101
    assert "tries" in str(refused.value)
    buckets.spend("alice", 1_101)
    assert buckets.take("alice", 1_101) > 0
    assert buckets.take("bob", 1_101) == 0


def test_a_refused_try_costs_nothing() -> None:
    buckets: Buckets[str] = Buckets(RATE)
    for _ in range(100):
        buckets.take("alice", 0)
    assert [buckets.take("alice", 100) for _ in range(2)] == [0, 101]


def test_a_clock_that_was_set_back_shuts_nobody_out() -> None:
    buckets: Buckets[str] = Buckets(RATE)
    for _ in range(5):
        buckets.spend("alice", 10_000_000)
    assert buckets.take("alice", 1_000) == 0


def test_those_who_have_paid_are_forgotten_when_there_are_many() -> None:
    buckets: Buckets[int] = Buckets(RATE, bound=10)
    for key in range(10):
        buckets.spend(key, 1_000)
    for _ in range(3):
        buckets.spend(99, 1_050)
    assert len(buckets) == 11
    buckets.spend(100, 1_101)
    assert len(buckets) in (2, 12)


@given(st.lists(st.integers(0, 500), max_size=200))
def test_never_more_than_the_burst_and_what_the_time_brought(pauses_ms: list[int]) -> None:
    buckets: Buckets[str] = Buckets(RATE)
    now_ms, taken = 1_000, 0
    for pause_ms in pauses_ms:
        now_ms += pause_ms
        taken += buckets.take("alice", now_ms) == 0
    assert taken <= RATE.burst + RATE.per_s * (now_ms - 1_000) / 1_000 + 1e-6
    assert buckets.take("alice", now_ms + 1_000) == 0
