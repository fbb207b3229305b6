"""Server keys over HTTP: what they open, and that nothing else does."""

from typing import Any

import pytest

from tests.unit.rest.asking import Answer
from tests.unit.rest.conftest import Edge

HELLO = {"text": {"text": "hello 你好"}}


async def key_of(edge: Edge, *scopes: str) -> str:
    """A key with these scopes."""
    return (await edge.services.integrators.keys.create("test", scopes)).text


async def ask(edge: Edge, scope: str, method: str, path: str, body: Any = None) -> Answer:
    """A request with a key of one scope."""
    return await edge.client.ask(method, f"/api/v1/server{path}", body, await key_of(edge, scope))


async def server_routes(edge: Edge) -> list[tuple[str, str]]:
    """Every route that only keys open."""
    schema = (await edge.client.ask("GET", "/openapi.json")).json
    return [
        (method.upper(), path.replace("{report_id}", "1").replace("{", "x").replace("}", "x"))
        for path, methods in schema["paths"].items()
        for method in methods
        if path.startswith("/api/v1/server")
    ]


async def test_no_route_of_servers_opens_without_a_key_or_with_a_users_token_or_another_scope(edge: Edge) -> None:
    user = (await edge.world.granted()).access_token
    routes = await server_routes(edge)
    assert len(routes) > 20
    reports, keys = await key_of(edge, "reports"), await key_of(edge, "keys")
    for method, path in routes:
        body: dict[str, str] | None = {} if method in {"POST", "PUT"} else None
        nobody = await edge.client.ask(method, path, body)
        assert (nobody.status, nobody.json["name"]) == (401, "not_authenticated"), (method, path)
        person = await edge.client.ask(method, path, body, user)
        assert (person.status, person.json["name"]) == (401, "token_invalid"), (method, path)
        other = keys if "/reports" in path else reports
        foreign = await edge.client.ask(method, path, body, other)
        assert (foreign.status, foreign.json["name"]) == (403, "scope_missing"), (method, path)


async def test_a_key_opens_nothing_that_is_a_users(edge: Edge) -> None:
    key = await key_of(edge, "keys", "users", "tokens", "messages")
    for path in ("/api/v1/users/me", "/api/v1/devices"):
        assert (await edge.client.ask("GET", path, token=key)).json["name"] == "token_invalid"


async def test_keys_are_made_listed_and_revoked(edge: Edge) -> None:
    key = await key_of(edge, "keys", "users")
    made = await edge.client.ask("POST", "/api/v1/server/keys", {"name": "shop", "scopes": ["users"]}, key)
    assert made.status == 201
    assert (await edge.client.ask("POST", "/api/v1/server/users", {"user_id": "zoe"}, made.json["key"])).status == 200
    more = await edge.client.ask("POST", "/api/v1/server/keys", {"name": "shop", "scopes": ["tokens"]}, key)
    assert more.json["name"] == "scope_missing"
    listed = (await edge.client.ask("GET", "/api/v1/server/keys", token=key)).json["keys"]
    assert {row["name"] for row in listed} == {"shop", "test"}
    assert all("key" not in row and "digest" not in row for row in listed)
    path = f"/api/v1/server/keys/{made.json['key_id']}"
    assert (await edge.client.ask("DELETE", path, token=key)).status == 204
    gone = await edge.client.ask("POST", "/api/v1/server/users", {"user_id": "zoe"}, made.json["key"])
    assert gone.json["name"] == "token_invalid"


async def test_own_users_come_in_with_minted_tokens_and_are_logged_out(edge: Edge) -> None:
    for created in (True, False):
        answer = await ask(edge, "users", "POST", "/users", {"user_id": "zoe"})
        assert answer.json == {"user_id": "zoe", "created": created}
    minted = await ask(edge, "tokens", "POST", "/users/zoe/tokens", {"device_id": "phone"})
    assert minted.status == 201
    me = await edge.client.ask("GET", "/api/v1/users/me", token=minted.json["access_token"])
    assert (me.json["user_id"], me.json["device_id"]) == ("zoe", "phone")
    for password in ("", "a guess that is long"):
        said = {"user_id": "zoe", "password": password}
        assert (await edge.client.ask("POST", "/api/v1/sessions", said)).status == 401
    assert (await ask(edge, "users", "DELETE", "/users/zoe/sessions")).json == {"devices": 1}
    gone = await edge.client.ask("GET", "/api/v1/users/me", token=minted.json["access_token"])
    assert gone.json["name"] == "token_revoked"
    assert (await ask(edge, "tokens", "POST", "/users/nobody/tokens", {})).json["name"] == "user_unknown"
    assert (await ask(edge, "users", "POST", "/users", {"user_id": "system"})).status == 422


async def test_a_key_sends_as_a_user_once_a_key_and_as_the_system_if_it_may(edge: Edge) -> None:
    for user_id in ("alice", "bob"):
        await ask(edge, "users", "POST", "/users", {"user_id": user_id})
    key = await key_of(edge, "messages", "system")
    body = {"conversation_id": "s:alice:bob", "sender_id": "alice", "content": HELLO}
    named = [("idempotency-key", "order-1")]
    first = await edge.client.ask("POST", "/api/v1/server/messages", body, key, named)
    again = await edge.client.ask("POST", "/api/v1/server/messages", body, key, named)
    assert first.status == 201
    assert first.json == again.json
    assert first.json["seq"] == 1
    other = await edge.client.ask(
        "POST", "/api/v1/server/messages", body | {"content": {"text": {"text": "x"}}}, key, named
    )
    assert (other.status, other.json["name"]) == (409, "submission_conflict")
    notice = {"conversation_id": "n:alice", "content": HELLO}
    assert (await edge.client.ask("POST", "/api/v1/server/messages", notice, key)).json["seq"] == 1
    assert (await ask(edge, "messages", "POST", "/messages", notice)).json["name"] == "scope_missing"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"sender_id": "nobody"}, "user_unknown"),
        ({"sender_id": "bo b"}, "invalid_field"),
        ({"conversation_id": "s:bob:carol"}, "not_a_member"),
        ({"conversation_id": "g:none"}, "not_a_member"),
        ({"conversation_id": "x"}, "invalid_field"),
        ({"content": {}}, "invalid_field"),
        ({"content": {"text": {"text": ""}}}, "invalid_field"),
        ({"content": {"poem": {}}}, "invalid_field"),
        ({"kind": 1}, "invalid_field"),
    ],
)
async def test_what_the_user_could_not_send_a_key_cannot_send_for_him(
    edge: Edge, change: dict[str, Any], name: str
) -> None:
    for user_id in ("alice", "bob"):
        await ask(edge, "users", "POST", "/users", {"user_id": user_id})
    body = {"conversation_id": "s:alice:bob", "sender_id": "alice", "content": HELLO} | change
    assert (await ask(edge, "messages", "POST", "/messages", body)).json["name"] == name


async def test_a_bot_is_an_account_of_a_key_and_no_persons(edge: Edge) -> None:
    await edge.world.granted()
    person = await ask(edge, "bots", "PUT", "/bots/alice", {})
    assert person.json["name"] == "user_exists"
    made = await ask(edge, "bots", "PUT", "/bots/weather", {"commands": [{"name": "天气", "description": "now"}]})
    assert made.status == 200
    changed = await ask(edge, "bots", "PUT", "/bots/weather", {"commands": [{"name": "rain"}]})
    assert changed.json["key_id"] == made.json["key_id"]
    assert (await ask(edge, "bots", "GET", "/bots")).json["bots"] == [changed.json]
    minted = await ask(edge, "bots", "POST", "/bots/weather/tokens", {})
    token = (await edge.world.granted()).access_token
    shown = await edge.client.ask("GET", "/api/v1/bots/weather", token=token)
    assert shown.json == {"bot_id": "weather", "commands": [{"name": "rain", "description": ""}]}
    assert (await edge.client.ask("GET", "/api/v1/users/me", token=minted.json["access_token"])).json[
        "user_id"
    ] == "weather"
    assert (await ask(edge, "bots", "POST", "/bots/alice/tokens", {})).json["name"] == "bot_unknown"
    assert (await ask(edge, "bots", "DELETE", "/bots/weather")).status == 204
    assert (await ask(edge, "bots", "DELETE", "/bots/weather")).json["name"] == "bot_unknown"


async def test_webhooks_are_made_shown_changed_and_removed(edge: Edge) -> None:
    key = await key_of(edge, "webhooks")
    path = "/api/v1/server/webhooks"
    made = await edge.client.ask("POST", path, {"url": "https://example.org/x", "events": ["message.sent"]}, key)
    assert made.status == 201
    assert made.json["secret"].startswith("whsec_")
    one = f"{path}/{made.json['webhook_id']}"
    shown = await edge.client.ask("GET", one, token=key)
    assert shown.json == {name: value for name, value in made.json.items() if name != "secret"}
    assert (await edge.client.ask("GET", path, token=key)).json["webhooks"] == [shown.json]
    changed = await edge.client.ask("PUT", one, {"url": "https://example.org/y"}, key)
    assert (changed.json["url"], changed.json["events"]) == ("https://example.org/y", [])
    rotated = await edge.client.ask("POST", f"{one}/secret", token=key)
    assert rotated.json["secret"] != made.json["secret"]
    assert (await edge.client.ask("DELETE", one, token=key)).status == 204
    assert (await edge.client.ask("GET", one, token=key)).json["name"] == "webhook_unknown"
    refused = await edge.client.ask("POST", path, {"url": "ftp://example.org"}, key)
    assert refused.json["errors"] or refused.json["name"] == "invalid_field"


async def test_deliveries_are_paged_and_replayed(edge: Edge) -> None:
    key = await key_of(edge, "webhooks")
    made = await edge.client.ask("POST", "/api/v1/server/webhooks", {"url": "https://example.org/x"}, key)
    one = f"/api/v1/server/webhooks/{made.json['webhook_id']}"
    assert (await edge.client.ask("GET", f"{one}/deliveries?state=dead", token=key)).json == {
        "deliveries": [],
        "cursor": "",
    }
    assert (await edge.client.ask("POST", f"{one}/replay", {"dead": True}, key)).json == {"replayed": 0}
    for query in ("state=x", "cursor=x", "limit=0", "limit=1000", "cursor=99999999999999999999"):
        assert (await edge.client.ask("GET", f"{one}/deliveries?{query}", token=key)).status == 422


async def test_words_are_replaced_and_in_force_at_once(edge: Edge) -> None:
    for user_id in ("alice", "bob"):
        await ask(edge, "users", "POST", "/users", {"user_id": user_id})
    words = {"words": [{"word": "赌博", "action": "refuse"}]}
    assert (await ask(edge, "filter", "PUT", "/words", words)).json == words
    assert (await ask(edge, "filter", "GET", "/words")).json == words
    body = {"conversation_id": "s:alice:bob", "sender_id": "alice", "content": {"text": {"text": "去赌博"}}}
    refused = await ask(edge, "messages", "POST", "/messages", body)
    assert (refused.status, refused.json["name"]) == (422, "content_refused")
    assert (await ask(edge, "filter", "PUT", "/words", {"words": [{"word": ""}]})).status == 422


async def test_a_user_reports_what_he_sees_and_a_moderator_decides(edge: Edge) -> None:
    for user_id in ("alice", "bob", "carol"):
        await ask(edge, "users", "POST", "/users", {"user_id": user_id})
    body = {"conversation_id": "s:alice:bob", "sender_id": "bob", "content": HELLO}
    await ask(edge, "messages", "POST", "/messages", body)
    tokens = {
        name: (await ask(edge, "tokens", "POST", f"/users/{name}/tokens", {})).json["access_token"]
        for name in ("alice", "carol")
    }
    said = {"reason": "abuse", "note": "粗鲁", "user_id": "bob", "conversation_id": "s:alice:bob", "seq": 1}
    made = await edge.client.ask("POST", "/api/v1/reports", said, tokens["alice"])
    assert made.status == 201
    stranger = await edge.client.ask("POST", "/api/v1/reports", said, tokens["carol"])
    assert stranger.json["name"] == "conversation_unknown"
    none = await edge.client.ask("POST", "/api/v1/reports", said | {"seq": 2}, tokens["alice"])
    assert none.json["name"] == "entry_unknown"
    (report,) = (await ask(edge, "reports", "GET", "/reports")).json["reports"]
    assert report["entry"]["message"] == HELLO
    assert (report["reporter_id"], report["reason"], report["note"]) == ("alice", "abuse", "粗鲁")
    path = f"/reports/{report['report_id']}/resolution"
    assert (await ask(edge, "reports", "POST", path, {"resolution": "warned"})).json["resolution"] == "warned"
    assert (await ask(edge, "reports", "POST", path, {"resolution": "again"})).json["name"] == "report_unknown"
    assert (await ask(edge, "reports", "GET", "/reports")).json["reports"] == []
    assert len((await ask(edge, "reports", "GET", "/reports?state=resolved")).json["reports"]) == 1
