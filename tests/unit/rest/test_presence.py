"""Who is online, over HTTP."""

from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import person


async def test_those_who_may_be_seen_are_told_and_no_others(edge: Edge) -> None:
    alice, _ = await person(edge, "alice"), await person(edge, "bob")
    answer = (await alice.ask("GET", "/presence?user_id=alice&user_id=bob&user_id=nobody", status=200)).json
    assert all(row["online"] is False for row in answer["presences"])
    assert "nobody" not in [row["user_id"] for row in answer["presences"]]


async def test_somebody_has_to_be_named(edge: Edge) -> None:
    alice = await person(edge, "alice")
    await alice.ask("GET", "/presence", status=422)
    await alice.ask("GET", "/presence?user_id=no%20spaces", status=422)
