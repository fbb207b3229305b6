"""The polling fallback: the same sync as on a connection, and a long poll that entries wake."""

import asyncio
from typing import Any

import pytest

from hongyan.app.wakes import LocalWakes
from hongyan.model.ids import UserId
from tests.tasks import until
from tests.unit.rest.conftest import Edge
from tests.unit.rest.people import Person, person

SINGLE = "s:alice:bob"


@pytest.fixture
async def pair(edge: Edge) -> tuple[Person, Person]:
    return await person(edge, "alice"), await person(edge, "bob")


async def synced(who: Person, cursor: str = "", wait_s: float = 0) -> Any:
    return (await who.ask("GET", f"/sync?cursor={cursor}&wait_s={wait_s}", status=200)).json


async def test_what_changed_is_told_once(pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    assert await synced(bob) == {"conversations": [], "cursor": "", "more": False}
    await alice.say(SINGLE, "hi")
    page = await synced(bob)
    (head,) = page["conversations"]
    assert (head["conversation_id"], head["seq"], head["unread"], head["member"]) == (SINGLE, 1, 1, True)
    assert head["preview"]["message"] == {"text": {"text": "hi"}}
    assert (await synced(bob, page["cursor"]))["conversations"] == []
    assert (await bob.ask("GET", "/conversations", status=200)).json == page


async def test_pages_are_joined_by_the_cursor(edge: Edge, pair: tuple[Person, Person]) -> None:
    alice, _ = pair
    names = [f"user{number}" for number in range(5)]
    for name in names:
        await person(edge, name)
        await alice.say(f"s:alice:{name}", "hi")
    found, cursor, more = [], "", True
    while more:
        page = (await alice.ask("GET", f"/sync?limit=2&cursor={cursor}", status=200)).json
        found += [head["conversation_id"] for head in page["conversations"]]
        cursor, more = page["cursor"], page["more"]
    assert found == [f"s:alice:{name}" for name in names]


async def test_a_long_poll_answers_at_once_when_something_is_there(pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    await alice.say(SINGLE, "hi")
    assert len((await synced(bob, wait_s=60))["conversations"]) == 1


async def test_a_long_poll_waits_for_the_next_entry(edge: Edge, pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    wakes = edge.stages.wakes
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(synced(bob, wait_s=60))
        await until(lambda: wakes.waiting() == 1)
        await alice.say(SINGLE, "hi")
    assert waiting.result()["conversations"][0]["seq"] == 1
    assert wakes.waiting() == 0


async def test_a_read_position_of_another_device_ends_a_long_poll(edge: Edge, pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    await alice.say(SINGLE, "hi")
    page = await synced(bob)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(synced(bob, page["cursor"], wait_s=60))
        await until(lambda: edge.stages.wakes.waiting() == 1)
        await bob.ask("PUT", f"/conversations/{SINGLE}/positions/me", {"read_seq": 1}, status=204)
    (head,) = waiting.result()["conversations"]
    assert (head["read_seq"], head["unread"]) == (1, 0)


async def test_others_entries_wake_nobody(edge: Edge, pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    await person(edge, "carol")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(synced(bob, wait_s=0.05))
        await until(lambda: edge.stages.wakes.waiting() == 1)
        await alice.say("s:alice:carol", "not for bob")
    assert waiting.result() == {"conversations": [], "cursor": "", "more": False}


async def test_a_drain_ends_all_long_polls_and_keeps_new_ones_short(edge: Edge, pair: tuple[Person, Person]) -> None:
    _, bob = pair
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(synced(bob, wait_s=60))
        await until(lambda: edge.stages.wakes.waiting() == 1)
        edge.stages.wakes.drain()
    assert waiting.result()["conversations"] == []
    assert (await synced(bob, wait_s=60))["conversations"] == []


async def test_a_user_with_too_many_long_polls_loses_the_oldest(edge: Edge, pair: tuple[Person, Person]) -> None:
    alice, bob = pair
    wakes = edge.stages.wakes
    async with asyncio.TaskGroup() as group:
        waiting = []
        for number in range(9):
            waiting.append(group.create_task(synced(bob, wait_s=60)))
            await until(lambda number=number: wakes.waiting() == min(number + 1, 8))  # type: ignore[misc]  # bound now
        assert (await waiting[0])["conversations"] == []
        assert not any(task.done() for task in waiting[1:])
        await alice.say(SINGLE, "hi")
    assert all(len(task.result()["conversations"]) == 1 for task in waiting[1:])


async def test_when_too_many_wait_the_next_is_told_to_come_later(edge: Edge, pair: tuple[Person, Person]) -> None:
    _, bob = pair
    edge.stages.wakes.capacity = 0
    answer = await bob.ask("GET", "/sync?wait_s=60", status=503)
    assert (answer.json["name"], answer.headers["retry-after"]) == ("overloaded", "1")
    assert (await synced(bob))["conversations"] == []


@pytest.mark.parametrize("query", ["wait_s=61", "wait_s=-1", "wait_s=nan", "wait_s=inf", "cursor=x", "limit=0"])
async def test_a_wrong_question_is_refused(pair: tuple[Person, Person], query: str) -> None:
    assert (await pair[0].ask("GET", f"/sync?{query}", status=422)).json["name"] == "invalid_field"


async def test_bells_are_given_back() -> None:
    wakes = LocalWakes()
    with wakes.listen(UserId("bob")) as bell:
        wakes.ring(UserId("bob"))
        assert await bell.rung(60)
        assert not await bell.rung(0.001)
    assert (wakes.waiting(), wakes._bells) == (0, {})
