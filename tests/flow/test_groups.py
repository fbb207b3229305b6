"""What the members of a group set and how others come in, over any wire; what a device heard and what one fetches end equal."""

import asyncio
import random
import time
from collections import Counter

import pytest

from hongyan.model import commands as ask
from hongyan.model.commands import JoinPolicy, Role
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import (
    AllMuted,
    GroupDismissed,
    GroupProfileSet,
    JoinAnswered,
    JoinLinkMade,
    JoinRequested,
    MemberJoined,
    MemberMuted,
    Message,
    NicknameSet,
    OwnerTransferred,
    RoleSet,
)
from hongyan.protocol import frames
from tests.flow.device import Device, Refusal, text_of
from tests.flow.node import Node

BOB, CAROL = UserId("bob"), UserId("carol")
FOREVER_MS = 1 << 50
NAMES = ("alice", "bob", "carol", "dave", "erin")
TOKEN = "Zm9yLWEtcXVpZXQtZXZlbmluZw"


async def people(node: Node, *names: str) -> list[Device]:
    return [await node.connect(f"{name}/phone") for name in names]


async def state_of(device: Device, group: ConversationId) -> frames.Group:
    found = await device.ask(frames.GetGroup(group))
    assert isinstance(found, frames.Group)
    return found


async def outcome(device: Device, number: int) -> str:
    """What became of a frame: "ok", or the refusal's name."""
    try:
        await device.reply(number)
    except Refusal as refusal:
        return refusal.name
    return "ok"


def submit(group: ConversationId, command: ask.AnyCommand, name: str) -> frames.Submit:
    return frames.Submit(group, ClientMsgId(name), command)


async def test_what_admins_set_everybody_sees(node: Node) -> None:
    alice, bob, carol = await people(node, "alice", "bob", "carol")
    group = await alice.create_group("Books", "bob", "carol")
    await alice.submit(group, ask.SetRole(BOB, Role.ADMIN))
    await bob.submit(group, ask.SetGroupProfile(name="读书会", announcement="周四七点"))
    await bob.submit(group, ask.MuteMember(CAROL, FOREVER_MS))
    await alice.submit(group, ask.SetNickname("A."))
    await carol.has(group, 1, 2, 3, 4, 5)
    assert [carol.entries[group][seq].body for seq in range(2, 6)] == [
        RoleSet(BOB, Role.ADMIN),
        GroupProfileSet("读书会", None, "周四七点"),
        MemberMuted(CAROL, FOREVER_MS),
        NicknameSet("A."),
    ]
    with pytest.raises(Refusal, match="muted"):
        await carol.say(group, "but")
    stands = await state_of(carol, group)
    assert (stands.name, stands.announcement, stands.member_count) == ("读书会", "周四七点", 3)
    assert stands.me == frames.MemberRow(CAROL, "member", 1, FOREVER_MS)
    page = await carol.ask(frames.GetMembers(group))
    assert isinstance(page, frames.MemberPage)
    assert {row.user_id: (row.role, row.nickname) for row in page.members} == {
        "alice": ("owner", "A."),
        "bob": ("admin", ""),
        "carol": ("member", ""),
    }
    (head,) = (await carol.sync())[0]
    assert head.name == "读书会"


async def test_a_group_stands_after_a_restart_as_before(plain: Node) -> None:
    alice, bob = await people(plain, "alice", "bob")
    group = await alice.create_group("Books", "bob", "carol")
    await alice.submit(group, ask.SetGroupRules(history_for_newcomers=True, join_policy=JoinPolicy.APPROVAL))
    await alice.submit(group, ask.MakeJoinLink("poster", TOKEN, FOREVER_MS, 2))
    await alice.submit(group, ask.MuteMember(CAROL, FOREVER_MS))
    await bob.submit(group, ask.SetNickname("Bobby"))
    await plain.stored()
    plain.hold_store()
    # What follows is decided and pushed, and replayed from the log after the restart.
    await alice.submit(group, ask.MuteAll(on=True, allowed_ids=(BOB,)))
    (erin,) = await people(plain, "erin")
    await erin.submit(group, ask.RequestJoin("it is me"))
    (dave,) = await people(plain, "dave")
    await dave.submit(group, ask.JoinByLink(TOKEN))
    before = [await state_of(device, group) for device in (alice, bob, dave)], await alice.snapshot()
    assert before[0][0].links == (frames.JoinLinkRow("poster", UserId("alice"), FOREVER_MS, 2, 1),)
    assert [each.user_id for each in before[0][0].requests] == ["erin"]
    await plain.restart()
    alice, bob, dave = await people(plain, "alice", "bob", "dave")
    for _ in range(2):
        assert ([await state_of(device, group) for device in (alice, bob, dave)], await alice.snapshot()) == before
        plain.release_store()
        await plain.stored()
    await bob.say(group, "allowed")
    (carol,) = await people(plain, "carol")
    for device in (carol, dave):
        with pytest.raises(Refusal, match="muted"):
            await device.say(group, "may I?")
    assert (await dave.history(group))[0].seq == 1


async def test_a_stranger_comes_in_by_a_link_and_is_told_of_from_there_on(node: Node) -> None:
    alice, bob, dave = await people(node, "alice", "bob", "dave")
    group = await alice.create_group("Books", "bob")
    await alice.submit(group, ask.MakeJoinLink("poster", TOKEN, 0, 1))
    await bob.has(group, 2)
    assert bob.entries[group][2].body == JoinLinkMade("poster", 0, 1)
    for token in ("some-other-token-0", TOKEN[::-1]):
        with pytest.raises(Refusal, match="join_link_invalid"):
            await dave.submit(group, ask.JoinByLink(token))
    await dave.submit(group, ask.JoinByLink(TOKEN))
    await bob.has(group, 3)
    assert bob.entries[group][3].body == MemberJoined("poster")
    await dave.has(group, 3)
    await bob.say(group, "welcome")
    await dave.has(group, 4)
    assert [entry.seq for entry in await dave.history(group)] == [3, 4]
    (erin,) = await people(node, "erin")
    with pytest.raises(Refusal, match="join_link_invalid"):
        await erin.submit(group, ask.JoinByLink(TOKEN))
    assert (await erin.sync())[0] == []


async def test_who_asks_is_let_in_or_not(node: Node) -> None:
    alice, bob, dave, erin = await people(node, "alice", "bob", "dave", "erin")
    group = await alice.create_group("Books", "bob")
    with pytest.raises(Refusal, match="join_closed"):
        await dave.submit(group, ask.RequestJoin("hello"))
    await alice.submit(group, ask.SetGroupRules(join_policy=JoinPolicy.APPROVAL))
    await dave.submit(group, ask.RequestJoin("it is me"))
    await erin.submit(group, ask.RequestJoin(""))
    await bob.has(group, 3, 4)
    assert (bob.entries[group][3].sender_id, bob.entries[group][3].body) == ("dave", JoinRequested("it is me"))
    assert (await dave.sync())[0] == []
    assert dave.entries == {}
    await alice.submit(group, ask.AnswerJoin(UserId("dave"), accept=True))
    await alice.submit(group, ask.AnswerJoin(UserId("erin"), accept=False))
    await dave.has(group, 5, 6)
    assert dave.entries[group][5].body == JoinAnswered(UserId("dave"), accept=True)
    assert (await erin.sync())[0] == []
    with pytest.raises(Refusal, match="join_closed"):
        await erin.submit(group, ask.RequestJoin("please"))


async def test_newcomers_read_from_the_start_where_the_rules_say_so(node: Node) -> None:
    alice, dave = await people(node, "alice", "dave")
    group = await alice.create_group("Books", "bob")
    await alice.say_all(group, ["one", "two"])
    await alice.submit(group, ask.SetGroupRules(history_for_newcomers=True))
    await alice.add(group, "dave")
    await dave.has(group, 5)
    (head,) = (await dave.sync())[0]
    assert (head.first_seq, head.unread) == (1, 0)
    assert [entry.seq for entry in await dave.history(group)] == [1, 2, 3, 4, 5]
    await alice.say(group, "three")
    (head,) = (await dave.sync())[0]
    assert head.unread == 1


async def test_a_dismissed_group_stays_readable_and_silent(node: Node) -> None:
    alice, bob = await people(node, "alice", "bob")
    group = await alice.create_group("Books", "bob")
    await bob.say(group, "hello")
    await alice.submit(group, ask.DismissGroup())
    await bob.has(group, 3)
    assert bob.entries[group][3].body == GroupDismissed()
    for device in (alice, bob):
        with pytest.raises(Refusal, match="not_a_member"):
            await device.say(group, "anybody?")
        with pytest.raises(Refusal, match="conversation_unknown"):
            await device.ask(frames.GetGroup(group))
        assert [entry.seq for entry in await device.history(group)] == [1, 2, 3]
        (head,) = (await device.sync())[0]
        assert (head.seq, head.member, head.unread) == (3, False, 0)


# Races


async def test_of_a_hundred_who_redeem_a_link_for_one_at_once_one_comes_in(plain: Node) -> None:
    (alice,) = await people(plain, "alice")
    group = await alice.create_group("Books", "bob")
    await alice.submit(group, ask.MakeJoinLink("poster", TOKEN, 0, 1))
    devices = await people(plain, *(f"u{number}" for number in range(100)))
    numbers = [device.send(submit(group, ask.JoinByLink(TOKEN), "join"))[0] for device in devices]
    found = Counter(await asyncio.gather(*map(outcome, devices, numbers)))
    assert found == {"ok": 1, "join_link_invalid": 99}
    assert len(await alice.members(group)) == 3
    # A retry of whoever won means the same, and none of the others wins by asking again.
    numbers = [
        device.send(frames.Submit(group, ClientMsgId("join"), ask.JoinByLink(TOKEN), resend=True))[0]
        for device in devices
    ]
    assert Counter(await asyncio.gather(*map(outcome, devices, numbers))) == found
    assert len(await alice.members(group)) == 3


async def test_of_two_transfers_at_once_one_counts_and_there_is_one_owner(plain: Node) -> None:
    phone, laptop = await plain.connect("alice/phone"), await plain.connect("alice/laptop")
    group = await phone.create_group("Books", "bob", "carol")
    one = phone.send(submit(group, ask.TransferOwner(BOB), "give-1"))[0]
    other = laptop.send(submit(group, ask.TransferOwner(CAROL), "give-2"))[0]
    found = await asyncio.gather(outcome(phone, one), outcome(laptop, other))
    assert sorted(found) == ["not_allowed", "ok"]
    roles = await phone.members(group)
    assert Counter(roles.values()) == {"owner": 1, "admin": 1, "member": 1}
    assert roles["alice"] == "admin"


async def test_a_group_that_goes_from_hand_to_hand_has_one_owner_at_every_entry(plain: Node) -> None:
    """Each of three gives it to the next as soon as he can, all at once and again and again."""
    names = ("alice", "bob", "carol")
    devices = await people(plain, *names)
    group = await devices[0].create_group("Books", *names[1:])

    async def give(index: int) -> None:
        for turn in range(20):
            to = UserId(names[(index + 1 + turn % 2) % 3])
            number = devices[index].send(submit(group, ask.TransferOwner(to), f"give-{index}-{turn}"))[0]
            await outcome(devices[index], number)

    await asyncio.gather(*map(give, range(3)))
    owner = "alice"
    for entry in (await devices[0].history(group))[1:]:
        assert isinstance(entry.body, OwnerTransferred)
        assert entry.sender_id == owner
        owner = entry.body.user_id
    roles = await devices[0].members(group)
    assert [name for name, role in roles.items() if role == "owner"] == [owner]


async def test_after_all_were_muted_no_member_has_spoken(plain: Node) -> None:
    alice, bob, carol = await people(plain, "alice", "bob", "carol")
    group = await alice.create_group("Books", "bob", "carol")
    sent = [device.send(submit(group, text(n), f"say-{n}"))[0] for n in range(30) for device in (bob, carol)]
    mute = alice.send(submit(group, ask.MuteAll(on=True, allowed_ids=(CAROL,)), "quiet"))[0]
    sent += [device.send(submit(group, text(n), f"say-{n}"))[0] for n in range(30, 60) for device in (bob, carol)]
    assert await outcome(alice, mute) == "ok"
    said = {
        name: [await outcome(device, number) for number in sent[start::2]]
        for start, (name, device) in enumerate((("bob", bob), ("carol", carol)))
    }
    assert said["bob"] == sorted(said["bob"], reverse=True), "ok until the mute, muted from then on"
    assert set(said["carol"]) == {"ok"}
    history = await alice.history(group)
    muted_at = next(entry.seq for entry in history if isinstance(entry.body, AllMuted))
    assert not [entry for entry in history if entry.seq > muted_at and entry.sender_id == "bob"]


async def test_after_a_kick_the_kicked_has_not_spoken_and_hears_nothing(plain: Node) -> None:
    alice, bob, carol = await people(plain, "alice", "bob", "carol")
    group = await alice.create_group("Books", "bob", "carol")
    sent = [bob.send(submit(group, text(n), f"say-{n}"))[0] for n in range(30)]
    kick = alice.send(submit(group, ask.RemoveMembers((BOB,)), "out"))[0]
    sent += [bob.send(submit(group, text(n), f"say-{n}"))[0] for n in range(30, 60)]
    assert await outcome(alice, kick) == "ok"
    said = [await outcome(bob, number) for number in sent]
    assert set(said) <= {"ok", "not_a_member"}
    assert said == sorted(said, reverse=True)
    after = await carol.say(group, "he is gone")
    history = await alice.history(group)
    assert sum(entry.sender_id == "bob" for entry in history) == said.count("ok")
    assert after.seq not in {entry.seq for entry in await bob.history(group)}
    assert after.seq not in bob.entries.get(group, {})


async def test_who_was_put_out_hears_of_nothing_that_came_after_by_any_path(plain: Node) -> None:
    """What the group is called then, and what was said before says then, on a device that comes later."""
    alice, carol = await people(plain, "alice", "carol")
    group = await alice.create_group("Books", "bob", "carol")
    first, second = await alice.say(group, "the old words"), await carol.say(group, "stays")
    out = await alice.remove(group, "bob")
    await alice.submit(group, ask.EditMessage(first.seq, 1, b"\x0a\x0c\x0a\x0ahis secret"), "edit")
    await alice.submit(group, ask.SetGroupProfile(name="Without Bob"), "rename")
    for is_later in (False, True):
        if is_later:
            await plain.restart()
        late = await plain.connect("bob/tablet")
        ((head,), _) = await late.sync()
        assert (head.name, head.seq, head.member) == ("Books", out.seq, False)
        history = {entry.seq: entry for entry in await late.history(group)}
        assert list(history) == list(range(1, out.seq + 1))
        assert history[first.seq].body == Message(0, b"")
        assert text_of(history[second.seq]) == "stays"
    ((head,), _) = await (await plain.connect("carol/tablet")).sync()
    assert head.name == "Without Bob"


def text(number: int) -> ask.SendMessage:
    return ask.SendMessage(1, b"\x0a\x04\x0a\x02%02d" % number)


# What is stored


def any_command(chance: random.Random) -> ask.AnyCommand:
    """Something that might be asked of a group."""
    who = UserId(chance.choice(NAMES))
    now_ms = time.time_ns() // 1_000_000
    commands: list[ask.AnyCommand] = [
        ask.AddMembers((who,), 0),
        ask.AddMembers((who,), 0),
        ask.RemoveMembers((who,)),
        ask.LeaveGroup(),
        ask.SetRole(who, chance.choice([Role.ADMIN, Role.MEMBER])),
        ask.TransferOwner(who),
        ask.MuteMember(who, now_ms + chance.choice([0, 1_000_000])),
        ask.MuteAll(chance.random() < 0.3, (who,)),
        ask.SetNickname(chance.choice(["", "a", "b"])),
        ask.SetNickname(chance.choice(["", "a", "b"])),
        ask.SetGroupProfile(name=chance.choice("xyz"), announcement=chance.choice("xyz")),
        ask.SetGroupRules(chance.random() < 0.5, chance.choice(list(JoinPolicy))),
        ask.MakeJoinLink("poster", TOKEN, 0, chance.choice([0, 2])),
        ask.JoinByLink(TOKEN),
        ask.RequestJoin("hello"),
        ask.AnswerJoin(who, chance.random() < 0.5),
        text(1),
    ]
    return chance.choice(commands)


@pytest.mark.parametrize("seed", range(4))
async def test_the_store_has_the_group_as_its_owner_has_it_however_rows_gather(plain: Node, seed: int) -> None:
    chance = random.Random(seed)
    devices = await people(plain, *NAMES)
    group = await devices[0].create_group("Books", *NAMES[1:3])
    for turn in range(20):
        # Members leave, come back and are given other seats in one transaction.
        plain.hold_store()
        for step in range(chance.randrange(1, 12)):
            device = devices[0] if chance.random() < 0.6 else chance.choice(devices)
            await outcome(device, device.send(submit(group, any_command(chance), f"{turn}-{step}"))[0])
        # One who was given a seat goes and comes back, as far as the rules let him.
        comes_back: list[ask.AnyCommand] = [ask.SetNickname(f"n{turn}"), ask.LeaveGroup(), ask.JoinByLink(TOKEN)]
        for step, command in enumerate(comes_back):
            await outcome(devices[4], devices[4].send(submit(group, command, f"again-{turn}-{step}"))[0])
        plain.release_store()
        await plain.stored()
        owned = plain.stages.delivery._warm.get(group)
        stored = (await plain.engines.store.load([group]))[group]
        assert owned is not None
        for part in ("seq", "countable", "time_ms", "name", "members", "settings"):
            assert getattr(stored, part) == getattr(owned, part)
    kept = await plain.engines.store.load([group])
    await plain.restart()
    assert await plain.engines.store.load([group]) == kept
