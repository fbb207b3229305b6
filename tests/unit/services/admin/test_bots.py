"""Bots and the commands they answer to."""

import pytest

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.model.codes import BotUnknown, InvalidField
from hongyan.model.ids import UserId
from hongyan.ports.admin import BotCommand
from hongyan.services.admin.bots import Bots

WEATHER, CLOCK = UserId("weather"), UserId("clock")


async def test_who_answers_to_a_command_is_known_after_a_restart_too() -> None:
    store = MemoryAdminStore()
    bots = Bots(store, lambda: 5)
    await bots.put(WEATHER, "k1", [BotCommand("Now"), BotCommand("天气")])
    await bots.put(CLOCK, "k1", [BotCommand("now")])
    again = Bots(store, lambda: 6)
    await again.load()
    for one in (bots, again):
        assert sorted(one.answering("NOW")) == [CLOCK, WEATHER]
        assert one.answering("now", "weather") == [WEATHER]
        assert one.answering("天气", "clock") == []
        assert list(one.answering("rain")) == []


async def test_other_commands_take_the_place_of_the_old_ones_and_the_owner_stays() -> None:
    bots = Bots(MemoryAdminStore(), lambda: 5)
    await bots.put(WEATHER, "k1", [BotCommand("now")])
    changed = await bots.put(WEATHER, "k2", [BotCommand("rain")])
    assert changed.key_id == "k1"
    assert list(bots.answering("now")) == []
    assert list(bots.answering("rain")) == [WEATHER]
    await bots.remove(WEATHER)
    assert list(bots.answering("rain")) == []
    with pytest.raises(BotUnknown):
        await bots.remove(WEATHER)
    with pytest.raises(BotUnknown):
        bots.get(WEATHER)


@pytest.mark.parametrize(
    "commands",
    [
        [BotCommand("two words")],
        [BotCommand("")],
        [BotCommand("x" * 33)],
        [BotCommand("x", "d" * 257)],
        [BotCommand(f"c{number}") for number in range(101)],
    ],
)
async def test_commands_that_nobody_could_type_are_refused(commands: list[BotCommand]) -> None:
    with pytest.raises(InvalidField):
        await Bots(MemoryAdminStore(), lambda: 5).put(WEATHER, "k1", commands)
