"""People find each other, become friends, block, move house and leave; over HTTP and over connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hongyan.model.codes import CloseCode, NotAllowed
from hongyan.model.commands import Befriend, Block
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.personal import FriendRequest, Relation
from hongyan.model.records import Befriended
from hongyan.protocol import frames
from hongyan.protocol.codec_personal import decode_value
from hongyan.services.users.service import Users
from tests.flow.device import Device, Refusal
from tests.flow.town import Town, item, opened_town
from tests.unit.services.users.worlds import PASSWORD, opened_world

AB, AC = ConversationId("s:alice:bob"), ConversationId("s:alice:carol")


@pytest.fixture(params=["memory", "sqlite"])
async def town(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Town]:
    """A town with the usual rules."""
    folder = tmp_path if request.param == "sqlite" else None
    async with opened_world() as world, opened_town(world, folder) as town:
        yield town


async def refused(device: Device, conversation_id: ConversationId, text: str = "hello") -> str:
    """The name of the error with which a message is refused."""
    with pytest.raises(Refusal) as caught:
        await device.say(conversation_id, text)
    return caught.value.name


async def outcome(device: Device, text: str) -> int | str:
    """What becomes of a message to the other one: its seq, or the name of the refusal."""
    try:
        return (await device.say(AB, text)).seq
    except Refusal as refusal:
        return refusal.name


async def test_a_request_is_told_accepted_and_seen_as_an_entry_by_both(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    asked = await town.ask(
        "alice", "POST", "/friend-requests", {"user_id": "bob", "note": "it is me", "source": "party"}
    )
    request_id = asked.json["request_id"]
    told = decode_value("request", (await item(bob, "request", request_id)).value)
    assert isinstance(told, FriendRequest)
    assert (told.from_user_id, told.note, told.source, told.state) == ("alice", "it is me", "party", "pending")
    waiting = await town.ask("bob", "GET", "/friend-requests?pending=true")
    assert [row["request_id"] for row in waiting.json["requests"]] == [request_id]

    accepted = await town.ask("bob", "POST", f"/friend-requests/{request_id}/accept")
    assert (accepted.status, accepted.json["state"]) == (200, "accepted")
    for device, other in ((alice, "bob"), (bob, "alice")):
        await device.has(AB, 1)
        assert device.entries[AB][1].body == Befriended(UserId("alice"), "it is me")
        relation = decode_value("relation", (await item(device, "relation", other)).value)
        assert isinstance(relation, Relation)
        assert (relation.friend, relation.blocked) == (True, False)
    assert (await town.ask("alice", "GET", "/friends")).json == {"user_ids": ["bob"], "cursor": ""}
    assert (await town.ask("bob", "GET", "/profiles/alice")).json["friend"] is True


async def test_an_ended_friendship_is_told_to_own_devices_and_makes_no_entry(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    await town.befriend("alice", "bob")
    await item(bob, "relation", "alice")
    assert (await town.ask("alice", "DELETE", "/friends/bob")).status == 204
    assert (await item(bob, "relation", "alice")).deleted
    assert (await town.ask("bob", "GET", "/friends")).json["user_ids"] == []
    await alice.say(AB, "still here")
    await bob.has(AB, 2)
    assert (await town.ask("alice", "DELETE", "/friends/bob")).status == 204, "may be repeated"


async def test_nobody_makes_friends_by_saying_so(town: Town) -> None:
    await town.token("alice")
    await town.token("bob")
    said = town.node.stages.commands.submit(UserId("alice"), AB, ClientMsgId("m1"), Befriend(UserId("alice")))
    with pytest.raises(NotAllowed):
        await said
    assert (await town.ask("alice", "GET", "/friends")).json["user_ids"] == []


async def test_a_block_holds_at_once_however_it_was_asked_for_and_is_told_to_its_owner_only(town: Town) -> None:
    alice, laptop = await town.connect("alice"), await town.connect("alice", "laptop")
    bob = await town.connect("bob")
    await bob.say(AB, "before")
    await alice.submit(AB, Block())
    assert await refused(bob, AB) == "blocked"
    relation = decode_value("relation", (await item(laptop, "relation", "bob")).value)
    assert relation == Relation(friend=False, blocked=True, since_ms=relation.since_ms)  # type: ignore[union-attr]
    assert (await town.ask("alice", "GET", "/blocks")).json["user_ids"] == ["bob"]
    assert (await town.ask("bob", "GET", "/relations/alice")).json == {
        "user_id": "alice",
        "friend": False,
        "blocked": False,
    }
    assert (await town.ask("alice", "DELETE", "/blocks/bob")).status == 204
    assert (await bob.say(AB, "after")).seq == 2
    assert not bob.events, "the blocked one was told nothing"


async def test_of_sends_while_a_block_is_set_those_before_it_arrive_and_those_after_do_not(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    await bob.say(AB, "first")

    async def talk() -> list[int | str]:
        outcomes: list[int | str] = []
        while outcomes.count("blocked") < 20:
            outcomes.append(await outcome(bob, f"text {len(outcomes)}"))
        return outcomes

    async with asyncio.timeout(5):
        outcomes, answer = await asyncio.gather(talk(), town.ask("alice", "PUT", "/blocks/bob"))
    assert answer.status == 204
    arrived = outcomes[:-20]
    assert arrived == list(range(2, len(arrived) + 2)), "nothing arrives after something was refused"
    assert [entry.seq for entry in await alice.history(AB)] == list(range(1, len(arrived) + 2))


@pytest.mark.parametrize("strangers", ["request", "friends"])
async def test_one_who_takes_no_strangers_hears_friends_only_even_after_a_restart(town: Town, strangers: str) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    assert (await town.ask("bob", "PATCH", "/users/me/privacy", {"strangers": strangers})).status == 200
    assert await refused(alice, AB) == "not_friends"
    assert (await bob.say(AB, "I may write to you")).seq == 1
    assert await refused(alice, AB) == "not_friends", "an answer is no friendship"
    asked = await town.ask("alice", "POST", "/friend-requests", {"user_id": "bob"})
    assert asked.status == (201 if strangers == "request" else 403)
    await town.stop()
    await town.world.people.load()
    await town.start()
    alice = await town.connect("alice")
    assert await refused(alice, AB) == "not_friends"
    await town.befriend("bob", "alice")
    assert (await alice.say(AB, "hello friend")).seq == 3


@pytest.mark.parametrize("circle", ["friends", "nobody"])
async def test_who_does_not_want_to_be_brought_into_groups_is_not(town: Town, circle: str) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    await town.token("carol")
    group = await alice.create_group("club", "carol")
    assert (await town.ask("bob", "PATCH", "/users/me/privacy", {"invitations": circle})).status == 200
    for attempt in (alice.add(group, "bob"), alice.create_group("another", "carol", "bob")):
        with pytest.raises(Refusal, match="bring bob into a group"):
            await attempt
    await town.befriend("alice", "bob")
    if circle == "friends":
        await alice.add(group, "bob")
        assert set(await bob.members(group)) == {"alice", "bob", "carol"}
    else:
        with pytest.raises(Refusal, match="bring bob into a group"):
            await alice.add(group, "bob")
        await town.ask("bob", "PATCH", "/users/me/privacy", {"invitations": "everyone"})
        await alice.add(group, "bob")


async def test_who_hides_his_presence_is_seen_by_those_he_lets(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    await town.befriend("alice", "bob")
    await town.node.stored()

    async def seen() -> list[UserId]:
        answer = await alice.ask(frames.WatchPresence((UserId("bob"),)))
        assert isinstance(answer, frames.Presences)
        return [presence.user_id for presence in answer.presences]

    shown: dict[str, list[UserId]] = {"at first": await seen()}
    for circle in ("nobody", "friends", "everyone"):
        await town.ask("bob", "PATCH", "/users/me/privacy", {"last_seen": circle})
        shown[circle] = await seen()
    assert shown == {"at first": ["bob"], "nobody": [], "friends": ["bob"], "everyone": ["bob"]}
    await bob.sync()


async def test_a_second_phone_replaces_the_first_and_a_browser_does_not() -> None:
    async with opened_world(platforms={"phone": 1}) as world, opened_town(world) as town:
        old = await town.connect("alice", "old", "phone")
        browser = await town.connect("alice", "browser", "web")
        new = await town.connect("alice", "new", "phone")
        assert await old.closed() == CloseCode.REPLACED
        await browser.sync()
        await new.sync()


async def test_a_new_password_closes_the_connections_of_other_devices(town: Town) -> None:
    phone, laptop = await town.connect("alice"), await town.connect("alice", "laptop")
    passwords = {"old_password": PASSWORD, "new_password": "another password"}
    assert (await town.ask("alice", "PUT", "/users/me/password", passwords)).status == 204
    assert await phone.closed() == CloseCode.LOGGED_OUT
    await laptop.sync()


async def test_who_deletes_his_account_leaves_everything(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    carol = await town.connect("carol")
    await town.befriend("alice", "bob")
    group = await alice.create_group("club", "bob", "carol")
    await alice.say(AB, "goodbye")
    assert (await town.ask("alice", "POST", "/users/me/deletion", {"password": PASSWORD})).status == 204
    assert await alice.closed() == CloseCode.LOGGED_OUT
    await town.gone("alice")
    assert await refused(bob, AB) in ("blocked", "user_unknown")
    assert await refused(carol, AC) == "user_unknown"
    roles = await bob.members(group)
    assert set(roles) == {"bob", "carol"}
    assert sorted(roles.values()) == ["member", "owner"], "somebody has the group"
    assert (await town.ask("bob", "GET", "/friends")).json["user_ids"] == []
    assert (await town.ask("bob", "GET", "/profiles/alice")).status == 404
    assert [entry.seq for entry in await bob.history(AB)] == [1, 2], "what was said stays"


async def test_of_messages_to_an_account_that_ends_each_is_taken_or_refused_for_good(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    await bob.say(AB, "first")

    async def talk() -> list[int | str]:
        outcomes: list[int | str] = []
        while sum(isinstance(each, str) for each in outcomes) < 20:
            outcomes.append(await outcome(bob, f"text {len(outcomes)}"))
        return outcomes

    asked = town.ask("alice", "POST", "/users/me/deletion", {"password": PASSWORD})
    async with asyncio.timeout(5):
        outcomes, deleted = await asyncio.gather(talk(), asked)
    assert deleted.status == 204
    await town.gone("alice")
    taken, refusals = outcomes[:-20], outcomes[-20:]
    assert taken == list(range(2, len(taken) + 2)), "nothing is taken after something was refused"
    assert set(refusals) <= {"blocked", "user_unknown"}
    assert [entry.seq for entry in await bob.history(AB)] == list(range(1, len(taken) + 2))
    assert await alice.closed() == CloseCode.LOGGED_OUT


async def test_a_departure_that_a_crash_cut_short_goes_on_at_the_next_start(town: Town) -> None:
    bob = await town.connect("bob")
    alice = await town.connect("alice")
    group = await alice.create_group("club", "bob")
    await alice.say(AB, "hello")
    await town.stop()
    # The account ends, and the process dies before anything else happened.
    await town.world.users.delete(UserId("alice"), town.world.now_ms)
    service: Users = town.world.started()
    await service.load()
    await town.start()
    await town.gone("alice")
    bob = await town.connect("bob")
    assert await bob.members(group) == {"bob": "owner"}
    assert await refused(bob, AB) in ("blocked", "user_unknown")


async def test_an_export_has_everything_that_the_user_may_see_and_nothing_else(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    await town.befriend("alice", "bob")
    await town.ask("alice", "PATCH", "/users/me/profile", {"name": "爱丽丝", "handle": "alice_1"})
    await alice.say(AB, "你好 bob")
    carol = await town.connect("carol")
    await town.ask("alice", "PUT", "/blocks/carol")
    await bob.say(AB, "hello")
    await carol.say(ConversationId("s:bob:carol"), "not for alice")
    answer = await town.ask("alice", "GET", "/users/me/export")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.body.splitlines()]
    kinds = [line["type"] for line in lines]
    assert (kinds[0], kinds[1], kinds[-1]) == ("export", "account", "end")
    assert {line["handle"] for line in lines if line["type"] == "profile"} == {"alice_1"}
    assert [line["user_id"] for line in lines if line["type"] == "friend"] == ["bob"]
    assert [line["user_id"] for line in lines if line["type"] == "block"] == ["carol"]
    assert [line["device_id"] for line in lines if line["type"] == "device"] == ["phone"]
    entries = [(line["conversation_id"], line["seq"]) for line in lines if line["type"] == "entry"]
    assert entries == [(AB, 1), (AB, 2), (AB, 3)]
    text = answer.body.decode()
    assert "你好 bob" in text
    assert "not for alice" not in text
    assert "argon2" not in text
    statuses = [(await town.ask("alice", "GET", "/users/me/export")).status for _ in range(5)]
    assert statuses == [200] * 4 + [429]
