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
