"""A process is a list of things with `run()`: one ends or fails, all stop, in reverse order of start."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from hongyan.model.errors import SetupError


class Runnable(Protocol):
    """Anything that works until it is cancelled."""

    async def run(self) -> None:
        """Works until cancelled; an error ends the process."""
        ...


async def run_all(things: Sequence[Runnable], stop: asyncio.Event) -> None:
    """Runs things until `stop` is set or one of them ends, then stops them, last started first, each wholly.

    Raises the first error of any of them.
    """
    failures: list[BaseException] = []

    async def watched(thing: Runnable) -> None:
        try:
            await thing.run()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - kept and raised below, once the others have stopped in order
            failures.append(_cause(error))
        finally:
            stop.set()

    async with asyncio.TaskGroup() as group:
        tasks = []
        for thing in things:
            tasks.append(group.create_task(watched(thing), name=type(thing).__name__))
            # Each gets a turn before the next starts, so that order of start means something.
            await asyncio.sleep(0)
        try:
            await stop.wait()
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.wait([task])
    if failures:
        raise failures[0]


def _cause(error: BaseException) -> BaseException:
    """What a group of errors is about: the sentence for the operator where there is one, else the only error in it."""
    if isinstance(error, BaseExceptionGroup):
        said, _ = error.split(SetupError)
        if said is not None or len(error.exceptions) == 1:
            return _cause((said or error).exceptions[0])
    return error
