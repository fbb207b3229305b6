"""A deleted account leaves its groups to the right ones, and goes on when something was in the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from hongyan.model.codes import Overloaded, RateLimited
from hongyan.model.commands import AnyCommand, LeaveGroup, Role, SetRole
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.personal import Draft, Topic
from hongyan.model.records import Submitted
from hongyan.services.departures.service import Departures, Involved
from hongyan.services.users.records import Farewell
from tests.flow.town import Town, opened_town
from tests.tasks import beside
from tests.unit.services.users.worlds import PASSWORD, opened_world

ALICE = UserId("alice")


class Hindered:
    """Commands that refuse some times before they are submitted."""

    def __init__(self, town: Town, *refusals: Exception) -> None:
        self._town, self.refusals = town, list(refusals)
        self.asked: list[AnyCommand] = []

    async def submit(
        self,
        sender_id: UserId,
        conversation_id: ConversationId,
        client_msg_id: ClientMsgId,
        command: AnyCommand,
        *,
        resend: bool = False,
    ) -> Submitted:
        """See the port."""
        self.asked.append(command)
        if self.refusals:
            raise self.refusals.pop(0)
        commands = self._town.node.stages.commands
        return await commands.submit(sender_id, conversation_id, client_msg_id, command, resend=resend)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """A town of its own."""
    async with opened_world() as world, opened_town(world) as town:
        yield town


def departures(town: Town, commands: Hindered) -> Departures:
    """Others than those that run, with commands of their own."""
    stages, accounts = town.node.stages, town.world.services
    involved = Involved(
        accounts.users, accounts.people, town.joined.relations, stages.conversations, stages.personal, commands
    )
    return Departures(involved, stages.delivery.caught_up)


async def deleted(town: Town, *users: str) -> None:
    """The accounts end, and nobody hears of it."""
    town.world.service.on_deleted = lambda _user_id: None
    for user in users:
        await town.world.service.delete(Farewell(UserId(user), PASSWORD))


async def test_a_group_goes_to_an_admin_before_anybody_else(town: Town) -> None:
    alice, zoe = await town.connect("alice"), await town.connect("zoe")
    await town.token("bob")
    group = await alice.create_group("club", "bob", "zoe")
    await alice.submit(group, SetRole(UserId("zoe"), Role.ADMIN))
    await deleted(town, "alice")
    await departures(town, Hindered(town)).leave(ALICE)
    assert await zoe.members(group) == {"bob": "member", "zoe": "owner"}


async def test_what_is_refused_for_now_is_asked_again_and_a_repetition_changes_nothing(town: Town) -> None:
    alice, bob = await town.connect("alice"), await town.connect("bob")
    group = await alice.create_group("club", "bob")
    await deleted(town, "alice")
    refusals: Sequence[Exception] = [
        RateLimited(what="submissions", retry_after_ms=1),
        Overloaded(what="delivery", retry_after_ms=1),
    ]
    hindered = Hindered(town, *refusals)
    for _ in range(2):
        await departures(town, hindered).leave(ALICE)
    assert await bob.members(group) == {"bob": "owner"}
    assert sum(isinstance(command, LeaveGroup) for command in hindered.asked) == 1
    assert await town.world.service.departing() == []


async def test_one_that_cannot_leave_now_is_tried_at_the_next_turn_and_others_do_not_wait(town: Town) -> None:
    for user in ("alice", "bob"):
        device = await town.connect(user)
        await device.create_group(f"of {user}")
    await deleted(town, "alice", "bob")
    hindered = Hindered(town, *[Overloaded(what="x", retry_after_ms=0)] * 20)
    others = departures(town, hindered)
    async with beside(others.run()), asyncio.timeout(5):
        while await town.world.service.departing() != [ALICE]:
            await asyncio.sleep(0)
        others.deleted(ALICE)
        while await town.world.service.departing():
            await asyncio.sleep(0)


async def test_items_of_one_who_left_are_gone(town: Town) -> None:
    await town.token("alice")
    items = town.node.stages.personal
    await items.put(ALICE, Topic.DRAFT, "s:alice:bob", Draft("hello"))
    await deleted(town, "alice")
    await departures(town, Hindered(town)).leave(ALICE)
    assert await items.of_topic(ALICE, Topic.DRAFT) == []
