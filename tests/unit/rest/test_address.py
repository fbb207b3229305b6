import msgspec

from hongyan.rest import build_rest
from tests.unit.rest.asking import Asker
from tests.unit.rest.conftest import Edge


async def test_an_address_that_asks_too_often_gets_a_problem_with_the_time_to_wait(edge: Edge) -> None:
    services = msgspec.structs.replace(
        edge.services, address_wait=lambda address: 1_500 if address == "192.0.2.1" else 0
    )
    app = build_rest(services)
    answer = await Asker(app, "192.0.2.1").ask("GET", "/healthz", headers=[("x-request-id", "mine")])
    assert answer.status == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json["name"], answer.json["retry_after_ms"]) == ("rate_limited", 1_500)
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["x-request-id"] == answer.json["request_id"] == "mine"
    assert edge.metrics.refusals == {"rate_limited": 1}
    assert (await Asker(app, "192.0.2.2").ask("GET", "/healthz")).status == 200


async def test_where_addresses_are_not_counted_everybody_passes(edge: Edge) -> None:
    for _ in range(100):
        assert (await edge.client.ask("GET", "/healthz")).status == 200
