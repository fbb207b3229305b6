"""Messages and history over HTTP."""

import json
from typing import Any

import pytest

from hongyan.admission.admit import AdmissionOptions
from hongyan.rest.problems import BODY_BYTES
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person

SINGLE = "s:alice:bob"
MESSAGES = f"/conversations/{SINGLE}/messages"
ENTRIES = f"/conversations/{SINGLE}/entries"


def texts(page: Any) -> list[str]:
    return [entry["message"]["text"]["text"] for entry in page["entries"]]


@pytest.fixture
async def alice(edge: Edge) -> Person:
    await person(edge, "bob")
    return await person(edge, "alice")


async def test_a_message_is_sent_and_read_by_the_other(edge: Edge, alice: Person) -> None:
    sent = await alice.ask("POST", MESSAGES, {"text": {"text": "hello 你好"}}, status=201)
    receipt = sent.json
    assert (receipt["conversation_id"], receipt["seq"]) == (SINGLE, 1)
    assert sent.headers["location"] == f"/api/v1{ENTRIES}/1"
    bob = await person(edge, "bob")
    entry = (await bob.ask("GET", f"{ENTRIES}/1", status=200)).json
    assert entry["message"] == {"text": {"text": "hello 你好"}}
    assert (entry["sender_id"], entry["message_id"]) == ("alice", receipt["message_id"])
    assert entry["client_msg_id"] == receipt["client_msg_id"]


async def test_a_retry_with_the_same_key_is_done_once_and_another_payload_is_a_conflict(alice: Person) -> None:
    first = await alice.say(SINGLE, "once", key="k-1")
    assert await alice.say(SINGLE, "once", key="k-1") == first
    assert first["client_msg_id"] == "k-1"
    other = await alice.ask("POST", MESSAGES, {"text": {"text": "twice"}}, key="k-1")
    assert (other.status, other.json["name"]) == (409, "submission_conflict")
    assert (await alice.say(SINGLE, "next"))["seq"] == 2


async def test_without_a_key_each_request_is_a_message_of_its_own(alice: Person) -> None:
    assert [(await alice.say(SINGLE, "same"))["seq"] for _ in range(3)] == [1, 2, 3]


WRONG: list[tuple[Any, str]] = [
    ({}, "message"),
    ({"text": {"text": ""}}, "message.text.text"),
    ({"text": {"text": "a"}, "location": {}}, "message.location"),
    ({"text": {"text": 5}}, "message.text.text"),
    ({"text": []}, "message.text"),
    ({"nonsense": {}}, "message.nonsense"),
    (b"[]", "body"),
    (b'{"text": {"text": "\\ud800"}}', "body"),
    (b'{"text": {"text": "a"}, "text": {"text": "b"}}', "body"),
    (b"", "body"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[str(number) for number in range(len(WRONG))])
async def test_a_wrong_content_is_refused_and_the_field_named(alice: Person, body: Any, field: str) -> None:
    answer = await alice.ask("POST", MESSAGES, body, status=422)
    assert answer.json["name"] == "invalid_field"
    assert answer.json["detail"].startswith(f"{field} is not valid")


async def test_a_form_of_another_site_is_no_message(alice: Person) -> None:
    raw = json.dumps({"text": {"text": "x"}}).encode()
    answer = await alice.ask("POST", MESSAGES, raw, status=422, content_type="text/plain")
    assert answer.json["detail"] == "body is not valid: expected application/json."


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "ключ".encode().decode("latin-1")])
async def test_a_key_is_a_client_msg_id(alice: Person, key: str) -> None:
    answer = await alice.ask("POST", MESSAGES, {"text": {"text": "x"}}, idempotency_key=key)
    assert (answer.status, answer.json["name"]) == (422, "invalid_field")


async def test_what_is_too_long_is_refused_with_its_size(alice: Person) -> None:
    answer = await alice.ask("POST", MESSAGES, {"text": {"text": "x" * 140_000}}, status=413)
    assert answer.json["name"] == "content_too_large"
    answer = await alice.ask("POST", MESSAGES, {"text": {"text": "x" * BODY_BYTES}}, status=413)
    assert answer.json["name"] == "packet_too_large"


async def test_strangers_neither_send_nor_read_nor_learn_that_it_exists(edge: Edge, alice: Person) -> None:
    await alice.say(SINGLE, "secret")
    eve = await person(edge, "eve")
    assert (await eve.ask("POST", MESSAGES, {"text": {"text": "hi"}})).json["name"] == "not_a_member"
    for path in (ENTRIES, f"{ENTRIES}/1", f"/conversations/{SINGLE}/members", f"{ENTRIES}/1/readers"):
        there = await eve.ask("GET", path, status=404)
        assert there.json["name"] == "conversation_unknown"
        assert "secret" not in there.body.decode()


@pytest.mark.parametrize("name", ["s:bob:alice", "s:bob:bob"])
async def test_what_cannot_be_a_conversation_is_not_there(alice: Person, name: str) -> None:
    answer = await alice.ask("GET", f"/conversations/{name}/entries", status=404)
    assert answer.json["name"] == "conversation_unknown"


async def test_a_message_to_nobody_is_refused(alice: Person) -> None:
    answer = await alice.ask("POST", "/conversations/s:alice:nobody/messages", {"text": {"text": "x"}}, status=404)
    assert answer.json["name"] == "user_unknown"


async def test_history_is_read_downwards_from_the_newest(alice: Person) -> None:
    for number in range(1, 8):
        await alice.say(SINGLE, str(number))
    page = (await alice.ask("GET", f"{ENTRIES}?limit=3", status=200)).json
    assert (texts(page), page["more"], page["head_seq"]) == (["5", "6", "7"], True, 7)
    found = texts(page)
    while page["more"]:
        page = (await alice.ask("GET", f"{ENTRIES}?limit=3&cursor={page['cursor']}", status=200)).json
        found = texts(page) + found
    assert found == list("1234567")
    page = (await alice.ask("GET", f"{ENTRIES}?cursor={page['cursor']}", status=200)).json
    assert (page["entries"], page["more"]) == ([], False)


async def test_history_is_read_upwards_and_its_cursor_goes_on_where_it_ended(alice: Person) -> None:
    for number in range(1, 6):
        await alice.say(SINGLE, str(number))
    page = (await alice.ask("GET", f"{ENTRIES}?direction=newer&seq=1&limit=2", status=200)).json
    assert (texts(page), page["more"]) == (["2", "3"], True)
    page = (await alice.ask("GET", f"{ENTRIES}?limit=9&cursor={page['cursor']}", status=200)).json
    assert (texts(page), page["more"]) == (["4", "5"], False)
    end = page["cursor"]
    assert (await alice.ask("GET", f"{ENTRIES}?cursor={end}", status=200)).json["cursor"] == end
    await alice.say(SINGLE, "6")
    assert texts((await alice.ask("GET", f"{ENTRIES}?cursor={end}", status=200)).json) == ["6"]


async def test_an_empty_history_has_a_cursor_too(alice: Person) -> None:
    for direction in ("older", "newer"):
        page = (await alice.ask("GET", f"{ENTRIES}?direction={direction}", status=200)).json
        assert (page["entries"], page["more"], page["head_seq"]) == ([], False, 0)
        assert (await alice.ask("GET", f"{ENTRIES}?cursor={page['cursor']}", status=200)).json["entries"] == []


@pytest.mark.parametrize("query", ["cursor=x", "cursor=o-1", "cursor=n99999999999999999", "limit=0", "limit=201"])
async def test_a_foreign_cursor_or_limit_is_refused(alice: Person, query: str) -> None:
    assert (await alice.ask("GET", f"{ENTRIES}?{query}", status=422)).json["name"] == "invalid_field"


async def test_what_has_not_changed_is_not_sent_again(alice: Person) -> None:
    await alice.say(SINGLE, "1")
    for path in (ENTRIES, f"{ENTRIES}/1", "/conversations", "/sync", f"/conversations/{SINGLE}/positions"):
        first = await alice.ask("GET", path, status=200)
        etag = first.headers["etag"]
        for named in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = await alice.ask("GET", path, status=304, if_none_match=named)
            assert (again.body, again.headers["etag"]) == (b"", etag)
        assert (await alice.ask("GET", path, status=200, if_none_match='"other"')).body == first.body
    etag = (await alice.ask("GET", ENTRIES)).headers["etag"]
    await alice.say(SINGLE, "2")
    assert (await alice.ask("GET", ENTRIES, status=200, if_none_match=etag)).headers["etag"] != etag


async def test_a_message_is_recalled_once(alice: Person) -> None:
    await alice.say(SINGLE, "oops")
    receipt = await alice.ask("POST", f"{ENTRIES}/1/recall", status=201)
    assert receipt.json["seq"] == 2
    page = (await alice.ask("GET", ENTRIES)).json
    assert page["entries"][0]["recalled"] == {"by_user_id": "alice"}
    assert page["entries"][1]["recall"] == {"seq": 1}
    assert "oops" not in str(page)
    assert (await alice.ask("POST", f"{ENTRIES}/1/recall", status=409)).json["name"] == "already_recalled"
    assert (await alice.ask("POST", f"{ENTRIES}/9/recall", status=404)).json["name"] == "entry_unknown"


async def test_an_entry_that_is_not_there_is_unknown(alice: Person) -> None:
    await alice.say(SINGLE, "1")
    for seq in (2, 2**53 - 1):
        assert (await alice.ask("GET", f"{ENTRIES}/{seq}", status=404)).json["name"] == "entry_unknown"
    for wrong in ("0", "-1", "x", str(2**53)):
        assert (await alice.ask("GET", f"{ENTRIES}/{wrong}", status=422)).json["name"] == "invalid_field"


async def test_a_forwarded_message_says_where_it_began_and_calls_nobody(edge: Edge, alice: Person) -> None:
    bob = await person(edge, "bob")
    await person(edge, "carol")
    content = {"text": {"text": "look"}, "mention": {"user_ids": ["bob"]}}
    first = (await alice.ask("POST", MESSAGES, content, status=201)).json
    to_carol = {"conversation_id": SINGLE, "seq": first["seq"]}
    await bob.ask("POST", "/conversations/s:bob:carol/forwards", to_carol, status=201)
    entry = (await bob.ask("GET", "/conversations/s:bob:carol/entries/1", status=200)).json
    assert entry["sender_id"] == "bob"
    message = entry["message"]
    assert (message["text"], message.get("mention")) == ({"text": "look"}, None)
    assert message["forward"]["sender_id"] == "alice"
    assert message["forward"]["message_id"] == first["message_id"]
    again = {"conversation_id": "s:bob:carol", "seq": 1}
    await bob.ask("POST", f"/conversations/{SINGLE}/forwards", again, status=201)
    entry = (await bob.ask("GET", f"{ENTRIES}/2", status=200)).json
    assert entry["message"]["forward"] == message["forward"]


async def test_what_one_may_not_read_one_cannot_forward(edge: Edge, alice: Person) -> None:
    await alice.say(SINGLE, "secret")
    eve = await person(edge, "eve")
    body = {"conversation_id": SINGLE, "seq": 1}
    answer = await eve.ask("POST", "/conversations/s:bob:eve/forwards", body, status=404)
    assert answer.json["name"] == "conversation_unknown"
    await alice.ask("POST", f"{ENTRIES}/1/recall", status=201)
    assert (await alice.ask("POST", f"/conversations/{SINGLE}/forwards", body, status=404)).json["name"] == (
        "entry_unknown"
    )
    for wrong in ({}, {"conversation_id": 1, "seq": 1}, {"conversation_id": SINGLE, "seq": True}, {**body, "x": 1}):
        await alice.ask("POST", f"/conversations/{SINGLE}/forwards", wrong, status=422)


async def test_how_much_may_still_be_sent_is_told_and_when_to_come_back(edge: Edge, alice: Person) -> None:
    edge.stages.admission._options = AdmissionOptions(submissions_per_s=1, burst=3)
    left = []
    for number in range(3):
        answer = await alice.ask("POST", MESSAGES, {"text": {"text": str(number)}}, status=201)
        assert answer.headers["ratelimit-policy"] == '"submissions";q=3;w=3'
        left.append(answer.headers["ratelimit"].partition(";r=")[2][0])
    assert left == ["2", "1", "0"]
    answer = await alice.ask("POST", MESSAGES, {"text": {"text": "x"}}, status=429)
    assert answer.json["name"] == "rate_limited"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["ratelimit"].startswith('"submissions";r=0;t=')


async def test_a_message_is_edited_by_its_sender_if_it_is_still_what_he_read(edge: Edge, alice: Person) -> None:
    await alice.say(SINGLE, "helo")
    path = f"{ENTRIES}/1"
    etag = (await alice.ask("GET", path)).headers["etag"]
    await alice.ask("PUT", path, {"text": {"text": "hello"}}, status=200, if_match=etag)
    entry = await alice.ask("GET", path, status=200)
    assert entry.json["message"]["text"]["text"] == "hello"
    assert entry.json["amendment"]["edit_seq"] == 2
    late = await alice.ask("PUT", path, {"text": {"text": "hallo"}}, status=412, if_match=etag)
    assert late.json["name"] == "precondition_failed"
    assert (await alice.ask("GET", path)).body == entry.body
    bob = await person(edge, "bob")
    assert (await bob.ask("PUT", path, {"text": {"text": "mine"}}, status=403)).json["name"] == "not_allowed"


async def test_a_deleted_message_is_gone_for_everybody(alice: Person) -> None:
    await alice.say(SINGLE, "secret")
    await alice.ask("DELETE", f"{ENTRIES}/1", status=200)
    page = (await alice.ask("GET", ENTRIES, status=200)).json
    assert page["entries"][0]["deleted"] == {"by_user_id": "alice"}
    assert "secret" not in str(page)


async def test_reactions_are_put_and_taken_back(edge: Edge, alice: Person) -> None:
    await alice.say(SINGLE, "lunch?")
    thumb = f"{ENTRIES}/1/reactions/%F0%9F%91%8D"
    bob = await person(edge, "bob")
    await bob.ask("PUT", thumb, status=200)
    assert (await bob.ask("PUT", thumb, status=200)).json["seq"] == 0, "it is there already"
    entry = (await alice.ask("GET", f"{ENTRIES}/1", status=200)).json
    (reaction,) = entry["amendment"]["reactions"]
    assert (reaction["emoji"], reaction["user_ids"]) == ("👍", ["bob"])
    await bob.ask("DELETE", thumb, status=200)
    entry = (await alice.ask("GET", f"{ENTRIES}/1", status=200)).json
    assert not entry.get("amendment", {}).get("reactions")
    for wrong in ("%20", "a%20b", "x" * 17, "%00"):
        await bob.ask("PUT", f"{ENTRIES}/1/reactions/{wrong}", status=422)


async def test_a_message_is_pinned_for_everybody_and_unpinned(edge: Edge, alice: Person) -> None:
    await alice.say(SINGLE, "the address")
    await alice.ask("PUT", f"{ENTRIES}/1/pin", status=200)
    bob = await person(edge, "bob")
    shown = (await bob.ask("GET", f"/conversations/{SINGLE}", status=200)).json
    assert shown["pinned_seqs"] == [1]
    await bob.ask("DELETE", f"{ENTRIES}/1/pin", status=200)
    assert (await alice.ask("GET", f"/conversations/{SINGLE}", status=200)).json["pinned_seqs"] == []
