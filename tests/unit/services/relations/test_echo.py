"""What changed about people reaches their own items, and nobody else's."""

from collections.abc import AsyncIterator, MutableMapping, Sequence
from typing import Any

import pytest

from hongyan.model.codes import Overloaded
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.personal import ME, AnyValue, FriendRequest, Item, Privacy, Profile, Relation, Topic
from hongyan.model.state import BLOCKED, BLOCKS, FRIEND, Seat
from hongyan.ports.people import PersonRow, PrivacyRow, ProfileRow
from hongyan.ports.relations import RequestRow, RequestState
from hongyan.ports.store import MemberRow
from hongyan.services.relations.echo import Echo
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, member
from tests.tasks import beside, rounds, until

OTHER = ConversationId("s:alice:carol")


class Items:
    """Implements `ports.personal.PersonalItems` in a dict. `full` refuses."""

    def __init__(self) -> None:
        self.kept: dict[tuple[UserId, str, str], AnyValue] = {}
        self.puts, self.full = 0, False

    async def put(self, user_id: UserId, topic: Topic, key: str, value: AnyValue | None) -> int:
        """See the port."""
        if self.full:
            raise Overloaded(what="items")
        self.puts += 1
        if value is None:
            self.kept.pop((user_id, topic, key), None)
        else:
            self.kept[user_id, topic, key] = value
        return self.puts

    async def get(self, user_id: UserId, topic: Topic, key: str) -> AnyValue | None:
        """See the port."""
        return self.kept.get((user_id, topic, key))

    async def of_topic(self, user_id: UserId, topic: Topic) -> Sequence[Item]:
        """See the port."""
        raise AssertionError("nobody asks")

    async def erase(self, user_id: UserId) -> None:
        """See the port."""


class World:
    """An echo that runs. `now_ms` is moved by the test."""

    def __init__(self, capacity: int = 100) -> None:
        self.now_ms, self.items = 5_000, Items()
        self.echo = Echo(self.items, lambda: self.now_ms, capacity=capacity, retry_s=0)

    def relation(self, user_id: UserId, other: UserId) -> AnyValue | None:
        return self.items.kept.get((user_id, Topic.RELATION, other))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world whose echo runs."""
    world = World()
    async with beside(world.echo.run()):
        yield world


def seated(user_id: UserId, flags: int, conversation_id: ConversationId = SINGLE) -> MemberRow:
    return member(user_id, 0, conversation_id, seat=Seat(flags=flags))


async def test_friends_and_blocks_are_told_to_their_owner_and_being_blocked_is_not(world: World) -> None:
    world.echo.note([seated(ALICE, FRIEND | BLOCKS), seated(BOB, FRIEND | BLOCKED), seated(CAROL, BLOCKED, OTHER)])
    await until(lambda: len(world.items.kept) == 2)
    await rounds()
    assert world.relation(ALICE, BOB) == Relation(friend=True, blocked=True, since_ms=5_000)
    assert world.relation(BOB, ALICE) == Relation(friend=True, blocked=False, since_ms=5_000)
    assert world.relation(CAROL, ALICE) is None


async def test_a_friendship_keeps_its_time_and_one_that_ended_is_taken_away(world: World) -> None:
    world.echo.note([seated(ALICE, FRIEND)])
    await until(lambda: world.relation(ALICE, BOB) is not None)
    world.now_ms = 6_000
    world.echo.note([seated(ALICE, FRIEND | BLOCKS)])
    await until(lambda: world.relation(ALICE, BOB) == Relation(friend=True, blocked=True, since_ms=5_000))
    world.echo.note([seated(ALICE, 0)])
    await until(lambda: world.relation(ALICE, BOB) is None)


async def test_what_is_so_already_is_not_written_again(world: World) -> None:
    world.echo.note([seated(ALICE, FRIEND)])
    await until(lambda: world.items.puts == 1)
    world.now_ms = 6_000
    world.echo.note([seated(ALICE, FRIEND), seated(BOB, 0), seated(ALICE, FRIEND, GROUP)])
    await rounds()
    assert world.items.puts == 1


async def test_of_one_relation_the_newest_is_written(world: World) -> None:
    world.echo.note([seated(ALICE, FRIEND)])
    world.echo.note([seated(ALICE, BLOCKS)])
    await until(lambda: world.items.puts > 0)
    assert world.relation(ALICE, BOB) == Relation(friend=False, blocked=True, since_ms=5_000)
    assert world.items.puts == 1


async def test_what_cannot_be_kept_now_is_tried_again(world: World) -> None:
    world.items.full = True
    world.echo.note([seated(ALICE, FRIEND)])
    await rounds()
    assert world.relation(ALICE, BOB) is None
    world.items.full = False
    await until(lambda: world.relation(ALICE, BOB) is not None)


async def test_more_than_the_capacity_are_dropped_with_a_warning(logged: list[MutableMapping[str, Any]]) -> None:
    world = World(capacity=1)
    world.echo.note([seated(ALICE, FRIEND), seated(BOB, FRIEND)])
    async with beside(world.echo.run()):
        await rounds()
    assert len(world.items.kept) == 1
    assert [line["log_level"] for line in logged] == ["warning"]


async def test_both_learn_what_became_of_a_request() -> None:
    world = World()
    row = RequestRow("r1", ALICE, BOB, "note", "party", int(RequestState.DONE), 1_000, 2_000, 1_500)
    await world.echo.request_changed(row)
    expected = FriendRequest("alice", "bob", "note", "party", "accepted", 1_000)
    assert world.items.kept == {(ALICE, "request", "r1"): expected, (BOB, "request", "r1"): expected}


async def test_a_user_learns_what_he_says_about_himself_and_chose() -> None:
    world = World()
    person = PersonRow(ProfileRow(ALICE, "alice_1", "Alice", "blob:face"), PrivacyRow(ALICE, False, 2, 3, 1), 1)
    await world.echo.person_changed(person)
    assert world.items.kept == {
        (ALICE, "profile", ME): Profile("Alice", "alice_1", "blob:face"),
        (ALICE, "privacy", ME): Privacy("request", "nobody", unlisted=True),
    }
    await world.echo.person_changed(PersonRow(ProfileRow(ALICE), PrivacyRow(ALICE), 1))
    assert world.items.kept[ALICE, "privacy", ME] == Privacy("", "everybody", unlisted=False)
