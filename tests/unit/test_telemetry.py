"""Logs and metrics: what is written, and what never is."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hongyan.telemetry import BOUNDS_MS, LatencyHistogram, LoopLag, Metrics, exposition, get_logger, set_up_logging

ACCESS = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
REFRESH = "hyr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Gives back what a test sets up."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


# Metrics


@given(st.lists(st.floats(0, 20_000), max_size=50))
def test_a_histogram_counts_each_latency_in_its_bucket(latencies_ms: list[float]) -> None:
    histogram = LatencyHistogram()
    for latency_ms in latencies_ms:
        histogram.observe_ms(latency_ms)
    assert sum(histogram.counts) == len(latencies_ms)
    assert histogram.sum_ms == pytest.approx(sum(latencies_ms))
    for index, bound_ms in enumerate(BOUNDS_MS):
        assert sum(histogram.counts[: index + 1]) == sum(latency_ms <= bound_ms for latency_ms in latencies_ms)


async def scraped(metrics: Metrics) -> dict[str, float]:
    """Every sample of a scrape by its name and labels."""
    lines = (await exposition(metrics)).decode().splitlines()
    samples = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


async def test_what_was_counted_is_exposed() -> None:
    metrics = Metrics()
    metrics.sends, metrics.deliveries, metrics.dead_letters = 3, 5, 1
    for _ in range(2):
        metrics.refused("not_a_member")
    metrics.closed("slow_consumer")
    metrics.gauge("hongyan_connections", "Open connections.", lambda: 42)
    metrics.receipt_latency.observe_ms(0.7)
    metrics.receipt_latency.observe_ms(99_999)
    samples = await scraped(metrics)
    assert samples["hongyan_sends_total"] == 3
    assert samples["hongyan_deliveries_total"] == 5
    assert samples["hongyan_dead_letters_total"] == 1
    assert samples['hongyan_refusals_total{code="not_a_member"}'] == 2
    assert samples['hongyan_closes_total{code="slow_consumer"}'] == 1
    assert samples["hongyan_connections"] == 42
    assert samples['hongyan_receipt_latency_seconds_bucket{le="0.0005"}'] == 0
    assert samples['hongyan_receipt_latency_seconds_bucket{le="0.001"}'] == 1
    assert samples['hongyan_receipt_latency_seconds_bucket{le="10.0"}'] == 1
    assert samples['hongyan_receipt_latency_seconds_bucket{le="+Inf"}'] == 2
    assert samples["hongyan_receipt_latency_seconds_count"] == 2
    assert samples["process_resident_memory_bytes"] > 0


async def test_a_gauge_is_read_at_each_scrape() -> None:
    metrics, depth = Metrics(), 0
    metrics.gauge("hongyan_queue", "Waiting.", lambda: depth)
    assert (await scraped(metrics))["hongyan_queue"] == 0
    depth = 7
    assert (await scraped(metrics))["hongyan_queue"] == 7


async def test_the_lag_of_a_free_loop_is_small_and_of_a_held_one_is_what_held_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    late_s = 0.0
    laps = 0

    async def sleep(wait_s: float) -> None:
        nonlocal now_s, laps
        laps += 1
        now_s += wait_s + late_s
        if laps == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr("hongyan.telemetry.asyncio.sleep", sleep)
    monkeypatch.setattr("hongyan.telemetry.time.perf_counter", lambda: now_s)
    for late_s in (0.0, 1.5):
        lag, laps = LoopLag(), 0
        with pytest.raises(asyncio.CancelledError):
            await lag.run()
        assert lag.lag_s == pytest.approx(late_s)


# Logs


def test_json_lines_are_objects_with_the_fields_that_were_bound(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", json=True)
    get_logger("x").info("鸿雁 flies", offset=7)
    get_logger("x").debug("unheard")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["event"], line["level"], line["offset"]) == ("鸿雁 flies", "info", 7)
    assert line["timestamp"].endswith("Z")
    assert "鸿雁" in lines[0], "readable without decoding"


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_written_by_name_or_by_shape_or_in_a_traceback(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    set_up_logging("debug", json=as_json)
    logger = get_logger("x")
    logger.info("named", password="pass-canary", access_token="token-canary", Authorization="header-canary")
    logger.info("shaped %s", ACCESS, refresh=REFRESH, url=f"ws://x/?t={ACCESS}")
    local = "local canary".upper()  # its value stands in no line of source that a traceback shows
    try:
        raise ValueError(f"{local[:0]}refused {ACCESS}")
    except ValueError:
        logger.exception("raised")
        logging.getLogger("library").exception("raised there, %s", REFRESH)
    written = capsys.readouterr().err
    assert written.count("refused (redacted)") == 2
    for secret in ("pass-canary", "token-canary", "header-canary", local, ACCESS, REFRESH):
        assert secret not in written


def test_what_libraries_log_takes_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("warning", json=True)
    logging.getLogger("uvicorn.error").warning("odd %s", "thing")
    logging.getLogger("uvicorn.error").info("unheard")
    logging.getLogger("picows").info("unheard")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["logger"], line["level"]) == ("odd thing", "uvicorn.error", "warning")
