"""What a run may be asked to do."""

import msgspec
import pytest

from hongyan.cli.bench.plan import Plan, Scenario, check_plan, share

GOOD = Plan(Scenario.ONE_TO_ONE, clients=200)


def test_the_defaults_can_run() -> None:
    assert check_plan(GOOD) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seconds": 0.0}, "--seconds"),
        ({"seconds": 601.0}, "--seconds"),
        ({"clients": 0}, "clients"),
        ({"clients": 201}, "odd"),
        ({"window": 128}, "--window"),
        ({"size_bytes": 70_000}, "--size"),
        ({"senders": 201}, "--senders"),
        ({"processes": 0}, "--processes"),
        ({"rate_per_s": -1.0}, "--rate"),
    ],
)
def test_a_value_out_of_bounds_is_named_in_a_sentence(change: dict[str, float], named: str) -> None:
    wrong = check_plan(msgspec.structs.replace(GOOD, **change))
    assert len(wrong) == 1
    assert named in wrong[0]


def test_shares_cover_everything_once_and_keep_pairs_together() -> None:
    parts = share(10, 3, step=2)
    assert [client for part in parts for client in part] == list(range(10))
    assert all(part.start % 2 == 0 for part in parts)


def test_shares_without_enough_for_all_leave_some_empty() -> None:
    assert [len(part) for part in share(2, 4, step=2)].count(0) == 3
