"""A run as one HTML file that needs nothing else: figures, verdict, charts, and how to run it again."""

from html import escape

from hongyan.cli.bench.report import figures, plan_line, trouble_lines, verdict_rows
from hongyan.cli.bench.result import Comparison, Result
from hongyan.cli.bench.svg import Axis, Line, bar_chart, line_chart, nines

_STYLE = """
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1d2433; --soft: #5c6578; --rule: #dcdfe6; --card: #fff;
  --a: #2f6fde; --b: #d9822b; --good: #1a7f4b; --bad: #c0362c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171d; --ink: #e8ebf2; --soft: #9aa4b8; --rule: #2c323d;
  --card: #1b1f27; --a: #6ea2ff; --b: #f0a65c; --good: #4cc38a; --bad: #ff7a6e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 820px; padding: 32px 20px 64px; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.1rem; margin: 36px 0 8px; }
p, td, th, li { overflow-wrap: anywhere; } .soft { color: var(--soft); margin: 0; font-size: .9rem; }
.mark { display: inline-block; padding: 1px 10px; border-radius: 99px; color: var(--card); font-size: .9rem; }
.mark.good { background: var(--good); } .mark.bad { background: var(--bad); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); gap: 10px; margin: 20px 0; }
dl > div { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 10px 14px; }
dt { color: var(--soft); font-size: .82rem; } dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 4px 12px 4px 0;
  border-bottom: 1px solid var(--rule); vertical-align: top; } td.number { text-align: right;
  font-variant-numeric: tabular-nums; } .bad td { color: var(--bad); }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 12px; }
.mid { text-anchor: middle; } .end { text-anchor: end; } .grid { stroke: var(--rule); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .dot { fill-opacity: 0; } .dot:hover { fill-opacity: 1; }
.line.a { stroke: var(--a); } .line.b { stroke: var(--b); }
.a:not(.line) { fill: var(--a); } .b:not(.line) { fill: var(--b); }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px; overflow-x: auto;
  font-size: .85rem; }
"""

_NINES = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)


def render(result: Result, command: str, compared: Comparison | None = None) -> str:
    """The page. `command` is what made it."""
    title = f"hongyan bench {result.plan.scenario.value}"
    mark = '<span class="mark good">kept</span>' if result.passed else '<span class="mark bad">broken</span>'
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in figures(result, compared)
    )
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(plan_line(result.plan))}</p>',
        f"<dl>{tiles}</dl>",
        f"<h2>Promises {mark}</h2>",
        _verdict(result),
        *_charts(result),
        "<h2>How to run it again</h2>",
        f"<pre>{escape(command)}</pre>",
        _facts(result),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def compact(value: float) -> str:
    """A number short enough to stand at an axis: 1.5 M, 20 k, 300."""
    for bound, unit in ((1_000_000, " M"), (1_000, " k")):
        if value >= bound:
            return f"{value / bound:g}{unit}"
    return f"{value:g}"


def _verdict(result: Result) -> str:
    rows = []
    for name, count, sentences in verdict_rows(result):
        told = "<br>".join(escape(sentence) for sentence in sentences)
        kind = ' class="bad"' if count else ""
        rows.append(f'<tr{kind}><td>{escape(name)}</td><td class="number">{count:,}</td><td>{told}</td></tr>')
    lines = "".join(f'<p class="soft">{escape(line)}</p>' for line in trouble_lines(result))
    return f"<table>{''.join(rows)}</table>{lines}"


def _facts(result: Result) -> str:
    facts = [("machine", result.machine), ("version", f"{result.version} {result.commit}".strip())]
    facts += sorted(result.settings.items())
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in facts)
    return f"<table>{rows}</table>"


def _charts(result: Result) -> list[str]:
    charts = result.charts
    percentile = Axis("percentile", lambda p: f"{p:g} %", nines, _NINES)
    second = Axis("seconds since the start of the load", lambda s: f"{s:g}")
    ms = Axis("ms", lambda value: f"{value:g}")
    drawn = {
        "Latency": line_chart(
            "latency",
            percentile,
            ms,
            [Line("delivered", charts.delivery, "a"), Line("receipt", charts.receipt, "b")],
        ),
        "Time to be back": line_chart("time to be back", percentile, ms, [Line("back", charts.back, "a")]),
        "Throughput": line_chart(
            "throughput",
            second,
            Axis("a second", compact),
            [
                Line("delivered", [(at, count / charts.step_s) for at, _, count in charts.series], "a"),
                Line("sent", [(at, count / charts.step_s) for at, count, _ in charts.series], "b"),
            ],
        ),
        "CPU": line_chart(
            "cpu",
            second,
            Axis("cores", lambda value: f"{value:g}"),
            [
                Line("server", [(at, server) for at, server, _ in charts.load], "a"),
                Line("generator", [(at, generator) for at, _, generator in charts.load], "b"),
            ],
        ),
        "Each return": bar_chart(
            "each return", ms, [(str(index + 1), value) for index, value in enumerate(result.catch_up_ms)]
        ),
    }
    return [f"<h2>{name}</h2>{chart}" for name, chart in drawn.items() if chart]
