"""Message ids grow and never repeat, whatever the clock does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.admission.snowflake import EPOCH_MS, Snowflake

NOW_MS = EPOCH_MS + 50_000_000_000


@given(st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=50))
def test_ids_grow_though_the_clock_jumps(jumps: list[int]) -> None:
    snowflake = Snowflake(3)
    ids = [snowflake.next(NOW_MS + jump) for jump in jumps]
    assert ids == sorted(set(ids))


def test_ids_of_two_workers_differ_in_the_same_millisecond() -> None:
    one, other = Snowflake(1), Snowflake(2)
    assert not {one.next(NOW_MS) for _ in range(5_000)} & {other.next(NOW_MS) for _ in range(5_000)}


def test_more_than_a_milliseconds_worth_borrows_from_the_next_one() -> None:
    snowflake = Snowflake(0)
    ids = [snowflake.next(NOW_MS) for _ in range(10_000)]
    assert len(set(ids)) == 10_000
    assert snowflake.next(NOW_MS + 3) > ids[-1]


def test_an_id_tells_its_time_and_worker() -> None:
    made = Snowflake(1023).next(NOW_MS)
    assert (made >> 22) + EPOCH_MS == NOW_MS
    assert made >> 12 & 1023 == 1023


def test_ids_fit_a_signed_column_for_decades_and_are_positive_before_their_epoch() -> None:
    assert Snowflake(1023).next(EPOCH_MS + 60 * 365 * 86_400_000) < 1 << 63
    assert Snowflake(0).next(0) > 0


@given(st.integers(1, 5_000), st.integers(-100_000, 100_000), st.integers(0, 1023))
def test_ids_go_on_growing_after_a_restart_though_the_clock_was_set_back(count: int, jump_ms: int, worker: int) -> None:
    before = Snowflake(worker)
    last = [before.next(NOW_MS) for _ in range(count)][-1]
    after = Snowflake(0, above=last)
    ids = [after.next(NOW_MS + jump_ms) for _ in range(10)]
    assert ids == sorted(set(ids))
    assert ids[0] >> 22 >= last >> 22
    assert (ids[0] >> 22, ids[0] & 4095) > (last >> 22, last & 4095)


@pytest.mark.parametrize("worker", [-1, 1024])
def test_a_worker_out_of_range_is_refused(worker: int) -> None:
    with pytest.raises(ValueError, match="1023"):
        Snowflake(worker)
