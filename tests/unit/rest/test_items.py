"""Drafts, notes about people, quiet hours and items, over HTTP."""

from typing import Any

import pytest

from hongyan.model.ids import UserId
from hongyan.model.personal import Topic
from hongyan.ports.personal import ItemLimits
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person


@pytest.fixture
async def alice(edge: Edge) -> Person:
    """Somebody."""
    return await person(edge, "alice")


async def test_drafts_are_kept_listed_and_let_go(alice: Person) -> None:
    for number in range(3):
        await alice.ask("PUT", f"/users/me/drafts/s:alice:b{number}", {"text": f"dear {number}"}, status=204)
    page = (await alice.ask("GET", "/users/me/drafts?limit=2", status=200)).json
    assert page["drafts"][0] == {"conversation_id": "s:alice:b0", "text": "dear 0", "quote_seq": 0, "time_ms": 0}
    page = (await alice.ask("GET", f"/users/me/drafts?cursor={page['cursor']}", status=200)).json
    assert ([draft["text"] for draft in page["drafts"]], page["cursor"]) == (["dear 2"], "")
    await alice.ask("DELETE", "/users/me/drafts/s:alice:b2", status=204)
    await alice.ask("DELETE", "/users/me/drafts/s:alice:b2", status=204)
    assert len((await alice.ask("GET", "/users/me/drafts", status=200)).json["drafts"]) == 2
    await alice.ask("PUT", "/users/me/drafts/g:of-others", {"text": "x"}, status=404)


async def test_notes_about_people_are_kept_listed_and_forgotten(alice: Person) -> None:
    note = {"remark": "老鲍", "tags": ["work"], "note": "met in Hangzhou"}
    await alice.ask("PUT", "/users/me/contacts/bob", note, status=204)
    page = (await alice.ask("GET", "/users/me/contacts", status=200)).json
    assert page == {"contacts": [{"user_id": "bob", **note}], "cursor": ""}
    await alice.ask("PUT", "/users/me/contacts/bob", {"tags": ["a", "a"]}, status=422)
    await alice.ask("DELETE", "/users/me/contacts/bob", status=204)
    assert (await alice.ask("GET", "/users/me/contacts", status=200)).json["contacts"] == []


async def test_quiet_hours_are_none_until_they_are_set(alice: Person) -> None:
    none = {"quiet_from_min": 0, "quiet_to_min": 0, "utc_offset_min": 0}
    assert (await alice.ask("GET", "/users/me/settings", status=200)).json == none
    night = {"quiet_from_min": 1_380, "quiet_to_min": 450, "utc_offset_min": 480}
    await alice.ask("PUT", "/users/me/settings", night, status=204)
    assert (await alice.ask("GET", "/users/me/settings", status=200)).json == night
    await alice.ask("PUT", "/users/me/settings", {"quiet_from_min": 1_440}, status=422)


async def test_items_are_put_and_caught_up_with_as_on_a_connection(alice: Person) -> None:
    items = [{"key": "g:a", "conversation": {"muted": True}}, {"key": "bob", "contact": {"remark": "B"}}]
    answer = (await alice.ask("PUT", "/users/me/items", {"items": items}, status=200)).json
    assert (answer["from_version"], answer["version"]) == (0, 2)
    page = (await alice.ask("GET", "/users/me/items?limit=1", status=200)).json
    assert (page["items"][0]["key"], page["version"], page["more"]) == ("g:a", 1, True)
    page = (await alice.ask("GET", f"/users/me/items?cursor={page['cursor']}", status=200)).json
    assert (page["items"][0]["contact"]["remark"], page["version"], page["more"]) == ("B", 2, False)
    conflict = {"items": [{"key": "g:a", "version": 9, "conversation": {}}]}
    assert (await alice.ask("PUT", "/users/me/items", conflict, status=409)).json["name"] == "item_conflict"
    relation: Any = {"items": [{"key": "bob", "relation": {"friend": True}}]}
    assert (await alice.ask("PUT", "/users/me/items", relation, status=403)).json["name"] == "item_read_only"
    await alice.ask("PUT", "/users/me/items", {"items": []}, status=422)


async def test_what_is_too_much_is_refused_with_its_code(edge: Edge, alice: Person) -> None:
    edge.services.personal._limits = ItemLimits(items=1)
    await alice.ask("PUT", "/users/me/contacts/bob", {}, status=204)
    answer = await alice.ask("PUT", "/users/me/contacts/carol", {}, status=409)
    assert answer.json["name"] == "too_many_items"


async def test_nobody_sees_the_things_of_another(edge: Edge, alice: Person) -> None:
    await alice.ask("PUT", "/users/me/contacts/bob", {"note": "secret"}, status=204)
    bob = await person(edge, "bob")
    assert (await bob.ask("GET", "/users/me/contacts", status=200)).json["contacts"] == []
    assert (await bob.ask("GET", "/users/me/items", status=200)).json["items"] == []
    assert await edge.services.personal.get(UserId("alice"), Topic.CONTACT, "bob")
    for path in ("conversations", "drafts", "contacts", "settings", "items"):
        assert (await edge.client.ask("GET", f"/api/v1/users/me/{path}")).status == 401
