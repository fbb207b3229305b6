"""A run as text."""

import io

import pytest
from rich.console import Console

from hongyan.cli.bench.checker import Verdict
from hongyan.cli.bench.plan import Scenario
from hongyan.cli.bench.report import figures, print_report
from hongyan.cli.bench.result import Comparison, Result, Troubles
from tests.unit.cli.bench.samples import result_of


def printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_report(console, result)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("scenario", "figure"),
    [
        (Scenario.ONE_TO_ONE, "20,000"),
        (Scenario.GROUP, "10 of them talking"),
        (Scenario.STORM, "99 % back"),
        (Scenario.IDLE, "resident a connection"),
        (Scenario.CATCH_UP, "22 ms"),
    ],
)
def test_a_scenario_prints_its_own_figure(scenario: Scenario, figure: str) -> None:
    text = printed(result_of(scenario))
    assert figure in text
    assert "kept" in text


def test_a_broken_promise_is_told_with_its_sentences() -> None:
    verdict = Verdict()
    verdict.add("holes", "g:a has no entry 5 to 6", 2)
    text = printed(result_of(Scenario.GROUP, verdict=verdict))
    assert "BROKEN" in text
    assert "holes 2" in text
    assert "g:a has no entry 5 to 6" in text


def test_troubles_are_sentences() -> None:
    result = result_of(Scenario.STORM)
    result.troubles = Troubles(
        unanswered=3, closed={"4001": 2}, resent={"overloaded": 7}, refused={"rate_limited": 1}, overrun=4, retried=5
    )
    text = printed(result)
    for sentence in (
        "3 submissions were never answered",
        "2 connections were closed by the server with code 4001",
        "7 submissions were refused for the moment (overloaded) and sent again",
        "1 submissions were refused: rate_limited",
        "4 sends were left out",
        "5 connects were refused for the moment",
    ):
        assert sentence in text


def test_the_ratio_to_the_bare_path_comes_first() -> None:
    names = [name for name, _ in figures(result_of(Scenario.ONE_TO_ONE), Comparison([30_000.0], [21_000.0]))]
    assert names[0] == "of the bare path"
