"""A server that has too much to do leaves things out, in order, and says so; messages come last."""

import pytest

from hongyan.app.overload import Level
from hongyan.model.ids import ConversationId
from hongyan.protocol import frames
from tests.flow.device import Refusal
from tests.flow.node import MemoryEngines, Node, configured

AB = ConversationId("s:alice:bob")


async def test_what_is_left_out_at_each_level(plain: Node) -> None:
    alice, bob = await plain.connect("alice/phone"), await plain.connect("bob/phone")
    await alice.say(AB, "before")
    overload, metrics = plain.stages.overload, plain.stages.metrics

    overload.level = Level.SIGNALS_DROPPED
    alice.show_typing(AB)
    assert await alice.ask(frames.WatchPresence(())) == frames.Presences(())
    assert metrics.signals_dropped == 1

    overload.level = Level.PRESENCE_STOPPED
    with pytest.raises(Refusal) as refusal:
        await alice.ask(frames.WatchPresence(()))
    assert refusal.value.error.name == "overloaded"
    assert refusal.value.error.retry_after_ms > 0

    overload.level = Level.SYNCS_SLOWED
    await alice.sync()
    await alice.say(AB, "still taken")

    overload.level = Level.SENDS_REFUSED
    with pytest.raises(Refusal) as refusal:
        await alice.say(AB, "refused")
    assert refusal.value.error.name == "overloaded"
    assert not refusal.value.error.permanent
    assert refusal.value.error.retry_after_ms > 0

    overload.level = Level.CALM
    assert (await alice.say(AB, "after")).seq == 3
    await bob.has(AB, 1, 2, 3)
    assert not any(isinstance(event, frames.SignalPush) for event in bob.events)


async def test_syncs_that_find_no_place_in_the_queue_are_told_when_to_come_again() -> None:
    node = Node(MemoryEngines(), "memory")
    await node.start()
    alice = await node.connect("alice/phone")
    node.stages.overload.level = Level.SYNCS_SLOWED
    pace = node.stages.conversations.pace
    assert pace is not None
    pace.__self__._patience_s = 0.0  # type: ignore[attr-defined]  # it is a bound method
    refused = []
    for _ in range(50):
        try:
            await alice.sync()
        except Refusal as refusal:
            refused.append(refusal.error)
    assert {error.name for error in refused} == {"overloaded"}
    node.stages.overload.level = Level.CALM
    await alice.sync()
    await node.stop()


async def test_a_conversation_that_takes_no_more_refuses_all_and_other_conversations_take() -> None:
    node = Node(
        MemoryEngines(),
        "memory",
        configured(conversation_submissions_per_s=2, conversation_submissions_burst=3),
    )
    await node.start()
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    told: list[str] = []
    for sender in (alice, bob) * 5:
        try:
            await sender.say(AB, "flood")
        except Refusal as refusal:
            told.append(refusal.error.name)
    assert set(told) == {"rate_limited"}
    assert (await alice.say(ConversationId("s:alice:carol"), "hello")).seq == 1
    await node.stop()


async def test_a_connection_that_sends_too_many_frames_is_read_more_slowly_and_loses_nothing() -> None:
    node = Node(MemoryEngines(), "ws", configured(frames_per_s=10))
    await node.start()
    alice = await node.connect("alice/phone")
    for _ in range(8):
        numbers = alice.send(*(frames.Ping() for _ in range(5)))
        assert [type(await alice.reply(number)) for number in numbers] == [frames.Pong] * 5
    assert node.stages.metrics.throttled > 0
    await node.stop()
