"""CPU and memory of the server and the generator through a run, at the pace of the run's own waiting."""

import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from hongyan.cli.bench.procfs import machine_cpu_s, usage
from hongyan.cli.bench.schedule import NS_PER_S
from hongyan.cli.bench.window import Window

EVERY_NS = NS_PER_S // 5


class Sample(msgspec.Struct, frozen=True):
    """A moment of the monotonic clock: CPU seconds so far, of the whole machine too, and the server's resident bytes."""

    at_ns: int
    server_cpu_s: float
    server_rss_bytes: int
    generator_cpu_s: float
    machine_cpu_s: float = 0.0


class Sampler:
    """Keeps samples. A server pid of 0 means that the server is not ours to see."""

    def __init__(self, server_pid: int) -> None:
        self._server_pid = server_pid
        self._generators: Sequence[int] = ()
        self.samples: list[Sample] = []

    def watch(self, generators: Sequence[int]) -> None:
        """These processes are the generator."""
        self._generators = generators

    def look(self) -> None:
        """Takes a sample if the last one is old enough."""
        now = time.monotonic_ns()
        if self.samples and now - self.samples[-1].at_ns < EVERY_NS:
            return
        server = usage(self._server_pid) if self._server_pid else None
        cpu_s = sum(found.cpu_s for pid in self._generators if (found := usage(pid)) is not None)
        rss_bytes = server.rss_bytes if server else 0
        self.samples.append(Sample(now, server.cpu_s if server else 0.0, rss_bytes, cpu_s, machine_cpu_s() or 0.0))

    def server_cpu_s(self, window: Window) -> float:
        """What the server used while it was measured."""
        return self._at(window.stop_ns, "server_cpu_s") - self._at(window.measure_ns, "server_cpu_s")

    def generator_cpu_s(self, window: Window) -> float:
        """What the generator used in that time."""
        return self._at(window.stop_ns, "generator_cpu_s") - self._at(window.measure_ns, "generator_cpu_s")

    def others_cpu_s(self, window: Window) -> float:
        """What everybody else used of the machine in that time: it is missing from our figures."""
        whole = self._at(window.stop_ns, "machine_cpu_s") - self._at(window.measure_ns, "machine_cpu_s")
        return max(0.0, whole - self.server_cpu_s(window) - self.generator_cpu_s(window))

    def _at(self, at_ns: int, name: str) -> float:
        """A total at a moment, between the samples before and after it."""
        samples = self.samples
        if not samples:
            return 0.0
        right = bisect_left(samples, at_ns, key=lambda sample: sample.at_ns)
        if right in (0, len(samples)):
            return float(getattr(samples[min(right, len(samples) - 1)], name))
        before, after = samples[right - 1], samples[right]
        share = (at_ns - before.at_ns) / (after.at_ns - before.at_ns)
        low, high = float(getattr(before, name)), float(getattr(after, name))
        return low + (high - low) * share

    def load(self, window: Window) -> list[tuple[float, float, float]]:
        """(second since the start, cores the server used, cores the generator used) from sample to sample."""
        rows = []
        for before, after in pairwise(self.samples):
            span_s = (after.at_ns - before.at_ns) / NS_PER_S
            server = (after.server_cpu_s - before.server_cpu_s) / span_s
            generator = (after.generator_cpu_s - before.generator_cpu_s) / span_s
            rows.append(((before.at_ns - window.start_ns) / NS_PER_S, server, generator))
        return [row for row in rows if 0 <= row[0] <= (window.stop_ns - window.start_ns) / NS_PER_S]
