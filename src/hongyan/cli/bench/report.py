"""A run as text for people: the same figures on a terminal and on the page."""

from collections.abc import Sequence
from statistics import median

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hongyan.cli.bench.histogram import Quantiles
from hongyan.cli.bench.plan import Plan, Scenario
from hongyan.cli.bench.result import Comparison, Result

Figure = tuple[str, str]

BUSY_CORES = 0.2
"""From so many cores on, what other processes use is told: it is missing from the figures."""

_PROMISES = {
    "lost": "lost",
    "duplicated": "duplicated",
    "misordered": "misordered",
    "holes": "holes",
    "unread_wrong": "unread wrong",
}


def plan_line(plan: Plan) -> str:
    """What the run did, in a line."""
    loop = f"open loop of {plan.rate_per_s:,g} a second" if plan.is_open_loop else f"closed loop, window {plan.window}"
    texts = f"texts of {plan.size_bytes} bytes, {loop}, {plan.seconds:g} s after {plan.warmup_s:g} s of warm-up"
    match plan.scenario:
        case Scenario.ONE_TO_ONE:
            return f"{plan.clients:,} clients in pairs, {texts}"
        case Scenario.GROUP:
            return f"{plan.clients:,} members online in one group, {plan.senders} of them talking, {texts}"
        case Scenario.STORM:
            return f"{plan.clients:,} connections cut at once, coming back at once with their cursors"
        case Scenario.IDLE:
            return f"{plan.clients:,} authenticated connections that ping, {plan.seconds:g} s"
        case Scenario.CATCH_UP:
            return (
                f"a device that was away for {plan.entries:,} entries of {plan.size_bytes} bytes, {plan.repeats} times"
            )


def figures(result: Result, compared: Comparison | None = None) -> list[Figure]:
    """Names and values, the most important first; what a scenario does not measure is left out."""
    found: list[Figure] = [*_scenario_figures(result), *_latency_figures("delivered", result.delivery)]
    if result.plan.scenario is not Scenario.IDLE:
        found += _latency_figures("receipt", result.receipt)
    if compared is not None:
        found[:0] = [
            ("of the bare path", f"{compared.ratio:.2f}"),
            ("bare path, delivered/s", f"{compared.bare_median:,.0f}"),
        ]
    return [*found, *_cost_figures(result)]


def _scenario_figures(result: Result) -> list[Figure]:
    found: list[Figure] = []
    if result.delivered_per_s:
        found += [("delivered/s", f"{result.delivered_per_s:,.0f}"), ("sent/s", f"{result.sent_per_s:,.0f}")]
    if result.catch_up_ms:
        found.append(("catch-up, median", f"{median(result.catch_up_ms):.0f} ms"))
    back = result.back
    if back.p50_ms is not None and back.p99_ms is not None and back.max_ms is not None:
        found += [(f"{name} back", f"{ms / 1000:.2f} s") for name, ms in _backs(back.p50_ms, back.p99_ms, back.max_ms)]
    if result.rss_bytes_per_connection is not None and result.plan.scenario is Scenario.IDLE:
        found.append(("resident a connection", f"{result.rss_bytes_per_connection / 1024:.1f} KB"))
        found.append(("heartbeats answered", f"{result.heartbeats:,}"))
    return found


def _backs(p50: float, p99: float, everybody: float) -> Sequence[tuple[str, float]]:
    return (("50 %", p50), ("99 %", p99), ("all", everybody))


def _latency_figures(name: str, found: Quantiles) -> list[Figure]:
    values = (("p50", found.p50_ms), ("p99", found.p99_ms), ("p99.9", found.p999_ms))
    return [(f"{name} {which}", f"{value:.2f} ms") for which, value in values if value is not None]


def _cost_figures(result: Result) -> list[Figure]:
    found: list[Figure] = []
    if result.server_cpu_s is not None and result.plan.scenario in (Scenario.ONE_TO_ONE, Scenario.GROUP):
        found.append(("server CPU", f"{result.server_cpu_s / result.plan.seconds:.2f} cores"))
        found.append(("generator CPU", f"{result.generator_cpu_s / result.plan.seconds:.2f} cores"))
    if result.entries_per_packet is not None and result.delivered_per_s:
        found.append(("frames a packet", f"{result.entries_per_packet:.1f}"))
    if result.generator_lag_p99_ms is not None:
        found.append(("generator late, p99", f"{result.generator_lag_p99_ms:.2f} ms"))
    if result.memory.start_bytes is not None:
        found.append(("server at start", f"{result.memory.start_bytes / 1024 / 1024:.0f} MB"))
    if result.ready_ms is not None:
        found.append(("server ready after", f"{result.ready_ms / 1000:.2f} s"))
    return found


def verdict_rows(result: Result) -> list[tuple[str, int, list[str]]]:
    """(promise, how often it was broken, sentences about the first)."""
    verdict = result.verdict
    return [(name, getattr(verdict, kind), verdict.samples.get(kind, [])) for kind, name in _PROMISES.items()]


def trouble_lines(result: Result) -> list[str]:
    """What went otherwise than planned, as sentences."""
    troubles = result.troubles
    lines = [f"{troubles.unanswered:,} submissions were never answered."] if troubles.unanswered else []
    lines += [f"{count:,} submissions were refused: {name}." for name, count in troubles.refused.items()]
    lines += [
        f"{count:,} connections were closed by the server with code {code}." for code, count in troubles.closed.items()
    ]
    lines += [
        f"{count:,} submissions were refused for the moment ({name}) and sent again."
        for name, count in troubles.resent.items()
    ]
    if troubles.abandoned:
        lines.append(f"{troubles.abandoned:,} submissions were still refused for the moment when the load was over.")
    busy = result.others_cpu_s is not None and result.others_cpu_s > BUSY_CORES * result.plan.seconds
    if busy and result.plan.scenario in (Scenario.ONE_TO_ONE, Scenario.GROUP):
        cores = (result.others_cpu_s or 0.0) / result.plan.seconds
        lines.append(f"Other processes used {cores:.1f} cores meanwhile: on a quiet machine the figures are better.")
    if troubles.retried:
        lines.append(f"{troubles.retried:,} connects were refused for the moment and made again.")
    if troubles.overrun:
        lines.append(f"{troubles.overrun:,} sends were left out: the server did not keep up with the rate.")
    return lines


def print_report(console: Console, result: Result, compared: Comparison | None = None) -> None:
    """Prints a run."""
    table = Table.grid(padding=(0, 3))
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold")
    pairs = figures(result, compared)
    half = (len(pairs) + 1) // 2
    for left, right in zip(pairs[:half], [*pairs[half:], ("", "")], strict=False):
        table.add_row(*left, *right)
    title = f"hongyan bench {result.plan.scenario.value}"
    body = Group(Text(plan_line(result.plan), style="dim"), Text(), table, Text(), *_verdict_text(result))
    console.print(Panel(body, title=title, border_style="green" if result.passed else "red", expand=False))
    console.print(Text(f"{result.machine}\nhongyan {result.version} {result.commit}", style="dim"))


def _verdict_text(result: Result) -> list[Text]:
    rows = verdict_rows(result)
    counts = ", ".join(f"{name} {count:,}" for name, count, _ in rows)
    lines = [Text("kept  " if result.passed else "BROKEN  ", style="bold green" if result.passed else "bold red")]
    lines[0].append(counts, style="default")
    lines += [Text(f"  {sentence}", style="red") for _, _, sentences in rows for sentence in sentences]
    lines += [Text(f"  {line}", style="yellow") for line in trouble_lines(result)]
    return lines
