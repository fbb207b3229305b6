"""Latencies as HDR histograms of microseconds: three digits, up to a minute; one a process, merged afterwards."""

from collections import Counter
from collections.abc import Iterable

import msgspec
from hdrh.histogram import HdrHistogram

MAX_US = 60_000_000


class Quantiles(msgspec.Struct, frozen=True):
    """The figures of one distribution; None when nothing was measured."""

    count: int = 0
    mean_ms: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    max_ms: float | None = None


def record(latencies_ns: Iterable[int]) -> bytes:
    """A histogram of latencies in nanoseconds, encoded to travel between processes.

    Values are counted first: recording one by one costs a microsecond each, and millions may come.
    """
    histogram = HdrHistogram(1, MAX_US, 3)
    for value_us, count in Counter(value // 1000 for value in latencies_ns).items():
        histogram.record_value(min(max(value_us, 1), MAX_US), count)
    return bytes(histogram.encode())


def merge(encoded: Iterable[bytes]) -> HdrHistogram:
    """One histogram of those of several processes; empty bytes stand for a process that measured nothing."""
    merged = HdrHistogram(1, MAX_US, 3)
    for one in filter(None, encoded):
        merged.decode_and_add(one)
    return merged


def quantiles(histogram: HdrHistogram) -> Quantiles:
    """The usual figures, in milliseconds."""
    count = histogram.get_total_count()
    if not count:
        return Quantiles()

    def at(percentile: float) -> float:
        return float(histogram.get_value_at_percentile(percentile)) / 1000

    mean_ms = round(histogram.get_mean_value() / 1000, 3)
    return Quantiles(count, mean_ms, at(50), at(90), at(99), at(99.9), histogram.get_max_value() / 1000)


def curve(histogram: HdrHistogram) -> list[tuple[float, float]]:
    """(percentile, milliseconds), closer together the further out: the tail is what matters."""
    if not histogram.get_total_count():
        return []
    percentiles = [0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.975, 99.99, 99.999]
    return [(p, histogram.get_value_at_percentile(p) / 1000) for p in percentiles]
