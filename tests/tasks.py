"""Things that run beside a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs something until the block ends, then cancels it. Raises what it failed with."""
    task = asyncio.get_running_loop().create_task(work)
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def rounds(count: int = 10) -> None:
    """Lets everything that can go on do so, for some turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    """Lets everything go on until something is so."""
    while not is_so():
        await asyncio.sleep(0)
