"""The application as a whole."""

from tests.unit.rest.conftest import Edge


async def test_openapi_tells_every_route_and_that_errors_are_problems(edge: Edge) -> None:
    answer = await edge.client.ask("GET", "/openapi.json")
    schema = answer.json
    assert set(schema["paths"]) >= {
        "/api/v1/users",
        "/api/v1/users/me",
        "/api/v1/sessions",
        "/api/v1/sessions/refresh",
        "/api/v1/sessions/current",
        "/api/v1/devices",
        "/api/v1/devices/{device_id}",
        "/api/v1/endpoints",
        "/healthz",
        "/readyz",
        "/metrics",
        "/version",
    }
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            for status, told in operation["responses"].items():
                if status[0] in "45":
                    problem = {"$ref": "#/components/schemas/Problem"}
                    assert told["content"] == {"application/problem+json": {"schema": problem}}, (method, path, status)
            if path.startswith("/api/"):
                assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]


async def test_operation_ids_are_unique(edge: Edge) -> None:
    schema = (await edge.client.ask("GET", "/openapi.json")).json
    ids = [operation["operationId"] for methods in schema["paths"].values() for operation in methods.values()]
    assert len(set(ids)) == len(ids)
