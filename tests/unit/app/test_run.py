"""Things run together: one that ends or fails stops the others, last started first."""

import asyncio

import pytest

from hongyan.app.run import run_all
from hongyan.model.errors import SetupError


class Part:
    """Says in `said` when it starts and stops; raises `error`, or works until it is cancelled."""

    def __init__(self, name: str, said: list[str], error: BaseException | None = None) -> None:
        self._name, self._said, self._error = name, said, error

    async def run(self) -> None:
        self._said.append(f"{self._name} starts")
        try:
            if self._error is not None:
                raise self._error
            await asyncio.Event().wait()
        finally:
            self._said.append(f"{self._name} stops")


async def test_what_is_asked_to_stop_stops_in_reverse_order_of_start() -> None:
    said: list[str] = []
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    await run_all([Part("log", said), Part("gateway", said)], stop)
    assert said == ["log starts", "gateway starts", "gateway stops", "log stops"]


async def test_one_that_fails_stops_all_and_is_told() -> None:
    said: list[str] = []
    with pytest.raises(OSError, match="no disk"):
        await run_all([Part("log", said), Part("delivery", said, OSError("no disk"))], asyncio.Event())
    assert said[-1] == "log stops"


@pytest.mark.parametrize("beside", [[], [ValueError("beside")]])
async def test_a_sentence_for_the_operator_is_found_in_groups_of_errors(beside: list[Exception]) -> None:
    inner = ExceptionGroup("a task group", [SetupError("Mend this."), *beside])
    with pytest.raises(SetupError, match=r"Mend this\."):
        await run_all([Part("delivery", [], ExceptionGroup("another", [inner, *beside]))], asyncio.Event())


async def test_a_group_of_several_errors_without_a_sentence_is_told_whole() -> None:
    group = ExceptionGroup("a task group", [ValueError("one"), OSError("other")])
    with pytest.raises(ExceptionGroup) as raised:
        await run_all([Part("delivery", [], group)], asyncio.Event())
    assert raised.value is group
