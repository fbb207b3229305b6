"""What holds for every answer."""

import pytest

from tests.unit.rest.conftest import Edge


async def test_a_request_has_a_name_which_the_client_may_choose(edge: Edge) -> None:
    first, second = [await edge.client.ask("GET", "/healthz") for _ in range(2)]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    chosen = await edge.client.ask("GET", "/healthz", headers=[("x-request-id", "a.b:c-1")])
    assert chosen.headers["x-request-id"] == "a.b:c-1"


@pytest.mark.parametrize("name", ["a b", "é", "x" * 65, "", "a\x1b[31m", "<script>"])
async def test_a_name_that_could_harm_a_log_is_replaced(edge: Edge, name: str) -> None:
    answer = await edge.client.ask("GET", "/healthz", headers=[("x-request-id", name)])
    assert answer.headers["x-request-id"].isalnum()


async def test_no_answer_of_the_api_is_kept_by_a_cache(edge: Edge) -> None:
    grant = await edge.world.granted()
    for method, path in (("GET", "/api/v1/users/me"), ("GET", "/api/v1/nothing"), ("POST", "/api/v1/sessions")):
        answer = await edge.client.ask(method, path, token=grant.access_token)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/users/me", "/nothing", "/metrics", "/openapi.json"])
async def test_no_other_site_may_read_frame_or_sniff(edge: Edge, path: str) -> None:
    answer = await edge.client.ask("GET", path, headers=[("origin", "https://evil.example")])
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
