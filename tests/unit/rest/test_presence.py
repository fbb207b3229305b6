"""Who is there, over HTTP."""

import pytest

from hongyan.app.overload import Level
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.link import Identity
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person

BOB = Identity(UserId("bob"), DeviceId("phone"))
ASKED = "/presences?user_id=bob&user_id=carol&user_id=nobody"


@pytest.fixture
async def alice(edge: Edge) -> Person:
    for name in ("bob", "carol"):
        await person(edge, name)
    who = await person(edge, "alice")
    await who.ask("POST", "/groups", {"group_id": "club", "name": "Club", "member_ids": ["bob"]}, status=201)
    return who


async def test_members_of_a_group_see_each_other_and_nobody_else_is_told_of(edge: Edge, alice: Person) -> None:
    absent = {"user_id": "bob", "online": False, "last_seen_ms": 0}
    assert (await alice.ask("GET", ASKED, status=200)).json == {"presences": [absent]}
    edge.stages.presence.came(BOB)
    assert (await alice.ask("GET", ASKED)).json == {"presences": [{**absent, "online": True}]}
    carol = await person(edge, "carol")
    assert (await carol.ask("GET", "/presences?user_id=bob&user_id=alice")).json == {"presences": []}


async def test_who_shows_it_to_nobody_is_not_told_of_and_who_shows_it_to_friends_only_to_them(
    edge: Edge, alice: Person
) -> None:
    bob = await person(edge, "bob")
    for circle, seen in (("nobody", 0), ("friends", 0), ("everyone", 1)):
        await bob.ask("PATCH", "/users/me/privacy", {"last_seen": circle}, status=200)
        assert len((await alice.ask("GET", ASKED, status=200)).json["presences"]) == seen


async def test_a_busy_server_says_when_to_come_again(edge: Edge, alice: Person) -> None:
    edge.stages.overload.level = Level.PRESENCE_STOPPED
    answer = await alice.ask("GET", ASKED, status=503)
    assert answer.json["name"] == "overloaded"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("query", ["", "?user_id=", "?user_id=no%20id", "?" + "&".join(["user_id=bob"] * 101)])
async def test_what_names_no_users_or_too_many_is_refused(alice: Person, query: str) -> None:
    assert (await alice.ask("GET", f"/presences{query}", status=422)).json["name"] == "invalid_field"


async def test_who_shows_no_token_is_asked_for_one(edge: Edge) -> None:
    assert (await edge.client.ask("GET", "/api/v1/presences?user_id=bob")).status == 401
