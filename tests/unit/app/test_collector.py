import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from hongyan.app.collector import Collector


class Node:
    """Something that may hold itself."""

    def __init__(self) -> None:
        self.held: object = None


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


async def test_young_cycles_go_without_a_single_further_container_being_made() -> None:
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    collecting = asyncio.create_task(Collector().run())
    await asyncio.sleep(0)
    node = Node()
    node.held = node
    weakref.finalize(node, loop.call_soon_threadsafe, gone.set)
    del node
    async with asyncio.timeout(5):
        await gone.wait()
    collecting.cancel()


async def test_what_was_made_before_is_not_looked_at_again() -> None:
    collecting = asyncio.create_task(Collector().run())
    await asyncio.sleep(0)
    assert gc.get_freeze_count() > 0
    collecting.cancel()
