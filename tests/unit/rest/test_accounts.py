"""Accounts, sessions and devices over HTTP."""

import re
from typing import Any

import pytest

from hongyan.ports.link import Identity
from hongyan.services.users.records import Registration
from tests.unit.rest.asking import Asker
from tests.unit.rest.conftest import Edge
from tests.unit.services.users.worlds import ALICE, LAPTOP, PASSWORD, PHONE

CREDENTIALS = {"user_id": "alice", "password": PASSWORD}


async def test_a_life_from_registering_to_logging_out(edge: Edge) -> None:
    ask = edge.client.ask
    made = await ask("POST", "/api/v1/users", CREDENTIALS)
    assert (made.status, made.json) == (201, {"user_id": "alice", "created_ms": edge.world.now_ms})

    session = await ask("POST", "/api/v1/sessions", {**CREDENTIALS, "device_id": "phone", "device_name": "手机"})
    assert session.status == 201
    assert {key: session.json[key] for key in ("user_id", "device_id", "token_type", "expires_in_s")} == {
        "user_id": "alice",
        "device_id": "phone",
        "token_type": "Bearer",
        "expires_in_s": 900,
    }
    assert await edge.world.service.authenticate(session.json["access_token"]) == Identity(ALICE, PHONE)

    refreshed = await ask("POST", "/api/v1/sessions/refresh", {"refresh_token": session.json["refresh_token"]})
    assert refreshed.status == 200
    token = refreshed.json["access_token"]

    me = await ask("GET", "/api/v1/users/me", token=token)
    assert me.json == {"user_id": "alice", "device_id": "phone", "created_ms": edge.world.now_ms}

    await edge.world.granted(device_id=LAPTOP)
    devices = await ask("GET", "/api/v1/devices", token=token)
    assert [(row["device_id"], row["name"], row["current"]) for row in devices.json["devices"]] == [
        ("laptop", "", False),
        ("phone", "手机", True),
    ]
    gone = await ask("DELETE", "/api/v1/devices/laptop", token=token)
    assert (gone.status, gone.body) == (204, b"")

    out = await ask("DELETE", "/api/v1/sessions/current", token=token)
    assert (out.status, out.body) == (204, b"")
    assert (await ask("GET", "/api/v1/users/me", token=token)).json["name"] == "token_revoked"


async def test_a_device_without_an_id_is_given_one(edge: Edge) -> None:
    await edge.client.ask("POST", "/api/v1/users", CREDENTIALS)
    session = await edge.client.ask("POST", "/api/v1/sessions", CREDENTIALS)
    assert session.status == 201
    assert session.json["device_id"]


REFUSED = [
    ("POST", "/api/v1/users", {"user_id": "a b", "password": PASSWORD}, 422, "invalid_field", "user_id"),
    ("POST", "/api/v1/users", {"user_id": "", "password": PASSWORD}, 422, "invalid_field", "user_id"),
    ("POST", "/api/v1/users", {"user_id": "李雷", "password": PASSWORD}, 422, "invalid_field", "user_id"),
    ("POST", "/api/v1/users", {"user_id": "a" * 33, "password": PASSWORD}, 422, "invalid_field", "user_id"),
    ("POST", "/api/v1/users", {"user_id": "System", "password": PASSWORD}, 422, "invalid_field", "reserved"),
    ("POST", "/api/v1/users", {"user_id": "carol", "password": "short"}, 422, "invalid_field", "8 characters"),
    ("POST", "/api/v1/users", {"user_id": "carol", "password": "é" * 600}, 422, "invalid_field", "1024 bytes"),
    ("POST", "/api/v1/users", {"user_id": "carol", "password": "p" * 5_000}, 422, "invalid_field", "password"),
    ("POST", "/api/v1/users", {"user_id": "carol"}, 422, "invalid_field", "password"),
    ("POST", "/api/v1/users", {"user_id": 7, "password": PASSWORD}, 422, "invalid_field", "user_id"),
    ("POST", "/api/v1/users", {**CREDENTIALS, "admin": True}, 422, "invalid_field", "admin"),
    ("POST", "/api/v1/users", CREDENTIALS, 409, "user_exists", "alice"),
    ("POST", "/api/v1/sessions", {**CREDENTIALS, "device_id": "a/b"}, 422, "invalid_field", "device_id"),
    ("POST", "/api/v1/sessions", {**CREDENTIALS, "device_name": "n" * 65}, 422, "invalid_field", "device_name"),
    ("POST", "/api/v1/sessions/refresh", {"refresh_token": "x"}, 401, "token_invalid", "refresh token"),
    ("POST", "/api/v1/sessions/refresh", {"refresh_token": None}, 422, "invalid_field", "refresh_token"),
    ("POST", "/api/v1/sessions/refresh", [], 422, "invalid_field", "body"),
    ("DELETE", "/api/v1/devices/elsewhere", None, 404, "device_unknown", "elsewhere"),
    ("DELETE", "/api/v1/devices/a%20b", None, 422, "invalid_field", "device_id"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name", "word"), REFUSED, ids=[str(number) for number in range(len(REFUSED))]
)
async def test_what_is_wrong_gets_a_problem_that_says_why(
    edge: Edge, method: str, path: str, body: Any, status: int, name: str, word: str
) -> None:
    grant = await edge.world.granted()
    answer = await edge.client.ask(method, path, body, token=grant.access_token)
    assert (answer.status, answer.json["name"]) == (status, name)
    assert word in answer.json["detail"]


async def test_an_unknown_user_and_a_wrong_password_get_the_same_bytes(edge: Edge) -> None:
    await edge.world.service.register(Registration(ALICE, PASSWORD))
    same = [("x-request-id", "same")]
    wrong = await edge.client.ask(
        "POST", "/api/v1/sessions", {"user_id": "alice", "password": "not the password"}, headers=same
    )
    unknown = await edge.client.ask(
        "POST", "/api/v1/sessions", {"user_id": "nobody", "password": "not the password"}, headers=same
    )
    assert wrong.status == 401
    assert (wrong.status, wrong.headers, wrong.body) == (unknown.status, unknown.headers, unknown.body)


OPEN = {
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/sessions/refresh"),
    ("GET", "/api/v1/endpoints"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/version"),
}
SAMPLES = {"conversation_id": "s:alice:bob", "seq": "1"}


async def private_routes(edge: Edge) -> list[tuple[str, str]]:
    """Method and path of every route that is not open to everybody, with values in the path."""
    schema = (await edge.client.ask("GET", "/openapi.json")).json
    routes = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}
    assert routes >= OPEN
    return [
        (method, re.sub(r"{(\w+)}", lambda match: SAMPLES.get(match[1], "sample"), path))
        for method, path in sorted(routes - OPEN)
    ]


async def test_who_shows_no_token_is_asked_for_one(edge: Edge) -> None:
    grant = await edge.world.granted()
    for method, path in await private_routes(edge):
        for headers in (
            [],
            [("cookie", f"token={grant.access_token}")],
            [("authorization", grant.access_token)],
            [("authorization", f"Basic {grant.access_token}")],
        ):
            answer = await edge.client.ask(method, f"{path}?token={grant.access_token}", headers=headers)
            assert (answer.status, answer.json["name"]) == (401, "not_authenticated"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_bad_token_opens_nothing(edge: Edge) -> None:
    grant = await edge.world.granted()
    for method, path in await private_routes(edge):
        answer = await edge.client.ask(method, path, token=grant.refresh_token)
        assert (answer.status, answer.json["name"]) == (401, "token_invalid"), (method, path)
        assert "invalid_token" in answer.headers["www-authenticate"]
    edge.world.now_ms += 900_000
    for method, path in await private_routes(edge):
        answer = await edge.client.ask(method, path, token=grant.access_token)
        # To what only server keys open, a user's token is none at all.
        name = "token_invalid" if path.startswith("/api/v1/server/") else "token_expired"
        assert (answer.status, answer.json["name"]) == (401, name), (method, path)


async def test_every_private_route_says_that_it_wants_a_token(edge: Edge) -> None:
    schema = (await edge.client.ask("GET", "/openapi.json")).json
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert bool(operation.get("security")) == ((method.upper(), path) not in OPEN), (method, path)


async def test_too_many_guesses_are_told_when_to_come_back(edge: Edge) -> None:
    body = {"user_id": "alice", "password": "a wrong guess"}
    statuses = [(await edge.client.ask("POST", "/api/v1/sessions", body)).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = await edge.client.ask("POST", "/api/v1/sessions", body)
    assert answer.json["name"] == "rate_limited"
    assert 0 < int(answer.headers["retry-after"]) * 1_000 - answer.json["retry_after_ms"] + 1_000 <= 2_000
    elsewhere = Asker(edge.client.app, "192.0.2.2")
    assert (await elsewhere.ask("POST", "/api/v1/sessions", body)).status == 401


async def test_registering_is_slowed_by_address(edge: Edge) -> None:
    body = {"user_id": "!", "password": PASSWORD}
    await edge.client.ask("POST", "/api/v1/users", body)
    statuses: dict[int, int] = {}
    for number in range(310):
        # A password too short: the hash is not what is tested here.
        answer = await edge.client.ask("POST", "/api/v1/users", {"user_id": f"u{number}", "password": "short"})
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    assert statuses == {422: 300, 429: 10}


async def test_a_new_password_logs_the_other_devices_out_and_this_one_stays(edge: Edge) -> None:
    here, there = await edge.world.granted(), await edge.world.granted(device_id=LAPTOP)
    wrong = {"old_password": "not the password", "new_password": "another password"}
    answer = await edge.client.ask("PUT", "/api/v1/users/me/password", wrong, token=here.access_token)
    assert (answer.status, answer.json["name"]) == (403, "password_wrong")
    right = {"old_password": PASSWORD, "new_password": "another password"}
    answer = await edge.client.ask("PUT", "/api/v1/users/me/password", right, token=here.access_token)
    assert (answer.status, answer.body) == (204, b"")
    assert (await edge.client.ask("GET", "/api/v1/users/me", token=here.access_token)).status == 200
    assert (await edge.client.ask("GET", "/api/v1/users/me", token=there.access_token)).status == 401


async def test_all_other_devices_are_logged_out_at_once(edge: Edge) -> None:
    here = await edge.world.granted()
    await edge.world.granted(device_id=LAPTOP)
    answer = await edge.client.ask("DELETE", "/api/v1/devices", token=here.access_token)
    assert (answer.status, answer.json) == (200, {"logged_out": 1})
    assert [device.device_id for device in await edge.world.service.devices(ALICE)] == [PHONE]


async def test_who_deletes_his_account_is_out_for_good(edge: Edge) -> None:
    grant = await edge.world.granted()
    asked = {"password": "not the password"}
    answer = await edge.client.ask("POST", "/api/v1/users/me/deletion", asked, token=grant.access_token)
    assert (answer.status, answer.json["name"]) == (403, "password_wrong")
    answer = await edge.client.ask(
        "POST", "/api/v1/users/me/deletion", {"password": PASSWORD}, token=grant.access_token
    )
    assert (answer.status, answer.body) == (204, b"")
    assert (await edge.client.ask("GET", "/api/v1/users/me", token=grant.access_token)).status == 401
    assert (await edge.client.ask("POST", "/api/v1/sessions", CREDENTIALS)).json["name"] == "wrong_credentials"
    assert (await edge.client.ask("POST", "/api/v1/users", CREDENTIALS)).json["name"] == "user_exists"


async def test_the_platform_of_a_device_is_shown(edge: Edge) -> None:
    await edge.client.ask("POST", "/api/v1/users", CREDENTIALS)
    asked = {**CREDENTIALS, "device_id": "phone", "platform": "phone"}
    session = await edge.client.ask("POST", "/api/v1/sessions", asked)
    devices = await edge.client.ask("GET", "/api/v1/devices", token=session.json["access_token"])
    assert [row["platform"] for row in devices.json["devices"]] == ["phone"]
    refused = await edge.client.ask("POST", "/api/v1/sessions", {**CREDENTIALS, "platform": "toaster"})
    assert refused.status == 422
