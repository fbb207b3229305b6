"""The HTTP edge on a whole server in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from hongyan.app.downlink import LocalDownlink
from hongyan.app.integrators import join_integrators
from hongyan.app.node import Stages, join, new_gateway_number
from hongyan.app.people import join_people
from hongyan.app.run import Runnable, run_all
from hongyan.app.services import services_of
from hongyan.rest import Services, Status, build_rest
from hongyan.telemetry import Metrics
from tests.flow.node import CONFIG, MemoryEngines
from tests.unit.rest.asking import Asker
from tests.unit.services.admin.worlds import memory_stores, no_post
from tests.unit.services.users.worlds import World, opened_world


class Edge(msgspec.Struct, frozen=True):
    """A client, and what stands behind the edge."""

    client: Asker
    world: World
    services: Services
    stages: Stages

    @property
    def status(self) -> Status:
        """How the process is."""
        return self.services.status

    @property
    def metrics(self) -> Metrics:
        """What was counted."""
        return self.services.metrics


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    """An edge of its own for each test."""
    async with opened_world() as world, running(world) as stages:
        people = join_people(stages, world.services, CONFIG)
        joined = await join_integrators(CONFIG, stages, world.service, memory_stores(), no_post)
        services = services_of(stages, world.services, people, Status(), joined.services)
        yield Edge(Asker(build_rest(services)), world, services, stages)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Stages]:
    """The stages on memory, for the users of a world."""
    engines, downlink, number = MemoryEngines(), LocalDownlink(), new_gateway_number()
    stages = join(CONFIG, await engines.open(downlink, number, CONFIG), world.service, downlink, number)
    stages.gatherer._interval_s = 0.01
    parts: list[Runnable] = [stages.engines.log, stages.delivery, stages.gatherer, stages.echo, stages.gateway]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(run_all(parts, stop))
        await stages.delivery.caught_up.wait()
        try:
            yield stages
        finally:
            stop.set()
