"""The one object that `--json` prints."""

import msgspec
import pytest

from hongyan.cli.bench.checker import Verdict
from hongyan.cli.bench.plan import Scenario
from hongyan.cli.bench.result import Comparison, Troubles, as_json
from tests.unit.cli.bench.samples import result_of

PROMISED = {
    *("scenario", "seconds", "delivered_per_s", "sent_per_s", "p50_ms", "p99_ms", "p999_ms", "lost", "duplicated"),
    *("misordered", "holes", "unread_wrong", "rss_bytes_per_connection", "server_cpu_s", "machine", "commit"),
    *("back_p99_s", "catch_up_ms", "ready_ms", "server_rss_bytes_start"),
}


@pytest.mark.parametrize("scenario", list(Scenario))
def test_every_scenario_prints_every_promised_key(scenario: Scenario) -> None:
    line = as_json(result_of(scenario))
    found = msgspec.json.decode(line, type=dict[str, object])
    assert set(found) >= PROMISED
    assert found["scenario"] == scenario.value
    assert b"\n" not in line


def test_what_was_not_measured_is_null() -> None:
    found = msgspec.json.decode(as_json(result_of(Scenario.ONE_TO_ONE)), type=dict[str, object])
    assert found["back_p99_s"] is None
    assert found["catch_up_ms"] is None


def test_catch_up_is_told_as_the_median_of_its_returns() -> None:
    found = msgspec.json.decode(as_json(result_of(Scenario.CATCH_UP)), type=dict[str, object])
    assert found["catch_up_ms"] == 22.5
    assert found["catch_up_ms_all"] == [30.0, 21.5, 22.5]


def test_memory_a_connection_is_what_the_connections_added() -> None:
    result = result_of(Scenario.IDLE)
    assert result.rss_bytes_per_connection == (2 << 20) // 200
    assert result.anonymous_bytes_per_connection == (1 << 20) // 200


@pytest.mark.parametrize("kind", ["lost", "duplicated", "misordered", "holes", "unread_wrong"])
def test_a_broken_promise_fails_the_run(kind: str) -> None:
    verdict = Verdict()
    verdict.add(kind, "it was broken")
    assert not result_of(Scenario.GROUP, verdict=verdict).passed


@pytest.mark.parametrize(
    "troubles", [Troubles(unanswered=1), Troubles(refused={"not_a_member": 1}), Troubles(closed={"4001": 1})]
)
def test_what_was_never_answered_refused_or_cut_fails_the_run(troubles: Troubles) -> None:
    result = result_of(Scenario.GROUP)
    assert result.passed
    result.troubles = troubles
    assert not result.passed


def test_the_ratio_is_that_of_the_medians() -> None:
    compared = Comparison([30_000.0, 10_000.0, 31_000.0], [15_000.0, 18_000.0, 24_000.0])
    assert compared.ratio == pytest.approx(0.6)
    found = msgspec.json.decode(as_json(result_of(Scenario.ONE_TO_ONE), compared), type=dict[str, object])
    assert found["ratio_to_bare"] == 0.6
