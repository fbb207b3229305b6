"""Arrivals as runs."""

from hypothesis import given
from hypothesis import strategies as st

from hongyan.cli.bench.observed import add_to_runs


def test_consecutive_seqs_are_one_run() -> None:
    runs: list[tuple[int, int]] = []
    add_to_runs(runs, [1, 2, 3])
    add_to_runs(runs, [4, 5, 9])
    assert runs == [(1, 5), (9, 9)]


@given(st.lists(st.lists(st.integers(1, 9))))
def test_runs_unfold_to_what_arrived_in_its_order(batches: list[list[int]]) -> None:
    runs: list[tuple[int, int]] = []
    for batch in batches:
        add_to_runs(runs, batch)
    unfolded = [seq for first, last in runs for seq in range(first, last + 1)]
    assert unfolded == [seq for batch in batches for seq in batch]
