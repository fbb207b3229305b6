"""Every figure of docs/performance.md in one session: runs `hongyan bench`, saves each object, prints the table.

    python bench/figures.py [--bare SCRIPT] [--only NAME] [--seconds 8] [--out bench/results]

Nothing here measures: each row is a command that anybody can type.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Found = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A figure: how it is made, what is read off, and what it has to reach. `at_most` says that less is better."""

    name: str
    arguments: tuple[str, ...]
    figures: tuple[tuple[str, Callable[[Found], float], float, float], ...]
    at_most: bool = True


def rows(bare: Path | None, half_rate: float) -> Iterator[Row]:
    """The table of the issue, top to bottom: (label, value, at least or at most, aim)."""
    beside = ("--bare", str(bare)) if bare else ()
    closed: tuple[tuple[str, Callable[[Found], float], float, float], ...] = (
        ("delivered/s", lambda it: it["delivered_per_s"], 20_000, 30_000),
    )
    if bare:
        closed += (("of the bare path", lambda it: it["ratio_to_bare"], 0.65, 0.9),)
    yield Row("one-to-one", ("one-to-one", *beside), closed, at_most=False)
    yield Row(
        "paced",
        ("one-to-one", "--rate", "5000"),
        (("p50 ms", lambda it: it["p50_ms"], 3, 1.5), ("p99 ms", lambda it: it["p99_ms"], 10, 5)),
    )
    yield Row("half", ("one-to-one", "--rate", f"{half_rate:.0f}"), (("p99 ms", lambda it: it["p99_ms"], 50, 20),))
    yield Row(
        "group", ("group",), (("delivered/s", lambda it: it["delivered_per_s"], 150_000, 300_000),), at_most=False
    )
    yield Row(
        "idle",
        ("idle",),
        (("KB a connection", lambda it: it["rss_bytes_per_connection"] / 1024, 10, 8),),
    )
    yield Row("storm", ("storm",), (("99 % back, s", lambda it: it["back_p99_s"], 5, 2),))
    yield Row("catch-up", ("catch-up",), (("ms", lambda it: it["catch_up_ms"], 500, 300),))
    yield Row(
        "catch-up from disk",
        ("catch-up", "--set", "delivery.hot_bytes=1048576"),
        (("ms", lambda it: it["catch_up_ms"], 500, 300),),
    )
    yield Row(
        "start",
        ("one-to-one", "--clients", "2", "--seconds", "1"),
        (
            ("MB resident", lambda it: it["server_rss_bytes_start"] / 1024 / 1024, 120, 120),
            ("ready, s", lambda it: it["ready_ms"] / 1000, 2, 2),
        ),
    )


def run(row: Row, seconds: float, out: Path) -> Found:
    """Runs a row's command and saves what it printed."""
    timing = () if "--seconds" in row.arguments else ("--seconds", f"{seconds:g}")
    command = [sys.executable, "-c", "from hongyan.cli import main; main()", "bench", *row.arguments, *timing, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{row.name} could not be run")
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{row.name.replace(' ', '-')}.json").write_text(done.stdout)
    return json.loads(done.stdout)  # type: ignore[no-any-return]  # an object, as `--json` promises


def lines(row: Row, found: Found) -> Iterator[str]:
    """The row as Markdown."""
    shown = ("bare.py" if argument.endswith(".py") else argument for argument in row.arguments)
    command = f"`hongyan bench {' '.join(shown)}`"
    for label, value_of, bound, aim in row.figures:
        value = value_of(found)
        reached = value <= bound if row.at_most else value >= bound
        mark = "reached" if reached else "**missed**"
        kept = "" if found["passed"] else ", **promises broken**"
        busy = found["others_cpu_s"] or 0.0
        noise = f", others used {busy:.1f} CPU s" if busy > 0.2 * found["seconds"] else ""
        yield f"| {row.name}, {label} | {value:,.4g} | {bound:g} | {aim:g} | {mark}{kept}{noise} | {command} |"


def main() -> None:
    """Runs the rows in order; the rate of `half` is half of what the first one reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bare", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    asked = parser.parse_args()
    half_rate = 10_000.0
    table = ["| figure | found | at least or at most | aim | | command |", "|---|---|---|---|---|---|"]
    last: Found = {}
    names = [row.name for row in rows(asked.bare, half_rate)]
    for name in names:
        if asked.only and name != asked.only:
            continue
        row = next(row for row in rows(asked.bare, half_rate) if row.name == name)
        last = run(row, asked.seconds, asked.out)
        if name == "one-to-one":
            half_rate = last["delivered_per_s"] / 2
        table += lines(row, last)
        print(table[-1], file=sys.stderr)
    print("\n".join(table))
    if last:
        print(f"\n{last['machine']}; hongyan {last['version']} {last['commit']}")


if __name__ == "__main__":
    main()
