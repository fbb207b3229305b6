"""The bare path and ours in turns."""

from pathlib import Path

import pytest

from hongyan.cli.bench import turns
from hongyan.cli.bench.bare import bare_rate
from hongyan.cli.bench.checker import Verdict
from hongyan.cli.bench.plan import Plan, Scenario
from hongyan.cli.bench.troubles import BareFailedError
from tests.unit.cli.bench.samples import result_of

PLAN = Plan(Scenario.ONE_TO_ONE, clients=40, window=3, seconds=1.5)


def script(folder: Path, text: str) -> Path:
    path = folder / "bare.py"
    path.write_text(f"import json, sys\n{text}\n")
    return path


def test_the_script_is_asked_for_the_same_load(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    path = script(tmp_path, f"open({str(asked)!r}, 'w').write(' '.join(sys.argv[1:]))")
    path.write_text(path.read_text() + "print('noise')\nprint(json.dumps({'delivered_per_s': 31500, 'p50_ms': 1}))\n")
    assert bare_rate(path, PLAN) == 31_500
    assert asked.read_text() == "--pairs 20 --window 3 --seconds 1.5"


@pytest.mark.parametrize("text", ["sys.exit(3)", "print('no object')", "pass"])
def test_a_script_without_a_rate_is_a_failure_in_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(BareFailedError, match=r"bare\.py"):
        bare_rate(script(tmp_path, text), PLAN)


def test_the_run_with_the_middle_rate_is_shown() -> None:
    results = [result_of(Scenario.ONE_TO_ONE, rate=rate) for rate in (30_000.0, 10_000.0, 20_000.0)]
    assert turns.chosen(results).delivered_per_s == 20_000


def test_a_run_that_broke_a_promise_is_shown_before_all_others() -> None:
    verdict = Verdict()
    verdict.add("lost", "one")
    results = [result_of(Scenario.ONE_TO_ONE, rate=rate) for rate in (30_000.0, 20_000.0)]
    broken = result_of(Scenario.ONE_TO_ONE, rate=1_000.0, verdict=verdict)
    assert turns.chosen([*results, broken]) is broken
