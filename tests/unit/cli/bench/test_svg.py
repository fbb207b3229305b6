"""Charts."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.cli.bench.svg import HEIGHT, WIDTH, Axis, Line, bar_chart, line_chart, nice_ceiling, nice_ticks, nines

PLAIN = Axis("x", lambda value: f"{value:g}")


def points_of(chart: str) -> list[tuple[float, float]]:
    """The corners of the first curve."""
    curve = next(node for node in ET.fromstring(chart) if node.tag == "polyline")
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in curve.attrib["points"].split())]


def test_a_chart_is_well_formed_and_named() -> None:
    chart = ET.fromstring(line_chart("a < b", PLAIN, PLAIN, [Line("first & last", [(0, 1), (1, 2)], "a")]))
    assert chart.attrib["aria-label"] == "a < b"
    assert [node.text for node in chart.iter("title")] == ["a < b", "first & last, 0: 1", "first & last, 1: 2"]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e9)), min_size=1, max_size=20))
def test_every_point_lies_on_the_page(points: list[tuple[float, float]]) -> None:
    for x, y in points_of(line_chart("any", PLAIN, PLAIN, [Line("one", sorted(points), "a")])):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_more_is_higher() -> None:
    low, high = points_of(line_chart("any", PLAIN, PLAIN, [Line("one", [(0, 1), (1, 9)], "a")]))
    assert high[1] < low[1]
    assert high[0] > low[0]


def test_nothing_to_draw_is_no_chart() -> None:
    assert line_chart("any", PLAIN, PLAIN, [Line("one", [], "a")]) == ""
    assert bar_chart("any", PLAIN, []) == ""


def test_a_bar_chart_has_a_bar_a_value() -> None:
    chart = ET.fromstring(bar_chart("returns", PLAIN, [("1", 20.0), ("2", 30.0)]))
    heights = [float(node.attrib["height"]) for node in chart.iter("rect")]
    assert heights[1] > heights[0] > 0


def test_each_nine_is_as_far_as_the_one_before() -> None:
    assert nines(99) - nines(90) == pytest.approx(nines(99.9) - nines(99))


@given(st.floats(1e-3, 1e9))
def test_a_ceiling_is_round_and_not_far_above(value: float) -> None:
    assert value <= nice_ceiling(value) * (1 + 1e-9)
    assert nice_ceiling(value) <= value * 2.51


def test_ticks_are_round_and_within() -> None:
    assert nice_ticks(0, 10) == [0, 2, 4, 6, 8, 10]
