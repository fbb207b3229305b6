"""People write to each other, alone and in groups, on any wire."""

import asyncio

import pytest

from hongyan.model.ids import ConversationId
from hongyan.model.records import MemberLeft, MembersRemoved, Recalled, RecallNotice
from hongyan.protocol import frames
from tests.flow.device import Refusal
from tests.flow.node import Node

AB = ConversationId("s:alice:bob")
TEXTS = ["hello", "你好，世界", "שלום", "👩‍👩‍👧‍👦 🏳️‍🌈", "line\nline\ttab", "\u202eright to left\u202c", "x" * 60_000]


async def test_two_people_chat(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    for number, text in enumerate(TEXTS):
        speaker, listener = (alice, bob) if number % 2 == 0 else (bob, alice)
        receipt = await speaker.say(AB, text)
        assert receipt.seq == number + 1
        await listener.has(AB, number + 1)
        entry = listener.entries[AB][number + 1]
        assert (entry.message_id, entry.time_ms, entry.countable) == (
            receipt.message_id,
            receipt.time_ms,
            receipt.countable,
        )
    assert bob.texts(AB) == {seq: text for seq, text in enumerate(TEXTS, 1) if seq % 2 == 1}
    assert alice.texts(AB) == {seq: text for seq, text in enumerate(TEXTS, 1) if seq % 2 == 0}
    assert alice.seqs(AB) == bob.seqs(AB) == list(range(1, len(TEXTS) + 1))


async def test_both_write_at_once_and_see_one_order(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    mine, his = await asyncio.gather(
        alice.say_all(AB, [f"a{n}" for n in range(50)]), bob.say_all(AB, [f"b{n}" for n in range(50)])
    )
    for receipts in (mine, his):
        seqs = [receipt.seq for receipt in receipts]
        assert seqs == sorted(seqs), "one's own messages keep their order"
    await alice.has(AB, *(receipt.seq for receipt in his))
    await bob.has(AB, *(receipt.seq for receipt in mine))
    assert alice.seqs(AB) == bob.seqs(AB) == list(range(1, 101))
    assert alice.entries[AB].keys().isdisjoint(alice.receipts[AB].keys())


async def test_a_packet_of_many_frames_is_answered_frame_by_frame(node: Node) -> None:
    alice = await node.connect("alice/phone")
    ids = alice.send(frames.Ping(), frames.Sync(), frames.GetEntries(AB), frames.Ping())
    kinds = [type(await alice.reply(number)) for number in ids]
    assert kinds == [frames.Pong, frames.SyncPage, frames.EntryPage, frames.Pong]


async def test_a_second_device_sees_what_the_first_sends_and_gets(node: Node) -> None:
    phone, laptop = await node.connect("alice/phone"), await node.connect("alice/laptop")
    bob = await node.connect("bob/phone")
    await phone.say(AB, "from my phone")
    await bob.say(AB, "from bob")
    await laptop.has(AB, 1, 2)
    assert laptop.texts(AB) == {1: "from my phone", 2: "from bob"}
    assert laptop.entries[AB][1].sender_id == "alice"
    await laptop.say(AB, "from my laptop")
    await phone.has(AB, 2, 3)
    assert phone.texts(AB) == {2: "from bob", 3: "from my laptop"}


async def test_protobuf_json_and_tcp_clients_see_the_same(node: Node) -> None:
    devices = {wire: await node.connect(f"alice/{wire}", wire=wire) for wire in ("ws", "json", "tcp", "memory")}
    bob = await node.connect("bob/phone")
    for text in TEXTS:
        await bob.say(AB, text)
    for device in devices.values():
        await device.has(AB, *range(1, len(TEXTS) + 1))
    shown = [device.entries[AB] for device in devices.values()]
    assert all(each == shown[0] for each in shown)
    pages = [await device.history(AB) for device in devices.values()]
    assert all(page == list(shown[0].values()) for page in pages)


async def test_a_stranger_is_refused_and_hears_nothing(node: Node) -> None:
    alice, bob, carol = [await node.connect(f"{name}/phone") for name in ("alice", "bob", "carol")]
    await alice.say(AB, "between us")
    await bob.has(AB, 1)
    with pytest.raises(Refusal, match="not_a_member"):
        await carol.say(AB, "let me in")
    for request in (frames.GetEntries(AB), frames.GetMembers(AB), frames.GetPositions(AB)):
        with pytest.raises(Refusal, match="conversation_unknown"):
            await carol.ask(request)
    assert await carol.sync() == ([], "")
    assert carol.entries == {}


async def test_nobody_can_be_written_to_who_does_not_exist(node: Node) -> None:
    alice = await node.connect("alice/phone")
    with pytest.raises(Refusal, match="user_unknown"):
        await alice.say(ConversationId("s:alice:nobody1"), "hello?")
    with pytest.raises(Refusal, match="user_unknown"):
        await alice.create_group("Ghosts", "bob", "nobody2")
    assert await alice.sync() == ([], "")


async def test_one_who_has_never_connected_can_be_written_to(node: Node) -> None:
    alice = await node.connect("alice/phone")
    conversation_id = ConversationId("s:alice:zoe")
    receipts = await alice.say_all(conversation_id, ["one", "two", "three"])
    assert [receipt.seq for receipt in receipts] == [1, 2, 3]
    zoe = await node.connect("zoe/phone")
    (head,) = zoe.welcome.sync_page.conversations
    assert (head.conversation_id, head.seq, head.unread) == (conversation_id, 3, 3)


# Groups


async def test_a_group_from_its_first_to_its_last_entry(node: Node) -> None:
    alice, bob, carol = [await node.connect(f"{name}/phone") for name in ("alice", "bob", "carol")]
    group = await alice.create_group("读书会", "bob")
    await bob.has(group, 1)
    await bob.say(group, "hello")
    await alice.has(group, 2)
    await alice.add(group, "carol", "bob")
    await carol.has(group, 3)
    await carol.say(group, "thanks")
    await bob.has(group, 3, 4)
    await alice.remove(group, "bob")
    await bob.has(group, 5)
    assert isinstance(bob.entries[group][5].body, MembersRemoved)
    await alice.say(group, "now we are two")
    await carol.has(group, 5, 6)
    with pytest.raises(Refusal, match="not_a_member"):
        await bob.say(group, "am I out?")
    assert await carol.members(group) == {"alice": "owner", "carol": "member"}
    await carol.leave(group)
    await alice.has(group, 7)
    assert isinstance(alice.entries[group][7].body, MemberLeft)
    assert await alice.members(group) == {"alice": "owner"}
    assert [entry.seq for entry in await bob.history(group)] == [1, 2, 3, 4, 5]
    assert [entry.seq for entry in await carol.history(group)] == [3, 4, 5, 6, 7]
    assert bob.seqs(group) == [1, 2, 3, 4, 5]
    with pytest.raises(Refusal, match="conversation_unknown"):
        await bob.members(group)


async def test_one_who_was_put_out_and_came_back_sees_nothing_from_between(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    group = await alice.create_group("Books", "bob")
    await alice.remove(group, "bob")
    await alice.say(group, "behind his back")
    await alice.add(group, "bob")
    await alice.say(group, "welcome back")
    await bob.has(group, 4, 5)
    assert bob.seqs(group) == [1, 2, 4, 5]
    assert [entry.seq for entry in await bob.history(group)] == [4, 5]
    ((head,), _) = await bob.sync()
    assert (head.first_seq, head.seq, head.unread, head.member) == (4, 5, 1, True)


async def test_adding_who_is_in_is_taken_without_an_entry(node: Node) -> None:
    alice = await node.connect("alice/phone")
    group = await alice.create_group("Books", "bob")
    receipt = await alice.add(group, "bob")
    assert receipt.seq == 0
    assert (await alice.say(group, "hello")).seq == 2


async def test_a_group_cannot_be_made_twice_and_has_rules(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    group = await alice.create_group("Books", "bob", to="g:books")
    with pytest.raises(Refusal, match="group_exists"):
        await bob.create_group("Mine", to="g:books")
    with pytest.raises(Refusal, match="not_allowed"):
        await bob.remove(group, "alice")
    with pytest.raises(Refusal, match="last_owner"):
        await alice.leave(group)
    with pytest.raises(Refusal, match="not_a_member"):
        await bob.say(ConversationId("g:nowhere"), "hello?")
    with pytest.raises(Refusal, match="invalid_field"):
        await alice.add(AB, "carol")


# Recall


async def test_a_recalled_message_is_gone_everywhere(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    await alice.say(AB, "secret")
    await bob.has(AB, 1)
    await alice.recall(AB, 1)
    await bob.has(AB, 2)
    assert bob.entries[AB][2].body == RecallNotice(1)
    for _ in range(2):
        for device in (alice, bob):
            first, second = await device.history(AB)
            assert (first.seq, first.body, first.sender_id) == (1, Recalled(alice.welcome.user_id), "alice")
            assert second.seq == 2
        await node.stored()
    page = await bob.page(AB)
    assert b"secret" not in b"".join(page.entries)
    with pytest.raises(Refusal, match="already_recalled"):
        await alice.recall(AB, 1)
    with pytest.raises(Refusal, match="entry_unknown"):
        await alice.recall(AB, 2)
    with pytest.raises(Refusal, match="entry_unknown"):
        await alice.recall(AB, 9)


async def test_only_ones_own_message_can_be_recalled(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    await alice.say(AB, "mine")
    with pytest.raises(Refusal, match="not_allowed"):
        await bob.recall(AB, 1)


# Signs and positions


async def test_typing_is_seen_by_the_other_and_leaves_no_trace(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    carol = await node.connect("carol/phone")
    alice.show_typing(AB)
    sign = await bob.event(frames.SignalPush)
    assert sign == frames.SignalPush(AB, alice.welcome.user_id, "typing")
    carol.show_typing(AB)
    alice.show_typing(AB)
    assert (await bob.event(frames.SignalPush)) == sign
    assert (await bob.sync())[0] == []


async def test_reading_moves_unread_on_all_devices_and_is_shown_to_the_sender(node: Node) -> None:
    alice, phone = await node.connect("alice/phone"), await node.connect("bob/phone")
    laptop = await node.connect("bob/laptop")
    await alice.say_all(AB, ["one", "two", "three"])
    await phone.has(AB, 1, 2, 3)
    ((head,), _) = await phone.sync()
    assert (head.unread, head.read_seq) == (3, 0)
    phone.mark(AB, 2, 3)
    moved = frames.Positions(AB, (frames.Position(phone.welcome.user_id, 2, 3),))
    for device in (alice, laptop, phone):
        assert await device.event(frames.Positions) == moved
    for device in (phone, laptop):
        ((head,), _) = await device.sync()
        assert (head.unread, head.read_seq, head.delivered_seq) == (1, 2, 3)
    found = await alice.ask(frames.GetPositions(AB))
    assert isinstance(found, frames.Positions)
    assert {(row.user_id, row.read_seq) for row in found.positions} == {("alice", 3), ("bob", 2)}


async def test_marks_never_move_back_and_writing_is_reading(node: Node) -> None:
    alice, bob = await node.connect("alice/phone"), await node.connect("bob/phone")
    await alice.say_all(AB, ["one", "two", "three"])
    bob.mark(AB, 3)
    await alice.event(frames.Positions)
    bob.mark(AB, 1)
    await alice.say(AB, "four")
    await bob.say(AB, "five")
    bob.mark(AB, 99)
    await node.stored()
    ((head,), _) = await bob.sync()
    assert (head.read_seq, head.unread) == (5, 0)
    ((head,), _) = await alice.sync()
    assert (head.read_seq, head.unread) == (4, 1)


async def test_a_mark_in_a_conversation_of_others_is_refused(node: Node) -> None:
    alice, bob, carol = [await node.connect(f"{name}/phone") for name in ("alice", "bob", "carol")]
    await alice.say(AB, "between us")
    carol.mark(AB, 1)
    assert await carol.error() == "not_a_member"
    group = await alice.create_group("Books", "bob")
    carol.mark(group, 1)
    bob.mark(group, 1)
    assert (await alice.event(frames.Positions)) == frames.Positions(
        group, (frames.Position(bob.welcome.user_id, 1, 1),)
    )
