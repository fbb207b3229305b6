"""Results to print, draw and compare."""

from hongyan.cli.bench.checker import Verdict
from hongyan.cli.bench.histogram import Quantiles, curve, merge, quantiles, record
from hongyan.cli.bench.plan import Plan, Scenario
from hongyan.cli.bench.result import Charts, Memory, Result, Troubles

SOME = merge([record(range(1_000_000, 30_000_000, 10_000))])


def result_of(scenario: Scenario, *, rate: float = 20_000.0, verdict: Verdict | None = None) -> Result:
    """A result of a scenario with figures in every place that it has."""
    is_talk = scenario in (Scenario.ONE_TO_ONE, Scenario.GROUP)
    found = quantiles(SOME)
    charts = Charts(delivery=curve(SOME), receipt=curve(SOME), load=[(0.0, 0.9, 0.4), (0.2, 1.0, 0.5)])
    if is_talk:
        charts.series = [(0.0, 100, 110), (0.25, 120, 130)]
    if scenario is Scenario.STORM:
        charts.back = curve(SOME)
    return Result(
        Plan(scenario, clients=200, senders=10, entries=10_000),
        verdict or Verdict(),
        Troubles(),
        found,
        found,
        found if scenario is Scenario.STORM else Quantiles(),
        charts,
        Memory(60 << 20, 62 << 20, 50 << 20, 51 << 20),
        "a machine <with angles>",
        "0123abcd",
        "0.1.0",
        delivered_per_s=rate if is_talk else 0.0,
        sent_per_s=rate if is_talk else 0.0,
        server_cpu_s=7.2,
        catch_up_ms=[30.0, 21.5, 22.5] if scenario is Scenario.CATCH_UP else [],
    )
