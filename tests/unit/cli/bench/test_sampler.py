"""CPU of a window out of samples around it."""

import os
from pathlib import Path

import msgspec
import pytest

from hongyan.cli.bench.sampler import Sample, Sampler
from hongyan.cli.bench.schedule import NS_PER_S
from hongyan.cli.bench.window import Window

S = NS_PER_S


def sampled(*rows: tuple[float, float, float]) -> Sampler:
    """Samples of (second, server CPU, generator CPU)."""
    sampler = Sampler(0)
    sampler.samples = [Sample(round(at * S), server, 0, generator) for at, server, generator in rows]
    return sampler


def test_a_moment_between_two_samples_is_between_their_values() -> None:
    sampler = sampled((0, 1.0, 0.0), (2, 3.0, 1.0), (4, 3.0, 2.0))
    window = Window(0, 1 * S, 3 * S)
    assert sampler.server_cpu_s(window) == pytest.approx(1.0)
    assert sampler.generator_cpu_s(window) == pytest.approx(1.0)


def test_a_window_beyond_the_samples_is_judged_by_those_there_are() -> None:
    assert sampled((0, 1.0, 0.0), (1, 2.0, 0.0)).server_cpu_s(Window(0, 0, 9 * S)) == pytest.approx(1.0)
    assert sampled().server_cpu_s(Window(0, 0, S)) == 0.0


def test_what_others_used_is_what_is_left_of_the_machine() -> None:
    sampler = sampled((0, 1.0, 0.0), (1, 1.5, 0.25))
    sampler.samples = [
        msgspec.structs.replace(sample, machine_cpu_s=100.0 + 2.0 * index)
        for index, sample in enumerate(sampler.samples)
    ]
    assert sampler.others_cpu_s(Window(0, 0, S)) == pytest.approx(1.25)


def test_load_is_cores_from_sample_to_sample() -> None:
    sampler = sampled((10.0, 1.0, 0.0), (10.5, 1.5, 0.1), (11.5, 1.5, 0.1))
    first, second = sampler.load(Window(10 * S, 10 * S, 12 * S))
    assert first == pytest.approx((0.0, 1.0, 0.2))
    assert second == pytest.approx((0.5, 0.0, 0.0))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the kernel shows no processes here")
def test_a_look_sees_this_process() -> None:
    sampler = Sampler(os.getpid())
    sampler.watch([os.getpid()])
    sampler.look()
    sampler.look()
    assert len(sampler.samples) == 1, "the second look came too soon"
    assert sampler.samples[0].server_rss_bytes > 1 << 20
    assert sampler.samples[0].generator_cpu_s > 0
