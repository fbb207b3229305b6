"""Line and bar charts as SVG text: small, without scripts, coloured by the page's own variables."""

import math
from collections.abc import Callable, Sequence
from html import escape

import msgspec

WIDTH, HEIGHT = 720, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 40
SMALLEST = 1e-9
"""Nothing shown is smaller; below it a scale would divide by nothing."""


class Line(msgspec.Struct, frozen=True):
    """One curve: points in the order of x, and the class that colours it."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str


class Axis(msgspec.Struct, frozen=True):
    """What an axis shows: its name, and how values are written. With `place`, where a value lies, for crooked scales."""

    name: str
    write: Callable[[float], str]
    place: Callable[[float], float] = float
    ticks: Sequence[float] = ()


def line_chart(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """Curves over one pair of axes; "" when there is nothing to draw."""
    drawn = [line for line in lines if line.points]
    if not drawn:
        return ""
    xs = [x.place(point[0]) for line in drawn for point in line.points]
    low_x, high_x = min(xs), max(*xs, min(xs) + SMALLEST)
    high_y = nice_ceiling(max(point[1] for line in drawn for point in line.points))
    frame = _Frame(low_x, high_x, high_y)
    x_ticks = [tick for tick in x.ticks if low_x <= x.place(tick) <= high_x] or nice_ticks(low_x, high_x)
    parts = [_opening(title), *_grid(frame, x, y, x_ticks)]
    for line in drawn:
        places = [(frame.at_x(x.place(px)), frame.at_y(py)) for px, py in line.points]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        parts.append(f'<polyline class="line {escape(line.colour)}" points="{path}"/>')
        for (px, py), (vx, vy) in zip(places, line.points, strict=True):
            told = escape(f"{line.name}, {x.write(vx)}: {y.write(vy)}")
            parts.append(f'<circle class="dot {escape(line.colour)}" cx="{px:.1f}" cy="{py:.1f}" r="3">')
            parts.append(f"<title>{told}</title></circle>")
    return "".join([*parts, *_legend(drawn), "</svg>"])


def bar_chart(title: str, y: Axis, bars: Sequence[tuple[str, float]]) -> str:
    """Bars with a name below each; "" when there is nothing to draw."""
    if not bars:
        return ""
    frame = _Frame(0, len(bars), nice_ceiling(max(value for _, value in bars)))
    parts = [_opening(title), *_grid(frame, Axis("", str), y, ())]
    step = frame.at_x(1) - frame.at_x(0)
    for index, (name, value) in enumerate(bars):
        left, top = frame.at_x(index) + step * 0.15, frame.at_y(value)
        box = f'x="{left:.1f}" y="{top:.1f}" width="{step * 0.7:.1f}" height="{frame.at_y(0) - top:.1f}"'
        parts.append(f'<rect class="bar a" {box}><title>{escape(f"{name}: {y.write(value)}")}</title></rect>')
        middle = left + step * 0.35
        parts.append(f'<text class="tick mid" x="{middle:.1f}" y="{HEIGHT - BOTTOM + 18}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


class _Frame:
    """From values to places on the page."""

    def __init__(self, low_x: float, high_x: float, high_y: float) -> None:
        self.low_x, self.high_x, self.high_y = low_x, high_x, high_y

    def at_x(self, value: float) -> float:
        return LEFT + (value - self.low_x) / (self.high_x - self.low_x) * (WIDTH - LEFT - RIGHT)

    def at_y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.high_y * (HEIGHT - TOP - BOTTOM)


def _opening(title: str) -> str:
    name = escape(title, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}"><title>{name}</title>'


def _grid(frame: _Frame, x: Axis, y: Axis, x_ticks: Sequence[float]) -> list[str]:
    parts = []
    for tick in nice_ticks(0, frame.high_y):
        at = frame.at_y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick end" x="{LEFT - 8}" y="{at + 4:.1f}">{escape(y.write(tick))}</text>')
    for tick in x_ticks:
        at = frame.at_x(x.place(tick))
        parts.append(f'<text class="tick mid" x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}">{escape(x.write(tick))}</text>')
    parts.append(f'<text class="name mid" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}">{escape(x.name)}</text>')
    parts.append(f'<text class="name" x="{LEFT}" y="{TOP - 4}">{escape(y.name)}</text>')
    return parts


def _legend(lines: Sequence[Line]) -> list[str]:
    parts, at = [], WIDTH - RIGHT
    for line in reversed(lines):
        at -= 8 * len(line.name) + 24
        parts.append(f'<rect class="key {escape(line.colour)}" x="{at}" y="{TOP - 12}" width="10" height="10"/>')
        parts.append(f'<text class="name" x="{at + 14}" y="{TOP - 3}">{escape(line.name)}</text>')
    return parts


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 … above a value."""
    if value < SMALLEST:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 2.5, 5) if step * power >= value), 10 * power)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from low to high, about so many."""
    step = nice_ceiling((high - low) / about)
    first = math.ceil(low / step)
    return [step * k for k in range(first, math.floor(high / step + 1e-9) + 1)]


def nines(percentile: float) -> float:
    """Where a percentile lies on a scale on which 90, 99 and 99.9 are evenly spaced."""
    return -math.log10(max(1e-6, 1 - percentile / 100))
