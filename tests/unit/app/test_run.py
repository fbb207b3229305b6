"""One ends or fails, all stop, last started first."""

import asyncio

import pytest

from hongyan.app.run import run_all
from hongyan.model.errors import SetupError
from tests.tasks import rounds


class Thing:
    """Notes when it starts and when it has stopped; may end or fail when told to."""

    def __init__(self, name: str, notes: list[str], *, error: Exception | None = None, turns_to_stop: int = 0) -> None:
        self.name, self.notes, self.error, self.turns = name, notes, error, turns_to_stop
        self.ending = asyncio.Event()

    async def run(self) -> None:
        self.notes.append(f"+{self.name}")
        try:
            await self.ending.wait()
            if self.error is not None:
                raise self.error
        finally:
            await rounds(self.turns)
            self.notes.append(f"-{self.name}")


async def test_things_start_in_order_and_stop_in_reverse_each_wholly() -> None:
    notes: list[str] = []
    stop = asyncio.Event()
    things = [Thing(name, notes, turns_to_stop=3 - place) for place, name in enumerate("abc")]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_all(things, stop))
        await rounds()
        assert notes == ["+a", "+b", "+c"]
        stop.set()
        await running
    assert notes[3:] == ["-c", "-b", "-a"]


async def test_when_one_ends_all_stop() -> None:
    notes: list[str] = []
    things = [Thing(name, notes) for name in "abc"]
    things[1].ending.set()
    await run_all(things, asyncio.Event())
    assert notes[-2:] == ["-c", "-a"]


async def test_the_error_of_one_is_raised_when_the_others_have_stopped() -> None:
    notes: list[str] = []
    things = [Thing("a", notes), Thing("b", notes, error=OSError("gone")), Thing("c", notes)]
    things[1].ending.set()
    with pytest.raises(OSError, match="gone"):
        await run_all(things, asyncio.Event())
    assert notes[-2:] == ["-c", "-a"]
    assert "-b" in notes


async def test_a_failure_while_stopping_is_not_lost() -> None:
    class Stubborn(Thing):
        async def run(self) -> None:
            try:
                await super().run()
            except asyncio.CancelledError:
                raise OSError("could not close") from None

    stop = asyncio.Event()
    stop.set()
    with pytest.raises(OSError, match="could not close"):
        await run_all([Thing("a", []), Stubborn("b", [])], stop)


async def test_a_cancelled_run_stops_all_in_reverse() -> None:
    notes: list[str] = []
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_all([Thing(name, notes) for name in "abc"], asyncio.Event()))
        await rounds()
        running.cancel()
    assert notes[3:] == ["-c", "-b", "-a"]


class Failing:
    """Fails at once."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def run(self) -> None:
        raise self._error


@pytest.mark.parametrize("beside", [[], [ValueError("beside")]])
async def test_a_sentence_for_the_operator_is_found_in_groups_of_errors(beside: list[Exception]) -> None:
    inner = ExceptionGroup("a task group", [SetupError("Mend this."), *beside])
    with pytest.raises(SetupError, match=r"Mend this\."):
        await run_all([Failing(ExceptionGroup("another", [inner, *beside]))], asyncio.Event())


async def test_a_group_of_several_errors_without_a_sentence_is_told_whole() -> None:
    group = ExceptionGroup("a task group", [ValueError("one"), OSError("other")])
    with pytest.raises(ExceptionGroup) as raised:
        await run_all([Failing(group)], asyncio.Event())
    assert raised.value is group
