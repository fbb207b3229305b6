"""Profiles, privacy and finding people over HTTP."""

from typing import Any

import pytest

from hongyan.ports.users import UserRow
from tests.unit.rest.conftest import Edge
from tests.unit.services.users.worlds import ALICE, BOB

PROFILE = "/api/v1/users/me/profile"
PRIVACY = "/api/v1/users/me/privacy"


async def token_of(edge: Edge, user_id: Any = ALICE) -> str:
    return (await edge.world.granted(user_id)).access_token


async def test_a_profile_is_written_piece_by_piece_and_read_whole(edge: Edge) -> None:
    token = await token_of(edge)
    first = await edge.client.ask("GET", PROFILE, token=token)
    empty = {"user_id": "alice", "handle": "", "name": "", "avatar": "", "bio": "", "updated_ms": 0}
    assert (first.status, first.json) == (200, empty)
    await edge.client.ask("PATCH", PROFILE, {"name": "李雷", "handle": "li_lei"}, token=token)
    changed = await edge.client.ask("PATCH", PROFILE, {"bio": "hello\n你好", "avatar": "blob:face"}, token=token)
    written = {"handle": "li_lei", "name": "李雷", "avatar": "blob:face", "bio": "hello\n你好"}
    assert changed.json == {"user_id": "alice", **written, "updated_ms": edge.world.now_ms}
    assert (await edge.client.ask("GET", PROFILE, token=token)).json == changed.json


async def test_settings_are_changed_one_by_one(edge: Edge) -> None:
    token = await token_of(edge)
    usual = {"by_handle": True, "strangers": "default", "details": "everyone", "last_seen": "everyone"}
    assert (await edge.client.ask("GET", PRIVACY, token=token)).json == {
        **usual,
        "invitations": "everyone",
        "updated_ms": 0,
    }
    await edge.client.ask("PATCH", PRIVACY, {"strangers": "request", "details": "friends"}, token=token)
    changed = await edge.client.ask("PATCH", PRIVACY, {"by_handle": False, "last_seen": "nobody"}, token=token)
    assert changed.status == 200
    assert {**changed.json, "updated_ms": 0} == {
        "by_handle": False,
        "strangers": "request",
        "details": "friends",
        "last_seen": "nobody",
        "invitations": "everyone",
        "updated_ms": 0,
    }
    assert edge.world.people.doors.is_closed(ALICE)


REFUSED = [
    ("PATCH", PROFILE, {"handle": "abc"}, 422, "invalid_field", "handle"),
    ("PATCH", PROFILE, {"handle": "1abc"}, 422, "invalid_field", "handle"),
    ("PATCH", PROFILE, {"handle": "李雷李雷"}, 422, "invalid_field", "handle"),
    ("PATCH", PROFILE, {"handle": "Admin"}, 422, "invalid_field", "reserved"),
    ("PATCH", PROFILE, {"handle": "bobby"}, 409, "handle_taken", "bobby"),
    ("PATCH", PROFILE, {"name": "n" * 65}, 422, "invalid_field", "64 characters"),
    ("PATCH", PROFILE, {"name": "a\nb"}, 422, "invalid_field", "control"),
    ("PATCH", PROFILE, {"name": "evil \u202e eman"}, 422, "invalid_field", "control"),
    ("PATCH", PROFILE, {"bio": "b" * 281}, 422, "invalid_field", "280 characters"),
    ("PATCH", PROFILE, {"avatar": "javascript:alert(1)"}, 422, "invalid_field", "avatar"),
    ("PATCH", PROFILE, {"avatar": 'https://a.test/"x'}, 422, "invalid_field", "avatar"),
    ("PATCH", PROFILE, {"admin": True}, 422, "invalid_field", "admin"),
    ("PATCH", PRIVACY, {"strangers": "some"}, 422, "invalid_field", "strangers"),
    ("PATCH", PRIVACY, {"details": 3}, 422, "invalid_field", "details"),
    ("GET", "/api/v1/profiles/nobody", None, 404, "user_unknown", "nobody"),
    ("GET", "/api/v1/profiles/a%20b", None, 422, "invalid_field", "user_id"),
    ("GET", "/api/v1/profiles", None, 422, "invalid_field", "user_id"),
    ("GET", "/api/v1/profiles?" + "&".join(f"user_id=u{i}" for i in range(101)), None, 422, "invalid_field", "user_id"),
    ("GET", "/api/v1/handles/nobody_has_it", None, 404, "handle_unknown", "nobody_has_it"),
    ("GET", "/api/v1/handles/a.b", None, 422, "invalid_field", "handle"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name", "word"), REFUSED, ids=[str(number) for number in range(len(REFUSED))]
)
async def test_what_is_wrong_gets_a_problem_that_says_why(
    edge: Edge, method: str, path: str, body: Any, status: int, name: str, word: str
) -> None:
    await edge.client.ask("PATCH", PROFILE, {"handle": "Bobby"}, token=await token_of(edge, BOB))
    answer = await edge.client.ask(method, path, body, token=await token_of(edge))
    assert (answer.status, answer.json["name"]) == (status, name)
    assert word in answer.json["detail"]


async def test_others_see_what_the_settings_let_them(edge: Edge) -> None:
    alice, bob = await token_of(edge), await token_of(edge, BOB)
    await edge.client.ask("PATCH", PROFILE, {"name": "Bob", "handle": "bobby", "bio": "fishes"}, token=bob)
    seen = {"user_id": "bob", "name": "Bob", "avatar": "", "handle": "bobby", "bio": "fishes", "friend": False}
    assert (await edge.client.ask("GET", "/api/v1/profiles/bob", token=alice)).json == seen
    await edge.client.ask("PATCH", PRIVACY, {"details": "friends"}, token=bob)
    several = await edge.client.ask("GET", "/api/v1/profiles?user_id=bob&user_id=nobody", token=alice)
    assert several.json == {"profiles": [{**seen, "handle": "", "bio": ""}]}
    assert (await edge.client.ask("GET", "/api/v1/profiles/bob", token=bob)).json == seen, "one's own whole"


async def test_one_who_hides_and_one_who_is_not_there_get_the_searcher_the_same_bytes(edge: Edge) -> None:
    alice, bob = await token_of(edge), await token_of(edge, BOB)
    await edge.client.ask("PATCH", PROFILE, {"handle": "bobby"}, token=bob)
    same = [("x-request-id", "same")]
    found = await edge.client.ask("GET", "/api/v1/handles/BOBBY", token=alice)
    assert (found.status, found.json["user_id"]) == (200, "bob")
    await edge.client.ask("PATCH", PRIVACY, {"by_handle": False}, token=bob)
    hidden = await edge.client.ask("GET", "/api/v1/handles/bobby", token=alice, headers=same)
    await edge.client.ask("PATCH", PROFILE, {"handle": ""}, token=bob)
    absent = await edge.client.ask("GET", "/api/v1/handles/bobby", token=alice, headers=same)
    assert hidden.status == 404
    assert (hidden.status, hidden.headers, hidden.body) == (absent.status, absent.headers, absent.body)


async def test_searches_are_rationed_whether_they_hit_or_not(edge: Edge) -> None:
    alice, bob = await token_of(edge), await token_of(edge, BOB)
    await edge.client.ask("PATCH", PROFILE, {"handle": "bobby"}, token=bob)
    statuses = [
        (await edge.client.ask("GET", f"/api/v1/handles/{handle}", token=alice)).status
        for handle in ("bobby", "nobody1") * 31
    ]
    assert statuses == [200, 404] * 30 + [429] * 2


PRIVATE = [
    ("GET", PROFILE),
    ("PATCH", PROFILE),
    ("GET", PRIVACY),
    ("PATCH", PRIVACY),
    ("GET", "/api/v1/profiles?user_id=bob"),
    ("GET", "/api/v1/profiles/bob"),
    ("GET", "/api/v1/handles/bobby"),
]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
async def test_who_shows_no_token_is_asked_for_one(edge: Edge, method: str, path: str) -> None:
    await edge.world.users.add(UserRow(BOB, "hash", 1))
    assert (await edge.client.ask(method, path, {} if method == "PATCH" else None)).status == 401
