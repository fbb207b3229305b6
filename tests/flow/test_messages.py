"""What happens to a message after it was said; what a device heard and what one fetches anew end equal."""

import asyncio

import pytest

from hongyan.model import commands as ask
from hongyan.model.amendments import amended, target_of
from hongyan.model.commands import AnyCommand
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import Amended, Deleted, EditNotice, Entry, Recalled
from hongyan.protocol.codec_content import parse_content, text_content
from tests.flow.device import Device, Refusal
from tests.flow.node import Node

AB = ConversationId("s:alice:bob")


def edit(seq: int, text: str) -> ask.EditMessage:
    return ask.EditMessage(seq, 1, text_content(text))


def folded(device: Device, conversation_id: ConversationId, said: list[Entry]) -> list[Entry]:
    """What a device shows that held some entries and heard the rest."""
    shown = {entry.seq: entry for entry in said}
    for seq, entry in sorted(device.entries[conversation_id].items()):
        shown.setdefault(seq, entry)
    for seq in sorted(shown):
        later = shown[seq]
        target = target_of(later)
        if target in shown:
            shown[target] = amended(shown[target], later)
        for other in [entry for entry in shown.values() if isinstance(entry.body, EditNotice)]:
            shown[other.seq] = amended(other, later)
    return [shown[seq] for seq in sorted(shown)]


async def test_what_happens_to_a_message_is_heard_and_fetched_alike(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    for text in ("one", "two", "three", "four"):
        await alice.say(AB, text)
    said = await bob.history(AB)
    commands: list[tuple[Device, AnyCommand]] = [
        (alice, edit(1, "1")),
        (bob, ask.React(1, "👍")),
        (alice, ask.React(1, "❤️")),
        (bob, ask.React(1, "👍", on=False)),
        (alice, edit(1, "uno")),
        (alice, edit(2, "secret")),
        (alice, ask.Recall(2, 0)),
        (alice, ask.DeleteMessage(3)),
        (bob, ask.Pin(4)),
        (bob, ask.React(4, "👍")),
        (bob, ask.React(4, "👍", on=False)),
    ]
    for device, command in commands:
        await device.submit(AB, command)
    last = 4 + len(commands)
    await bob.has(AB, last)
    fetched = await bob.history(AB)
    assert folded(bob, AB, said) == fetched
    assert [entry.seq for entry in fetched] == list(range(1, last + 1))
    first = fetched[0].body
    assert isinstance(first, Amended)
    assert parse_content(first.content).text == "uno"
    assert [(each.emoji, each.user_ids) for each in first.reactions] == [("❤️", ("alice",))]
    assert (fetched[1].body, fetched[2].body, fetched[3]) == (Recalled(alice_id()), Deleted(alice_id()), said[3])
    everything = repr(fetched)
    assert "secret" not in everything
    await node.stored()
    assert await alice.history(AB) == fetched


def alice_id() -> UserId:
    return UserId("alice")


async def test_it_is_the_same_before_the_store_has_it_and_after_a_restart(plain: Node) -> None:
    alice = await plain.connect("alice/phone")
    await alice.say(AB, "one")
    await plain.stored()
    plain.hold_store()
    await alice.say(AB, "two")
    for seq in (1, 2):
        await alice.submit(AB, edit(seq, "new"))
        await alice.submit(AB, ask.React(seq, "👍"))
    hot = await alice.history(AB)
    plain.release_store()
    await plain.stored()
    assert await alice.history(AB) == hot
    await plain.restart()
    alice = await plain.connect("alice/phone")
    assert await alice.history(AB) == hot
    await alice.submit(AB, ask.React(1, "👍", on=False))
    await alice.submit(AB, ask.DeleteMessage(2))
    shown = await alice.history(AB)
    assert isinstance(shown[0].body, Amended)
    assert (shown[0].body.reactions, shown[1].body) == ((), Deleted(alice_id()))
    edits = [entry.body for entry in shown if isinstance(entry.body, EditNotice)]
    assert [(body.seq, bool(body.content)) for body in edits] == [(1, True), (2, False)]


async def test_a_crowd_reacts_at_once_and_everybody_counts_once(plain: Node) -> None:
    names = [f"u{number}" for number in range(20)]
    owner = await plain.connect("alice/phone")
    group = await owner.create_group("Crowd", *names)
    said = await owner.say(group, "hello")
    devices = [await plain.connect(f"{name}/phone") for name in names]
    twice = [device.submit(group, ask.React(said.seq, "👍")) for device in devices for _ in range(2)]
    receipts = await asyncio.gather(*twice)
    assert sum(receipt.seq > 0 for receipt in receipts) == len(names)
    shown = (await owner.history(group))[said.seq - 1].body
    assert isinstance(shown, Amended)
    assert [(each.emoji, set(each.user_ids)) for each in shown.reactions] == [("👍", set(names))]


async def test_a_block_is_in_force_at_once_and_nobody_hears_of_it(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    await bob.say(AB, "hello")
    await alice.has(AB, 1)
    assert (await alice.submit(AB, ask.Block())).seq == 0
    with pytest.raises(Refusal) as refused:
        await bob.say(AB, "are you there?")
    assert refused.value.error.name == "blocked"
    with pytest.raises(Refusal):
        await bob.submit(AB, edit(1, "hello!"))
    await alice.say(AB, "I can still write")
    await bob.has(AB, 2)
    assert (alice.seqs(AB), bob.seqs(AB)) == ([1, 2], [1, 2])
    await alice.submit(AB, ask.Block(on=False))
    assert (await bob.say(AB, "thank you")).seq == 3


async def test_a_block_before_the_first_message_is_no_conversation(plain: Node) -> None:
    alice, bob = await plain.connect("alice/phone"), await plain.connect("bob/phone")
    await alice.submit(AB, ask.Block())
    with pytest.raises(Refusal, match="takes no messages from you"):
        await bob.say(AB, "hello")
    for device in (alice, bob):
        assert await device.sync() == ([], "")
    await plain.stored()
    await plain.restart()
    bob = await plain.connect("bob/phone")
    with pytest.raises(Refusal, match="takes no messages from you"):
        await bob.say(AB, "hello")
    assert await bob.sync() == ([], "")


async def test_no_client_says_who_are_friends(plain: Node) -> None:
    alice = await plain.connect("alice/phone")
    with pytest.raises(KeyError):
        await alice.submit(AB, ask.Befriend(alice_id()))
