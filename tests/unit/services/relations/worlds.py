"""The service on the stages of a whole server in memory, with a clock of its own for requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from hongyan.adapters.store.requests_memory import MemoryRequestStore
from hongyan.app.node import Stages
from hongyan.model.ids import UserId
from hongyan.ports.relations import RequestRow
from hongyan.ports.users import UserRow
from hongyan.services.relations.records import RelationsOptions, Request, Wish
from hongyan.services.relations.service import Around, Relations
from hongyan.services.relations.standing import Standings
from tests.unit.rest.conftest import running
from tests.unit.services.users.worlds import World, opened_world

ALICE, BOB, CAROL, DAVE = (UserId(name) for name in ("alice", "bob", "carol", "dave"))


class Town:
    """Four users, and what was told of their requests."""

    def __init__(self, world: World, stages: Stages, options: RelationsOptions) -> None:
        self.world, self.stages, self.options = world, stages, options
        self.requests = MemoryRequestStore()
        self.standings = Standings(stages.engines.hot, stages.engines.store)
        self.told: list[RequestRow] = []
        self.service = self.started()

    def started(self) -> Relations:
        """The service of a process that starts; it has not loaded yet."""
        world, people = self.world, self.world.people
        around = Around(
            self.requests, self.standings, self.stages.commands, world.service.missing, people.policy_of, world.clock
        )
        service = Relations(around, self.options)
        service.on_changed = self._hear
        people.standings_of = self.standings.standings_of
        return service

    async def _hear(self, row: RequestRow) -> None:
        self.told.append(row)

    async def asked(self, one: UserId = ALICE, other: UserId = BOB) -> Request:
        """A request that waits."""
        return await self.service.ask(Wish(one, other, "it is me", "handle"))

    async def befriended(self, one: UserId = ALICE, other: UserId = BOB) -> None:
        """Two who are friends."""
        request = await self.asked(one, other)
        await self.service.accept(other, request.request_id)

    async def friends(self, user_id: UserId) -> list[UserId]:
        """All of a user's friends."""
        return list((await self.service.friends(user_id, "", 100)).user_ids)


@asynccontextmanager
async def opened_town(**options: int) -> AsyncIterator[Town]:
    """A town with its stages running."""
    async with opened_world() as world, running(world) as stages:
        for user_id in (ALICE, BOB, CAROL, DAVE):
            await world.users.add(UserRow(user_id, "hash", 1_000))
        yield Town(world, stages, msgspec.convert(options, RelationsOptions))
