"""The list as its owner wants to see it, and what he sets for a conversation, over HTTP."""

from typing import Any

import pytest

from tests.tasks import until
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person

PAIR, GROUP = "s:alice:bob", "g:club"
MINE = "/users/me/conversations"


@pytest.fixture
async def bob(edge: Edge) -> Person:
    """He talks to alice alone and in a group of his, where he calls her."""
    bob = await person(edge, "bob")
    await person(edge, "alice")
    await bob.say(PAIR, "hi")
    await bob.ask("POST", "/groups", {"group_id": "club", "name": "读书会", "member_ids": ["alice"]}, status=201)
    mention = {"text": {"text": "alice?"}, "mention": {"user_ids": ["alice"]}}
    await bob.ask("POST", f"/conversations/{GROUP}/messages", mention, status=201)
    return bob


@pytest.fixture
async def alice(edge: Edge, bob: Person) -> Person:
    """She reads what bob wrote."""
    return await person(edge, "alice")


async def listed(who: Person, query: str = "") -> list[str]:
    page = (await who.ask("GET", MINE + query, status=200)).json
    return [line["conversation_id"] for line in page["conversations"]]


async def line(who: Person, conversation_id: str) -> Any:
    return (await who.ask("GET", f"{MINE}/{conversation_id}", status=200)).json


async def seqs(who: Person, conversation_id: str) -> list[int]:
    page = (await who.ask("GET", f"/conversations/{conversation_id}/entries", status=200)).json
    return [entry["seq"] for entry in page["entries"]]


async def test_the_list_says_what_is_unread_and_who_calls(alice: Person) -> None:
    page = (await alice.ask("GET", MINE, status=200)).json
    assert (page["cursor"], page["unread_total"]) == ("", 2)
    club, pair = page["conversations"]
    assert (club["name"], club["unread"], club["mentions"], club["mentions_more"]) == ("读书会", 1, 1, False)
    assert club["preview"]["message"]["text"]["text"] == "alice?"
    assert (pair["conversation_id"], pair["unread"], pair["mentions"]) == (PAIR, 1, 0)
    assert pair["settings"] == {
        "pin_order": 0,
        "muted": False,
        "muted_until_ms": 0,
        "hidden": False,
        "cleared_seq": 0,
        "marked_unread": False,
        "labels": [],
    }


async def test_a_list_that_did_not_change_is_not_sent_again(alice: Person) -> None:
    etag = (await alice.ask("GET", MINE, status=200)).headers["etag"]
    await alice.ask("GET", MINE, status=304, if_none_match=etag)


async def test_pinned_muted_labelled_and_marked_as_asked_and_the_rest_stays(alice: Person) -> None:
    answer = (await alice.ask("PATCH", f"{MINE}/{PAIR}", {"pin_order": 7, "labels": ["家人"]}, status=200)).json
    assert (answer["settings"]["pin_order"], answer["settings"]["labels"]) == (7, ["家人"])
    await alice.ask("PATCH", f"{MINE}/{PAIR}", {"muted": True, "marked_unread": True}, status=200)
    settings = (await line(alice, PAIR))["settings"]
    assert (settings["pin_order"], settings["muted"], settings["marked_unread"]) == (7, True, True)
    assert await listed(alice) == [PAIR, GROUP]
    assert await listed(alice, "?pinned=true") == [PAIR]
    assert await listed(alice, "?label=%E5%AE%B6%E4%BA%BA") == [PAIR]
    assert await listed(alice, "?kind=group") == [GROUP]
    assert (await alice.ask("GET", MINE, status=200)).json["unread_total"] == 1


async def test_pages_follow_each_other(alice: Person) -> None:
    page = (await alice.ask("GET", f"{MINE}?limit=1", status=200)).json
    assert [each["conversation_id"] for each in page["conversations"]] == [GROUP]
    assert await listed(alice, f"?limit=1&cursor={page['cursor']}") == [PAIR]
    await alice.ask("GET", f"{MINE}?cursor=nonsense", status=422)


async def test_what_is_hidden_comes_back_with_a_new_message(alice: Person, bob: Person) -> None:
    await alice.ask("PATCH", f"{MINE}/{GROUP}", {"hidden": True}, status=200)
    assert await listed(alice) == [PAIR]
    assert await listed(alice, "?hidden=true") == [GROUP]
    await bob.say(GROUP, "still there?")
    assert await listed(alice) == [GROUP, PAIR]
    assert not (await line(alice, GROUP))["settings"]["hidden"]


async def test_what_is_cleared_is_gone_for_oneself_and_read(edge: Edge, alice: Person, bob: Person) -> None:
    before = edge.stages.delivery.position
    await alice.ask("POST", f"{MINE}/{GROUP}/clear", status=204)
    mine = await line(alice, GROUP)
    assert (mine["unread"], mine["mentions"], mine["preview"], mine["first_seq"]) == (0, 0, None, 3)
    assert await seqs(alice, GROUP) == []
    assert await seqs(bob, GROUP) == [1, 2]
    await until(lambda: edge.stages.delivery.position > before)
    await bob.say(GROUP, "again")
    assert (await line(alice, GROUP))["unread"] == 1
    assert await seqs(alice, GROUP) == [3]


async def test_a_deleted_conversation_comes_back_empty(alice: Person, bob: Person) -> None:
    await alice.ask("DELETE", f"{MINE}/{PAIR}", status=204)
    assert await listed(alice) == [GROUP]
    await bob.say(PAIR, "hello again")
    assert await listed(alice) == [PAIR, GROUP]
    assert await seqs(alice, PAIR) == [2]


async def test_an_entry_is_deleted_for_oneself_and_brought_back(alice: Person, bob: Person) -> None:
    await bob.say(PAIR, "second")
    await alice.ask("PUT", f"{MINE}/{PAIR}/deleted/2", status=204)
    assert (await seqs(alice, PAIR), await seqs(bob, PAIR)) == ([1], [1, 2])
    assert (await line(alice, PAIR))["preview"]["message"]["text"]["text"] == "hi"
    await alice.ask("PUT", f"{MINE}/{PAIR}/deleted/9", status=404)
    await alice.ask("DELETE", f"{MINE}/{PAIR}/deleted/2", status=204)
    assert await seqs(alice, PAIR) == [1, 2]


async def test_a_conversation_of_others_is_not_there(edge: Edge, alice: Person) -> None:
    eve = await person(edge, "eve")
    for method, path, body in (
        ("GET", f"{MINE}/{GROUP}", None),
        ("PATCH", f"{MINE}/{GROUP}", {"muted": True}),
        ("POST", f"{MINE}/{GROUP}/clear", None),
        ("DELETE", f"{MINE}/{PAIR}", None),
        ("PUT", f"{MINE}/{GROUP}/deleted/1", None),
        ("DELETE", f"{MINE}/{GROUP}/deleted/1", None),
    ):
        answer = await eve.ask(method, path, body, status=404)
        assert answer.json["name"] == "conversation_unknown"
    assert await listed(eve) == []


@pytest.mark.parametrize("body", [{"muted": 1}, {"labels": ["x", "x"]}, {"labels": [""]}, {"pin_order": -1}, {"x": 1}])
async def test_what_cannot_be_set_is_refused(alice: Person, body: Any) -> None:
    await alice.ask("PATCH", f"{MINE}/{PAIR}", body, status=422)


async def test_messages_are_saved_for_oneself(alice: Person) -> None:
    await alice.say("u:alice", "buy milk")
    assert (await listed(alice))[0] == "u:alice"
    assert await listed(alice, "?kind=self") == ["u:alice"]
    assert (await line(alice, "u:alice"))["unread"] == 0
    bob_says = {"text": {"text": "hi"}}
    answer = await alice.ask("POST", "/conversations/u:bob/messages", bob_says)
    assert (answer.status, answer.json["name"]) == (403, "not_a_member")
