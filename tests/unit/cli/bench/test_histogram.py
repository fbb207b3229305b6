"""Latencies of several processes as one distribution."""

import pytest

from hongyan.cli.bench.histogram import MAX_US, Quantiles, curve, merge, quantiles, record

MS = 1_000_000


def test_merging_counts_what_every_process_recorded() -> None:
    one = record([1 * MS] * 90)
    other = record([50 * MS] * 10)
    found = quantiles(merge([one, other]))
    assert found.count == 100
    assert found.p50_ms == pytest.approx(1, rel=0.002)
    assert found.p99_ms == pytest.approx(50, rel=0.002)
    assert found.mean_ms == pytest.approx(5.9, rel=0.002)


def test_merged_quantiles_are_those_of_all_values_and_not_a_mean_of_means() -> None:
    slow_tail = record([1 * MS] * 980 + [100 * MS] * 20)
    fast = record([1 * MS] * 9_000)
    assert quantiles(merge([slow_tail, fast])).p99_ms == pytest.approx(1, rel=0.002)
    assert quantiles(merge([slow_tail, fast])).p999_ms == pytest.approx(100, rel=0.002)


def test_three_digits_are_kept() -> None:
    assert quantiles(merge([record([12_345_678])])).p50_ms == pytest.approx(12.345, rel=0.001)


def test_what_is_out_of_range_is_kept_at_the_bound() -> None:
    found = merge([record([0, 10 * MAX_US * 1000])])
    assert found.get_total_count() == 2
    assert quantiles(found).max_ms == pytest.approx(MAX_US / 1000, rel=0.002)


def test_nothing_measured_has_no_figures() -> None:
    assert quantiles(merge([])) == Quantiles()
    assert curve(merge([record([])])) == []


def test_the_curve_never_falls() -> None:
    values = [ms for _, ms in curve(merge([record(range(1_000, 10_000_000, 777))]))]
    assert values == sorted(values)
