"""What a user keeps for himself is the same on all of his devices, on any wire and after a restart."""

import asyncio

import pytest

from hongyan.model.ids import UserId, self_id
from hongyan.model.personal import ConversationSettings, Draft, Item
from hongyan.protocol import frames
from hongyan.protocol.codec_personal import encode_value
from tests.flow.device import Device, Refusal, text_of
from tests.flow.node import Node


def draft(key: str, text: str, version: int = 0) -> Item:
    return Item("draft", key, encode_value(Draft(text)), version=version)


async def put(device: Device, *items: Item) -> frames.ItemsChanged:
    answer = await device.ask(frames.PutItems(items))
    assert isinstance(answer, frames.ItemsChanged)
    return answer


async def pull(device: Device, since: int = 0) -> frames.ItemPage:
    answer = await device.ask(frames.GetItems(since))
    assert isinstance(answer, frames.ItemPage)
    return answer


async def test_what_one_device_puts_the_others_hear_at_once_and_nobody_else(node: Node) -> None:
    phone, laptop = await node.connect("alice/phone"), await node.connect("alice/laptop")
    bob = await node.connect("bob/phone")
    pinned = Item("conversation", "s:alice:bob", encode_value(ConversationSettings(pin_order=5, labels=("家人",))))
    answer = await put(phone, pinned, draft("s:alice:bob", "dear b"))
    heard = await laptop.event(frames.ItemsChanged)
    assert heard == answer
    assert [(item.topic, item.version) for item in answer.items] == [("conversation", 1), ("draft", 2)]
    assert (await pull(bob)).items == ()


async def test_the_welcome_tells_whether_something_was_missed_and_a_pull_brings_it(node: Node) -> None:
    phone = await node.connect("alice/phone")
    assert phone.welcome.items_version == 0
    await put(phone, draft("g:a", "one"), draft("g:b", "two"))
    await put(phone, Item("draft", "g:a", deleted=True))
    await node.restart()
    laptop = await node.connect("alice/laptop")
    assert laptop.welcome.items_version == 3
    page = await pull(laptop)
    assert page.items == (draft("g:b", "two", version=2), Item("draft", "g:a", deleted=True, version=3))
    assert (page.version, page.more, page.reset) == (3, False, False)
    assert (await pull(laptop, since=3)).items == ()


async def test_of_two_devices_that_change_the_same_version_one_is_told_so(node: Node) -> None:
    phone, laptop = await node.connect("alice/phone"), await node.connect("alice/laptop")
    await put(phone, draft("g:a", "one"))
    asks = (device.ask(frames.PutItems((draft("g:a", text, 1),))) for device, text in ((phone, "two"), (laptop, "too")))
    answers = await asyncio.gather(*asks, return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.error.name for refusal in refusals] == ["item_conflict"]


async def test_what_the_server_writes_cannot_be_put(node: Node) -> None:
    phone = await node.connect("alice/phone")
    with pytest.raises(Refusal) as refused:
        await phone.ask(frames.PutItems((Item("relation", "bob", b"\x08\x01"),)))
    assert refused.value.error.name == "item_read_only"


async def test_what_one_saves_for_oneself_is_on_all_devices_and_nobody_elses(node: Node) -> None:
    phone, laptop = await node.connect("alice/phone"), await node.connect("alice/laptop")
    bob = await node.connect("bob/phone")
    saved = self_id(UserId("alice"))
    receipt = await phone.say(saved, "buy milk 买牛奶")
    await laptop.has(saved, receipt.seq)
    await node.restart()
    tablet, bob = await node.connect("alice/tablet"), await node.connect("bob/phone")
    heads, _ = await tablet.sync()
    assert [(head.conversation_id, head.seq, head.unread) for head in heads] == [(saved, 1, 0)]
    assert [text_of(entry) for entry in await tablet.history(saved)] == ["buy milk 买牛奶"]
    for ask in (bob.say(saved, "hi"), bob.history(saved)):
        with pytest.raises(Refusal):
            await ask
