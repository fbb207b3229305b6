"""Members, positions, readers and passing signs over HTTP."""

from typing import Any

import pytest

from tests.tasks import until
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person

GROUP = "g:club"


@pytest.fixture
async def alice(edge: Edge) -> Person:
    """The owner of a group with bob and carol."""
    alice = await person(edge, "alice")
    for name in ("bob", "carol", "eve"):
        await person(edge, name)
    body = {"group_id": "club", "name": "读书会", "member_ids": ["bob", "carol"]}
    await alice.ask("POST", "/groups", body, status=201)
    return alice


async def readers(who: Person, seq: int, query: str = "") -> Any:
    return (await who.ask("GET", f"/conversations/{GROUP}/entries/{seq}/readers{query}", status=200)).json


async def test_members_come_in_pages_with_their_roles(alice: Person) -> None:
    page = (await alice.ask("GET", f"/conversations/{GROUP}/members?limit=2", status=200)).json
    assert [(row["user_id"], row["role"]) for row in page["members"]] == [("alice", "owner"), ("bob", "member")]
    assert page["more"]
    page = (await alice.ask("GET", f"/conversations/{GROUP}/members?cursor={page['cursor']}", status=200)).json
    assert ([row["user_id"] for row in page["members"]], page["more"]) == (["carol"], False)


async def test_positions_are_told_of_all_or_of_some(edge: Edge, alice: Person) -> None:
    await alice.say(GROUP, "hi")
    page = (await alice.ask("GET", f"/conversations/{GROUP}/positions", status=200)).json
    assert {row["user_id"]: row["read_seq"] for row in page["positions"]} == {"alice": 2, "bob": 0, "carol": 0}
    some = f"/conversations/{GROUP}/positions?user_id=bob&user_id=nobody"
    assert [row["user_id"] for row in (await alice.ask("GET", some, status=200)).json["positions"]] == ["bob"]
    many = "&".join(f"user_id=u{number}" for number in range(101))
    await alice.ask("GET", f"/conversations/{GROUP}/positions?{many}", status=422)


async def test_who_has_read_an_entry_is_told_and_its_sender_left_out(edge: Edge, alice: Person) -> None:
    await alice.say(GROUP, "hi")
    bob, before = await person(edge, "bob"), edge.stages.delivery.position
    assert {row["user_id"]: row["has_read"] for row in (await readers(alice, 2))["readers"]} == {
        "bob": False,
        "carol": False,
    }
    await bob.ask("PUT", f"/conversations/{GROUP}/positions/me", {"read_seq": 2, "delivered_seq": 2}, status=204)
    await until(lambda: edge.stages.delivery.position > before)
    page = await readers(alice, 2, "?limit=2")
    assert page == {
        "readers": [{"user_id": "bob", "read_seq": 2, "has_read": True}],
        "cursor": "bob",
        "more": True,
    }
    page = await readers(alice, 2, f"?cursor={page['cursor']}")
    assert page["readers"] == [{"user_id": "carol", "read_seq": 0, "has_read": False}]


async def test_who_came_later_is_not_among_those_who_could_read(alice: Person) -> None:
    await alice.say(GROUP, "before")
    await alice.ask("POST", "/groups/club/members", {"member_ids": ["eve"]}, status=201)
    assert [row["user_id"] for row in (await readers(alice, 2))["readers"]] == ["bob", "carol"]
    await alice.say(GROUP, "after")
    assert [row["user_id"] for row in (await readers(alice, 4))["readers"]] == ["bob", "carol", "eve"]


@pytest.mark.parametrize(
    "body", [{"read_seq": -1}, {"read_seq": "1"}, {"read_seq": 2**53}, {"x": 1}, {"read_seq": 1.5}]
)
async def test_a_wrong_position_is_refused(alice: Person, body: Any) -> None:
    await alice.ask("PUT", f"/conversations/{GROUP}/positions/me", body, status=422)


async def test_a_sign_reaches_the_others(edge: Edge, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def note(recipients: Any, sign: Any) -> None:
        told.append((list(recipients), sign))

    monkeypatch.setattr(edge.stages.gateway, "signal", note)
    await alice.say(GROUP, "hi")
    await alice.ask("POST", f"/conversations/{GROUP}/signals", {"kind": "typing"}, status=204)
    assert told == [(["bob", "carol"], (GROUP, "alice", "typing"))]
    await alice.ask("POST", f"/conversations/{GROUP}/signals", {"kind": "no spaces"}, status=422)


async def test_strangers_have_no_position_and_give_no_sign(edge: Edge, alice: Person) -> None:
    eve = await person(edge, "eve")
    for method, path, body in (
        ("PUT", "positions/me", {"read_seq": 1}),
        ("POST", "signals", {"kind": "typing"}),
        ("GET", "positions", None),
        ("GET", "members", None),
    ):
        answer = await eve.ask(method, f"/conversations/{GROUP}/{path}", body, status=404)
        assert answer.json["name"] == "conversation_unknown"
