"""Whatever goes wrong is a problem with a code, and nothing is told that was meant for nobody."""

import json
from pathlib import Path
from typing import Any

import pytest

from hongyan.model.codes import ERRORS
from hongyan.rest.problems import BODY_BYTES
from hongyan.telemetry import set_up_logging
from tests.unit.rest.conftest import Edge

SECRET = "a s3cret that nobody repeats"

WRONG = [
    ("GET", "/nothing/here", None, 404, "path_unknown"),
    ("GET", "/api/v1/users/me/", None, 404, "path_unknown"),
    ("GET", "/docs", None, 404, "path_unknown"),
    ("GET", "/redoc", None, 404, "path_unknown"),
    ("GET", "/static/../secrets/tokens.json", None, 404, "path_unknown"),
    ("PUT", "/api/v1/users", None, 405, "method_not_allowed"),
    ("POST", "/healthz", None, 405, "method_not_allowed"),
    ("OPTIONS", "/api/v1/users", None, 405, "method_not_allowed"),
    ("POST", "/api/v1/users", b"", 422, "invalid_field"),
    ("POST", "/api/v1/users", b"{", 422, "invalid_field"),
    ("POST", "/api/v1/users", b"\xff\xfe", 422, "invalid_field"),
    ("POST", "/api/v1/users", b"[" * 60_000, 422, "invalid_field"),
    ("POST", "/api/v1/users", b'{"user_id":' * 5_000, 422, "invalid_field"),
    ("POST", "/api/v1/users", b'{"user_id": NaN, "password": Infinity}', 422, "invalid_field"),
    ("POST", "/api/v1/users", b'{"user_id": "bob", "password": "\\ud800 lone surrogate"}', 422, "invalid_field"),
    ("POST", "/api/v1/users", b" " * (BODY_BYTES + 1), 413, "packet_too_large"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "name"), WRONG, ids=[str(n) for n in range(len(WRONG))])
async def test_every_wrong_request_gets_a_problem_with_a_code(
    edge: Edge, method: str, path: str, body: Any, status: int, name: str
) -> None:
    answer = await edge.client.ask(method, path, body)
    assert (answer.status, answer.json["name"]) == (status, name)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert ERRORS[problem["code"]].__name__.lower() == name.replace("_", "")
    assert problem["status"] == status
    assert problem["type"] == f"urn:hongyan:error:{name}"
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert edge.metrics.refusals == {name: 1}


async def test_a_method_that_is_not_possible_is_told_with_those_that_are(edge: Edge) -> None:
    answer = await edge.client.ask("PUT", "/api/v1/users")
    assert answer.headers["allow"] == "POST"


async def test_a_body_announced_too_large_is_refused_before_it_is_read(edge: Edge) -> None:
    answer = await edge.client.ask("POST", "/api/v1/users", b"{}", headers=[("content-length", "99999999")])
    assert (answer.status, answer.json["name"]) == (413, "packet_too_large")
    assert "99999999 bytes" in answer.json["detail"]


async def test_a_form_of_another_site_is_no_json(edge: Edge) -> None:
    headers = [("content-type", "text/plain")]
    body = json.dumps({"user_id": "bob", "password": SECRET}).encode()
    answer = await edge.client.ask("POST", "/api/v1/users", body, headers=headers)
    assert (answer.status, answer.json["name"]) == (422, "invalid_field")


async def test_every_wrong_field_is_listed_and_no_value_repeated(edge: Edge) -> None:
    answer = await edge.client.ask("POST", "/api/v1/users", {"user_id": [SECRET], "password": {SECRET: 1}, "x": SECRET})
    assert sorted(row["field"] for row in answer.json["errors"]) == ["password", "user_id", "x"]
    assert SECRET not in answer.body.decode()


@pytest.mark.blocks("a traceback reads the source it shows")
async def test_what_nobody_foresaw_is_an_internal_error_with_a_reference_and_is_logged(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_user_id: str) -> None:
        raise ZeroDivisionError(f"while {SECRET}")

    set_up_logging("info", json=False)
    grant = await edge.world.granted()
    monkeypatch.setattr(edge.world.service, "devices", fail)
    answer = await edge.client.ask(
        "GET", "/api/v1/devices", token=grant.access_token, headers=[("x-request-id", "r-1")]
    )
    assert (answer.status, answer.json["name"]) == (500, "internal")
    assert "r-1" in answer.json["detail"]
    assert SECRET not in answer.body.decode()
    assert edge.metrics.refusals == {"internal": 1}
    logged = "".join(capsys.readouterr())
    assert "r-1" in logged
    assert "ZeroDivisionError" in logged
    assert grant.access_token not in logged


async def test_a_token_is_never_repeated(edge: Edge) -> None:
    token = "eyJhbGciOiJub25lIn0.s3cret.x"
    for method, path in (("GET", "/api/v1/users/me"), ("GET", f"/nothing?token={token}")):
        answer = await edge.client.ask(method, path, token=token)
        assert token not in answer.body.decode()
        assert token not in str(answer.headers)


async def test_the_reasons_stay_the_same_in_the_table_of_codes(edge: Edge) -> None:
    table = (Path(__file__).parents[3] / "docs/reference/codes.md").read_text()
    assert "| `path_unknown` |" in table
    assert "| `method_not_allowed` |" in table
