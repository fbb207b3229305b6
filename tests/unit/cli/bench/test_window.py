"""What counts."""

from hongyan.cli.bench.plan import Plan, Scenario
from hongyan.cli.bench.schedule import NS_PER_S
from hongyan.cli.bench.window import Series, Window

S = NS_PER_S


def test_the_warm_up_comes_before_what_is_measured() -> None:
    window = Window.of(Plan(Scenario.GROUP, 10, seconds=3, warmup_s=2), 100)
    assert window == Window(100, 100 + 2 * S, 100 + 5 * S)


def test_the_window_holds_its_first_moment_and_not_its_last() -> None:
    window = Window(0, 10, 20)
    assert window.count([9, 10, 19, 20]) == 2
    assert 10 in window
    assert 20 not in window


def test_a_series_counts_by_quarters_of_a_second_without_gaps() -> None:
    series = Series(Window(S, S, 9 * S))
    series.add_sent([S, S + 1])
    series.add_delivered([S + S * 6 // 10], each=3)
    assert series.rows() == [(0.0, 2, 0), (0.25, 0, 0), (0.5, 0, 3)]
