"""One run or several, with the bare path between them when that is asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from hongyan.cli.bench.bare import bare_rate
from hongyan.cli.bench.plan import Plan
from hongyan.cli.bench.result import Comparison, Result
from hongyan.cli.bench.run import Progress, Run, Target

Targets = Callable[[], AbstractContextManager[Target]]
"""A fresh target for each run."""


def run_once(plan: Plan, targets: Targets, progress: Progress) -> Result:
    """One run."""
    with targets() as target:
        return Run(plan, target, progress).measure()


def run_in_turns(
    plan: Plan, targets: Targets, script: Path, rounds: int, progress: Progress
) -> tuple[Result, Comparison]:
    """The bare path and ours in turns, so that what the machine does meanwhile meets both.

    The result is that of the run with the middle rate; a run that broke a promise stands before all others.
    """
    bare_rates, results = [], []
    for turn in range(rounds):
        progress.phase(f"bare path, turn {turn + 1} of {rounds}")
        bare_rates.append(bare_rate(script, plan))
        results.append(run_once(plan, targets, progress))
    compared = Comparison(bare_rates, [round(result.delivered_per_s, 1) for result in results])
    return chosen(results), compared


def chosen(results: list[Result]) -> Result:
    """The one to show."""
    broken = [result for result in results if not result.passed]
    by_rate = sorted(broken or results, key=lambda result: result.delivered_per_s)
    return by_rate[len(by_rate) // 2]
