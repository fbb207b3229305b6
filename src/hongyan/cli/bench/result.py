"""What a run found: the figures, the verdict beside them, and what the charts are drawn from."""

from statistics import median

import msgspec

from hongyan.cli.bench.checker import Verdict
from hongyan.cli.bench.histogram import Quantiles
from hongyan.cli.bench.plan import Plan


class Charts(msgspec.Struct):
    """Curves: (percentile, ms), (second, sends, deliveries), (second, cores of the server, cores of the generator)."""

    delivery: list[tuple[float, float]] = []
    receipt: list[tuple[float, float]] = []
    back: list[tuple[float, float]] = []
    series: list[tuple[float, int, int]] = []
    load: list[tuple[float, float, float]] = []
    step_s: float = 0.25


class Troubles(msgspec.Struct):
    """What should not have happened and is no broken promise: `unanswered`, `refused` and `closed` fail it."""

    unanswered: int = 0
    refused: dict[str, int] = {}
    closed: dict[str, int] = {}
    resent: dict[str, int] = {}
    overrun: int = 0
    abandoned: int = 0
    retried: int = 0


class Memory(msgspec.Struct):
    """Resident bytes of the server: at its start, with everybody connected, and the same for what is its alone."""

    start_bytes: int | None = None
    connected_bytes: int | None = None
    start_anonymous_bytes: int | None = None
    connected_anonymous_bytes: int | None = None


class Result(msgspec.Struct):
    """One run. What a scenario does not measure, or cannot see, is None."""

    plan: Plan
    verdict: Verdict
    troubles: Troubles
    delivery: Quantiles
    receipt: Quantiles
    back: Quantiles
    charts: Charts
    memory: Memory
    machine: str
    commit: str
    version: str
    delivered_per_s: float = 0.0
    sent_per_s: float = 0.0
    entries_per_packet: float | None = None
    server_cpu_s: float | None = None
    generator_cpu_s: float = 0.0
    others_cpu_s: float | None = None
    generator_lag_p99_ms: float | None = None
    ready_ms: float | None = None
    connect_s: float | None = None
    heartbeats: int = 0
    catch_up_ms: list[float] = []
    settings: dict[str, str] = {}

    @property
    def passed(self) -> bool:
        """Whether every promise held and every question was answered."""
        troubles = self.troubles
        return self.verdict.is_clean and not (troubles.unanswered or troubles.refused or troubles.closed)

    @property
    def rss_bytes_per_connection(self) -> int | None:
        """What each connection adds to the server's resident memory."""
        return _each(self.memory.start_bytes, self.memory.connected_bytes, self.plan.clients)

    @property
    def anonymous_bytes_per_connection(self) -> int | None:
        """The same of the memory that is the server's alone."""
        return _each(self.memory.start_anonymous_bytes, self.memory.connected_anonymous_bytes, self.plan.clients)


def _each(before: int | None, after: int | None, count: int) -> int | None:
    return None if before is None or after is None else max(0, (after - before) // count)


def as_json(result: Result, bare: "Comparison | None" = None) -> bytes:
    """The one object that `--json` prints."""
    verdict, troubles, plan = result.verdict, result.troubles, result.plan
    catch_up = sorted(result.catch_up_ms)
    fields = {
        "scenario": plan.scenario.value,
        "seconds": plan.seconds,
        "passed": result.passed,
        "delivered_per_s": round(result.delivered_per_s, 1),
        "sent_per_s": round(result.sent_per_s, 1),
        "entries_per_packet": _rounded(result.entries_per_packet),
        "p50_ms": result.delivery.p50_ms,
        "p99_ms": result.delivery.p99_ms,
        "p999_ms": result.delivery.p999_ms,
        "max_ms": result.delivery.max_ms,
        "receipt_p50_ms": result.receipt.p50_ms,
        "receipt_p99_ms": result.receipt.p99_ms,
        "receipt_p999_ms": result.receipt.p999_ms,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "misordered": verdict.misordered,
        "holes": verdict.holes,
        "unread_wrong": verdict.unread_wrong,
        "unanswered": troubles.unanswered,
        "refused": troubles.refused,
        "closed": troubles.closed,
        "resent": troubles.resent,
        "overrun": troubles.overrun,
        "abandoned": troubles.abandoned,
        "retried_connects": troubles.retried,
        "rss_bytes_per_connection": result.rss_bytes_per_connection,
        "anonymous_bytes_per_connection": result.anonymous_bytes_per_connection,
        "server_rss_bytes_start": result.memory.start_bytes,
        "server_rss_bytes_connected": result.memory.connected_bytes,
        "server_cpu_s": _rounded(result.server_cpu_s),
        "generator_cpu_s": _rounded(result.generator_cpu_s),
        "others_cpu_s": _rounded(result.others_cpu_s),
        "generator_lag_p99_ms": result.generator_lag_p99_ms,
        "ready_ms": _rounded(result.ready_ms),
        "connect_s": _rounded(result.connect_s),
        "heartbeats": result.heartbeats,
        "back_p50_s": _seconds(result.back.p50_ms),
        "back_p99_s": _seconds(result.back.p99_ms),
        "back_max_s": _seconds(result.back.max_ms),
        "catch_up_ms": round(median(catch_up), 1) if catch_up else None,
        "catch_up_ms_all": [round(ms, 1) for ms in result.catch_up_ms],
        "plan": plan,
        "settings": result.settings,
        "machine": result.machine,
        "commit": result.commit,
        "version": result.version,
    }
    if bare is not None:
        fields |= {
            "bare_delivered_per_s": bare.bare_median,
            "ratio_to_bare": round(bare.ratio, 3),
            "bare_rates": bare.bare_rates,
            "own_rates": bare.own_rates,
        }
    return msgspec.json.encode(fields)


class Comparison(msgspec.Struct, frozen=True):
    """Rates of the bare path and of ours, run in turns in one session."""

    bare_rates: list[float]
    own_rates: list[float]

    @property
    def bare_median(self) -> float:
        """The bare path's rate."""
        return median(self.bare_rates)

    @property
    def ratio(self) -> float:
        """Our rate as a share of it."""
        return median(self.own_rates) / self.bare_median if self.bare_median else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _seconds(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms / 1000, 3)
