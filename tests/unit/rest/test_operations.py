"""Health, readiness, metrics, version and endpoints."""

from hongyan import __version__
from tests.unit.rest.conftest import Edge


async def test_the_process_is_alive_from_the_start_and_ready_when_it_says_so(edge: Edge) -> None:
    assert (await edge.client.ask("GET", "/healthz")).json == {"status": "ok"}
    waiting = await edge.client.ask("GET", "/readyz")
    assert (waiting.status, waiting.json["name"], waiting.headers["retry-after"]) == (503, "unavailable", "1")
    edge.status.ready = True
    assert (await edge.client.ask("GET", "/readyz")).json == {"status": "ready"}
    assert (await edge.client.ask("HEAD", "/readyz")).status == 200


async def test_metrics_are_what_prometheus_reads(edge: Edge) -> None:
    edge.metrics.sends = 7
    edge.metrics.gauge("hongyan_connections", "Open connections.", lambda: 3)
    edge.metrics.delivery_latency.observe_ms(4)
    await edge.client.ask("GET", "/nothing")
    page = await edge.client.ask("GET", "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    lines = page.body.decode().splitlines()
    for line in (
        "hongyan_sends_total 7.0",
        "hongyan_connections 3.0",
        'hongyan_refusals_total{code="path_unknown"} 1.0',
        'hongyan_delivery_latency_seconds_bucket{le="0.003"} 0.0',
        'hongyan_delivery_latency_seconds_bucket{le="0.005"} 1.0',
        'hongyan_delivery_latency_seconds_bucket{le="+Inf"} 1.0',
        "hongyan_delivery_latency_seconds_sum 0.004",
    ):
        assert line in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


async def test_the_version_is_told(edge: Edge) -> None:
    assert (await edge.client.ask("GET", "/version")).json == {"version": __version__}


async def test_endpoints_name_a_host_that_the_client_can_reach(edge: Edge) -> None:
    assert (await edge.client.ask("GET", "/api/v1/endpoints")).json == {"ws": "", "tcp": ""}
    edge.status.ws_url, edge.status.tcp_url = "ws://0.0.0.0:8081", "tcp://127.0.0.1:8082"
    answer = await edge.client.ask("GET", "/api/v1/endpoints")
    assert answer.json == {"ws": "ws://hongyan.test:8081", "tcp": "tcp://127.0.0.1:8082"}
