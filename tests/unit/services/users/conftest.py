"""A world for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.services.users.worlds import World, opened_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The service with the usual bounds."""
    async with opened_world() as world:
        yield world
