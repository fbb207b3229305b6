"""The HTTP edge on a users service in memory."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from hongyan.rest import Status, build_rest
from hongyan.telemetry import Metrics
from tests.unit.rest.asking import Asker
from tests.unit.services.users.worlds import World, opened_world


class Edge(msgspec.Struct, frozen=True):
    """A client, and what stands behind the edge."""

    client: Asker
    world: World
    status: Status
    metrics: Metrics


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    """An edge of its own for each test."""
    async with opened_world() as world:
        status, metrics = Status(), Metrics()
        yield Edge(Asker(build_rest(world.service, status, metrics)), world, status, metrics)
