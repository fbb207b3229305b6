"""The schedule of an open loop."""

from hypothesis import given
from hypothesis import strategies as st

from hongyan.cli.bench.schedule import NS_PER_S, Schedule


def test_sends_are_spaced_evenly_from_the_start() -> None:
    schedule = Schedule(4, start_ns=1_000, stop_ns=1_000 + NS_PER_S)
    assert [schedule.intended_ns(k) for k in range(schedule.count)] == [1_000 + k * NS_PER_S // 4 for k in range(4)]


def test_nothing_is_due_before_the_start() -> None:
    assert not schedule_of_a_second(100).due(-1)


def test_a_late_look_finds_all_that_became_due_with_their_own_times() -> None:
    schedule = schedule_of_a_second(1_000)
    schedule.due(0)
    due = schedule.due(5_000_000)
    assert list(due) == [1, 2, 3, 4, 5]
    assert [schedule.intended_ns(k) for k in due] == [k * 1_000_000 for k in due]


def test_it_ends_with_the_last_send_before_the_stop() -> None:
    schedule = schedule_of_a_second(3)
    assert len(schedule.due(10 * NS_PER_S)) == 3
    assert schedule.is_over
    assert not schedule.due(20 * NS_PER_S)


@given(st.floats(min_value=0.5, max_value=50_000), st.lists(st.integers(0, 2 * NS_PER_S), max_size=30))
def test_each_send_is_handed_out_once_in_order_and_never_early(rate: float, looks: list[int]) -> None:
    schedule = schedule_of_a_second(rate)
    handed: list[int] = []
    for now in sorted(looks):
        due = schedule.due(now)
        assert all(schedule.intended_ns(k) <= now + 1 for k in due)
        handed += due
    handed += schedule.due(3 * NS_PER_S)
    assert handed == list(range(schedule.count))


def schedule_of_a_second(rate: float) -> Schedule:
    return Schedule(rate, start_ns=0, stop_ns=NS_PER_S)
