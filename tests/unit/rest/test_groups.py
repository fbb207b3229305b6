"""Groups over HTTP."""

from typing import Any

import pytest

from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person

CLUB = {"group_id": "club", "name": "读书会", "member_ids": ["bob"]}


@pytest.fixture
async def alice(edge: Edge) -> Person:
    for name in ("bob", "carol"):
        await person(edge, name)
    return await person(edge, "alice")


async def members(who: Person, group_id: str = "club") -> list[str]:
    page = (await who.ask("GET", f"/conversations/g:{group_id}/members", status=200)).json
    return [row["user_id"] for row in page["members"]]


async def test_a_group_is_made_filled_and_left(edge: Edge, alice: Person) -> None:
    receipt = (await alice.ask("POST", "/groups", CLUB, status=201)).json
    assert (receipt["conversation_id"], receipt["seq"]) == ("g:club", 1)
    await alice.ask("POST", "/groups/club/members", {"member_ids": ["carol"]}, status=201)
    assert await members(alice) == ["alice", "bob", "carol"]
    again = await alice.ask("POST", "/groups/club/members", {"member_ids": ["carol"]}, status=201)
    assert again.json["seq"] == 0
    assert "location" not in again.headers
    await alice.ask("DELETE", "/groups/club/members/carol", status=200)
    bob = await person(edge, "bob")
    await bob.ask("POST", "/groups/club/leave", status=201)
    assert await members(alice) == ["alice"]
    answer = await bob.ask("GET", "/conversations/g:club/members", status=404)
    assert answer.json["name"] == "conversation_unknown"


async def test_without_an_id_the_same_key_means_the_same_group(alice: Person) -> None:
    body = {"name": "x", "member_ids": []}
    first = (await alice.ask("POST", "/groups", body, status=201, key="g-1")).json
    assert (await alice.ask("POST", "/groups", body, status=201, key="g-1")).json == first
    assert (await alice.ask("POST", "/groups", body, status=201)).json["conversation_id"] != first["conversation_id"]


async def test_a_group_is_made_once(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    bob = await person(edge, "bob")
    assert (await bob.ask("POST", "/groups", CLUB, status=409)).json["name"] == "group_exists"


WRONG: list[tuple[Any, str]] = [
    ({**CLUB, "group_id": "no spaces"}, "group_id"),
    ({**CLUB, "group_id": 5}, "group_id"),
    ({**CLUB, "name": " "}, "create_group.name"),
    ({**CLUB, "name": "a\nb"}, "create_group.name"),
    ({**CLUB, "member_ids": ["no spaces"]}, "create_group.member_ids"),
    ({**CLUB, "limit": 5}, "create_group.limit"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[str(number) for number in range(len(WRONG))])
async def test_a_wrong_group_is_refused_and_the_field_named(alice: Person, body: Any, field: str) -> None:
    answer = await alice.ask("POST", "/groups", body, status=422)
    assert answer.json["detail"].startswith(f"{field} is not valid")


async def test_users_who_do_not_exist_cannot_be_taken_in(alice: Person) -> None:
    answer = await alice.ask("POST", "/groups", {**CLUB, "member_ids": ["nobody"]}, status=404)
    assert answer.json["name"] == "user_unknown"


async def test_ranks_hold(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    bob, carol = await person(edge, "bob"), await person(edge, "carol")
    assert (await bob.ask("DELETE", "/groups/club/members/alice", status=403)).json["name"] == "not_allowed"
    assert (await carol.ask("POST", "/groups/club/leave", status=403)).json["name"] == "not_a_member"
    assert (await alice.ask("POST", "/groups/club/leave", status=409)).json["name"] == "last_owner"


async def shown(who: Person, group_id: str = "club") -> Any:
    return (await who.ask("GET", f"/groups/{group_id}", status=200)).json


async def test_a_group_shows_what_it_is_called_and_changes_only_from_what_was_read(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    first = await alice.ask("GET", "/groups/club", status=200)
    assert (first.json["name"], first.json["member_count"], first.json["me"]["role"]) == ("读书会", 2, "owner")
    etag = first.headers["etag"]
    await alice.ask("PATCH", "/groups/club", {"announcement": "周五见"}, status=200, if_match=etag)
    assert (await shown(alice))["announcement"] == "周五见"
    assert (await shown(alice))["name"] == "读书会"
    late = await alice.ask("PATCH", "/groups/club", {"name": "other"}, status=412, if_match=etag)
    assert late.json["name"] == "precondition_failed"
    await alice.ask("PATCH", "/groups/club/rules", {"join_policy": "open"}, status=412, if_match=etag)
    await alice.ask("PATCH", "/groups/club/rules", {"join_policy": "open"}, status=200)
    assert (await shown(alice))["join_policy"] == "open"
    assert (await alice.ask("PATCH", "/groups/club", {}, status=422)).json["name"] == "invalid_field"
    carol = await person(edge, "carol")
    assert (await carol.ask("GET", "/groups/club", status=404)).json["name"] == "conversation_unknown"


async def test_ranks_are_given_and_the_group_too(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    bob = await person(edge, "bob")
    await alice.ask("PUT", "/groups/club/members/bob/role", {"role": "admin"}, status=200)
    assert (await shown(bob))["me"]["role"] == "admin"
    assert (
        (await alice.ask("PUT", "/groups/club/nickname", {}, status=422)).json["detail"].startswith("nickname is not")
    )
    for wrong in ({"role": None}, {"role": "owner"}, {"role": "x"}, {}, {"role": "admin", "user_id": "alice"}):
        await alice.ask("PUT", "/groups/club/members/bob/role", wrong, status=422)
    await alice.ask("PUT", "/groups/club/owner", {"user_id": "bob"}, status=200)
    assert (await shown(bob))["me"]["role"] == "owner"


async def test_who_is_muted_hears_it_and_may_speak_again(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    bob = await person(edge, "bob")
    hello = {"text": {"text": "hello"}}
    await alice.ask("PUT", "/groups/club/members/bob/mute", {"until_ms": 4_000_000_000_000}, status=200)
    assert (await bob.ask("POST", "/conversations/g:club/messages", hello, status=403)).json["name"] == "muted"
    await alice.ask("DELETE", "/groups/club/members/bob/mute", status=200)
    await bob.say("g:club", "hello")
    await alice.ask("PUT", "/groups/club/mute", {"on": True}, status=200)
    assert (await bob.ask("POST", "/conversations/g:club/messages", hello, status=403)).json["name"] == "muted"
    await alice.ask("PUT", "/groups/club/mute", {"on": True, "allowed_ids": ["bob"]}, status=200)
    await bob.say("g:club", "hello")


async def test_a_nickname_is_ones_own(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    await alice.ask("PUT", "/groups/club/nickname", {"nickname": "老王"}, status=200)
    page = (await alice.ask("GET", "/conversations/g:club/members", status=200)).json
    assert {row["user_id"]: row["nickname"] for row in page["members"]} == {"alice": "老王", "bob": ""}


async def test_a_link_lets_in_until_it_is_used_up_or_revoked(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    await alice.ask("PATCH", "/groups/club/rules", {"join_policy": "link"}, status=200)
    token = "a-long-random-secret"
    link = {"link_id": "spring", "token": token, "uses": 1}
    made = await alice.ask("POST", "/groups/club/links", link, status=201)
    assert token not in made.body.decode()
    carol, dave = await person(edge, "carol"), await person(edge, "dave")
    await carol.ask("POST", "/groups/club/join", {"token": token}, status=201)
    assert (await dave.ask("POST", "/groups/club/join", {"token": token})).json["name"] == "join_link_invalid"
    await alice.ask(
        "POST", "/groups/club/links", {**link, "link_id": "two", "token": "b-long-random-secret"}, status=201
    )
    await alice.ask("DELETE", "/groups/club/links/two", status=200)
    refused = await dave.ask("POST", "/groups/club/join", {"token": "b-long-random-secret"})
    assert refused.json["name"] == "join_link_invalid"
    assert await members(alice) == ["alice", "bob", "carol"]


async def test_who_asks_is_let_in_by_an_answer(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    await alice.ask("PATCH", "/groups/club/rules", {"join_policy": "approval"}, status=200)
    carol = await person(edge, "carol")
    await carol.ask("POST", "/groups/club/requests", {"note": "我是小李"}, status=201)
    (request,) = (await shown(alice))["requests"]
    assert (request["user_id"], request["note"]) == ("carol", "我是小李")
    assert await members(alice) == ["alice", "bob"]
    for wrong in ({}, {"accept": None}, {"accept": "true"}):
        await alice.ask("PUT", "/groups/club/requests/carol", wrong, status=422)
    await alice.ask("PUT", "/groups/club/requests/carol", {"accept": True}, status=200)
    assert await members(alice) == ["alice", "bob", "carol"]
    unknown = await alice.ask("PUT", "/groups/club/requests/dave", {"accept": True}, status=404)
    assert unknown.json["name"] == "join_request_unknown"


async def test_a_dismissed_group_takes_nothing_any_more(edge: Edge, alice: Person) -> None:
    await alice.ask("POST", "/groups", CLUB, status=201)
    bob = await person(edge, "bob")
    assert (await bob.ask("DELETE", "/groups/club", status=403)).json["name"] == "not_allowed"
    await alice.ask("DELETE", "/groups/club", status=200)
    answer = await bob.ask("POST", "/conversations/g:club/messages", {"text": {"text": "x"}})
    assert answer.json["name"] in ("group_dismissed", "not_a_member")
