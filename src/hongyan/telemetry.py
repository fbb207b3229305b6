"""Logs and metrics: every name is declared here, once.

The hot path adds to plain integers; Prometheus' own objects are made only when somebody scrapes. Log lines never hold a
token, a password or the body of a message.
"""

import asyncio
import logging
import re
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from prometheus_client.core import Metric

EXPOSITION_TYPE = "text/plain; version=1.0.0; charset=utf-8"
_SECRET_NAME = re.compile("token|password|secret|authorization", re.IGNORECASE)
# An access token is a JWT; a refresh token says by its first letters what it is.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]*\.[\w-]*|hyr_[\w-]+", re.ASCII)
BOUNDS_MS = (0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 200, 500, 1_000, 2_500, 5_000, 10_000)


class LatencyHistogram:
    """Counts of latencies under the bounds of `BOUNDS_MS`, the last for all above."""

    __slots__ = ("counts", "sum_ms")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_MS) + 1)
        self.sum_ms = 0.0

    def observe_ms(self, latency_ms: float, count: int = 1) -> None:
        """Counts one, or several that took as long."""
        self.counts[bisect_left(BOUNDS_MS, latency_ms)] += count
        self.sum_ms += latency_ms * count


class Metrics:
    """What one process counts. Plain attributes, so that counting costs an addition.

    `sends` are submissions that were admitted, `deliveries` entries written to a connection, `refusals` and `closes` by the
    code's name.
    """

    def __init__(self) -> None:
        self.sends = 0
        self.deliveries = 0
        self.dead_letters = 0
        self.signals_dropped = 0
        self.throttled = 0
        self.refusals: dict[str, int] = {}
        self.closes: dict[str, int] = {}
        self.receipt_latency = LatencyHistogram()
        self.delivery_latency = LatencyHistogram()
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def refused(self, name: str) -> None:
        """Counts a refusal."""
        self.refusals[name] = self.refusals.get(name, 0) + 1

    def closed(self, name: str) -> None:
        """Counts a connection closed from our side."""
        self.closes[name] = self.closes.get(name, 0) + 1

    def gauge(self, name: str, sentence: str, read: Callable[[], float]) -> None:
        """Declares a value that is read when scraped."""
        self.gauges[name] = (sentence, read)

    def collect(self) -> "Iterator[Metric]":
        """All of it for prometheus_client; this makes an instance a Collector."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - only a scrape needs it

        for name, sentence, value in (
            ("hongyan_sends", "Submissions admitted.", self.sends),
            ("hongyan_deliveries", "Entries written to connections.", self.deliveries),
            ("hongyan_dead_letters", "Records that could not be applied.", self.dead_letters),
            ("hongyan_signals_dropped", "Signals that were too many, or came under load.", self.signals_dropped),
            ("hongyan_throttled", "Packets after which a connection was not read for a moment.", self.throttled),
        ):
            yield CounterMetricFamily(name, sentence, value=value)
        for name, sentence, counts in (
            ("hongyan_refusals", "Requests refused, by code.", self.refusals),
            ("hongyan_closes", "Connections closed by the server, by code.", self.closes),
        ):
            family = CounterMetricFamily(name, sentence, labels=["code"])
            for code, count in counts.items():
                family.add_metric([code], count)
            yield family
        yield _histogram("hongyan_receipt_latency_seconds", "From admission to the receipt.", self.receipt_latency)
        yield _histogram("hongyan_delivery_latency_seconds", "From admission to the push.", self.delivery_latency)
        for name, (sentence, read) in self.gauges.items():
            yield GaugeMetricFamily(name, sentence, value=read())


def _histogram(name: str, sentence: str, histogram: LatencyHistogram) -> "Metric":
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - only a scrape needs it

    total, buckets = 0, []
    for bound_ms, count in zip((*BOUNDS_MS, float("inf")), histogram.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound_ms == float("inf") else str(bound_ms / 1000), total))
    family = HistogramMetricFamily(name, sentence)
    family.add_metric([], buckets, histogram.sum_ms / 1000)
    return family


async def exposition(metrics: Metrics) -> bytes:
    """All metrics and those of the process, in the text format of Prometheus; `EXPOSITION_TYPE` is its media type."""
    # Importing and reading /proc block, so a thread does it; our own numbers belong to the loop.
    process = await asyncio.to_thread(_process_metrics)
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - only a scrape needs it

    registry = CollectorRegistry()
    registry.register(_Scrape([*metrics.collect(), *process]))
    return generate_latest(registry)


def _process_metrics() -> "list[Metric]":
    from prometheus_client import ProcessCollector  # noqa: PLC0415 - only a scrape needs it

    return list(ProcessCollector(registry=None).collect())


class _Scrape:
    """What one scrape found, as a Collector."""

    def __init__(self, families: "list[Metric]") -> None:
        self._families = families

    def collect(self) -> "list[Metric]":
        """All of it."""
        return self._families


class LoopLag:
    """How late the event loop runs what was due: the newest sample, in seconds."""

    def __init__(self) -> None:
        self.lag_s = 0.0

    async def run(self) -> None:
        """Samples four times a second until cancelled."""
        while True:
            due = time.perf_counter() + 0.25
            await asyncio.sleep(0.25)
            self.lag_s = max(0.0, time.perf_counter() - due)


def get_logger(name: str) -> Any:
    """A logger with bound fields; `log` is the other thing."""
    return structlog.get_logger(name)


def set_up_logging(level: str, *, json: bool) -> None:
    """Log lines on standard error, as JSON or for people. `level` is debug, info, warning or error.

    What libraries log through the standard library takes the same way.
    """
    # Tracebacks are plain: structlog's rich ones show local variables, and those may be tokens.
    plain = structlog.dev.plain_traceback
    people = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False) if json else people,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Bridge()], level=level.upper(), force=True)
    # picows tells of every connection at this level.
    logging.getLogger("picows").setLevel(logging.WARNING)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: nothing that is named like a secret, and nothing shaped like a token, is written."""
    for name, value in event.items():
        if _SECRET_NAME.search(name):
            event[name] = "(redacted)"
        elif isinstance(value, str):
            event[name] = _TOKEN.sub("(redacted)", value)
    return event


class _Bridge(logging.Handler):
    """From the standard library's logging to ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        logger = structlog.get_logger(record.name)
        try:
            logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
        except Exception:  # noqa: BLE001 - as every handler: a line that cannot be written stops nothing
            self.handleError(record)
