"""A run as one page."""

import re

import pytest

from hongyan.cli.bench.checker import Verdict
from hongyan.cli.bench.page import compact, render
from hongyan.cli.bench.plan import Scenario
from hongyan.cli.bench.result import Comparison
from tests.unit.cli.bench.samples import result_of


@pytest.mark.parametrize(
    ("scenario", "charts"),
    [
        (Scenario.ONE_TO_ONE, ["Latency", "Throughput", "CPU"]),
        (Scenario.GROUP, ["Latency", "Throughput", "CPU"]),
        (Scenario.STORM, ["Latency", "Time to be back", "CPU"]),
        (Scenario.IDLE, ["Latency", "CPU"]),
        (Scenario.CATCH_UP, ["Latency", "CPU", "Each return"]),
    ],
)
def test_each_scenario_has_its_charts(scenario: Scenario, charts: list[str]) -> None:
    page = render(result_of(scenario), "hongyan bench")
    assert re.findall(r"<h2>([^<]+)</h2><svg", page) == charts


def test_the_page_needs_nothing_else() -> None:
    page = render(result_of(Scenario.ONE_TO_ONE), "hongyan bench one-to-one")
    assert not re.search(r"https?://|<script|<link|src=|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page


def test_numbers_at_an_axis_are_short() -> None:
    assert [compact(value) for value in (0, 250, 20_000, 1_500_000)] == ["0", "250", "20 k", "1.5 M"]


def test_what_comes_from_outside_is_escaped() -> None:
    verdict = Verdict()
    verdict.add("lost", "<b>bold</b>")
    page = render(result_of(Scenario.GROUP, verdict=verdict), "hongyan bench '<i>'")
    assert "&lt;b&gt;bold" in page
    assert "&lt;i&gt;" in page
    assert "a machine &lt;with angles&gt;" in page
    assert "<i>" not in page


def test_the_comparison_stands_on_the_page() -> None:
    page = render(result_of(Scenario.ONE_TO_ONE), "hongyan", Comparison([30_000.0], [21_000.0]))
    assert "<dt>of the bare path</dt><dd>0.70</dd>" in page
