"""Whatever happens, a device that heard of it, one that was away, and a new one show the same; for every event type."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from hongyan.config import Config
from hongyan.model.records import AnyBody
from hongyan_client import (
    AllMuted,
    Amended,
    Befriended,
    Client,
    ClientOptions,
    Contact,
    Conversation,
    ConversationSettings,
    Deleted,
    DeleteNotice,
    Draft,
    EditNotice,
    Entry,
    FriendRequest,
    GroupCreated,
    GroupDismissed,
    GroupProfileSet,
    GroupRulesSet,
    HttpError,
    JoinAnswered,
    JoinLinkMade,
    JoinLinkRevoked,
    JoinRequested,
    Login,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MembersAdded,
    MembersRemoved,
    MemoryStore,
    Message,
    NicknameSet,
    OwnerTransferred,
    PinNotice,
    Privacy,
    PrivacyChange,
    Profile,
    ProfileChange,
    ReactionNotice,
    Recalled,
    RecallNotice,
    RefusedError,
    Relation,
    RoleSet,
    Store,
    register,
)
from tests.flow.served import prepared, running

pytestmark = pytest.mark.blocks("a server opens its files on the loop, before it serves anybody")

PASSWORD = "correct horse battery"
USERS = ("alice", "bob", "eve")
FAST = ClientOptions(backoff_first_s=0.001, backoff_last_s=0.05, mark_every_s=0.01)
GROUP = "g:club"


@pytest.fixture(scope="module")
def fresh_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server makes of an empty folder, made once: its tables cost more than what most tests here do."""
    folder = tmp_path_factory.mktemp("fresh")
    with prepared(folder):
        return folder


@pytest.fixture
def config(fresh_dir: Path, data_dir: Path) -> Iterator[Config]:
    shutil.copytree(fresh_dir, data_dir, dirs_exist_ok=True)
    # These devices look again and again instead of waiting: how often one may is another test's subject.
    with prepared(data_dir, *(f"limits.{name}=100000" for name in ("reads_per_s", "frames_per_s"))) as found:
        yield found


class World(msgspec.Struct):
    """Three users; `alice` is the device that stays. `single` is hers with bob."""

    url: str
    alice: Client
    bob: Client
    eve: Client
    single: str

    @asynccontextmanager
    async def device(self, name: str, store: Store | None = None) -> AsyncIterator[Client]:
        """Another device of alice's, in step."""
        async with Client(self.url, Login("alice", PASSWORD, device_id=name), store=store, options=FAST) as client:
            await client.synced()
            yield client


@asynccontextmanager
async def world(config: Config) -> AsyncIterator[World]:
    """The three of them in a group, and something said everywhere."""
    async with running(config) as addresses, AsyncExitStack() as stack:
        clients = []
        for user_id in USERS:
            await register(addresses.http, user_id, PASSWORD)
            client = Client(addresses.http, Login(user_id, PASSWORD, device_id="first"), options=FAST)
            clients.append(await stack.enter_async_context(client))
            await client.connected()
        alice, bob, eve = clients
        here = World(addresses.http, alice, bob, eve, alice.single("bob"))
        await alice.create_group("Club", ["bob", "eve"], group_id="club")
        for key in (GROUP, here.single):
            await bob.send(key, "one")
            await alice.send(key, "two")
        yield here


Act = Callable[[World], Awaitable[object]]


async def edits(here: World) -> None:
    await here.bob.edit(GROUP, 2, "one, better")
    await here.bob.react(GROUP, 2, "👍")
    await here.bob.edit(GROUP, 2, "one, best")
    await here.alice.edit(here.single, 2, "two, better")


async def reacts(here: World) -> None:
    for client in (here.alice, here.bob, here.eve):
        await client.react(GROUP, 2, "👍")
    await here.eve.react(GROUP, 3, "🎉")
    await here.alice.react(GROUP, 2, "👍", on=False)
    await here.alice.react(GROUP, 2, "👍")
    await here.eve.react(GROUP, 3, "🎉", on=False)


async def takes_away(here: World) -> None:
    await here.bob.edit(here.single, 1, "one, better")
    await here.bob.recall(here.single, 1)
    await here.alice.edit(GROUP, 3, "two, better")
    await here.alice.delete(GROUP, 3)


async def pins(here: World) -> None:
    await here.alice.pin(GROUP, 2)
    await here.alice.pin(here.single, 1)
    await here.alice.pin(here.single, 1, on=False)


async def ranks(here: World) -> None:
    await here.alice.set_role(GROUP, "bob", "admin")
    await here.alice.mute(GROUP, "eve", 4_000_000_000_000)
    await here.alice.mute(GROUP, "eve", 0)
    await here.alice.mute_all(GROUP, allowed=["eve"])
    await here.alice.mute_all(GROUP, on=False)
    await here.alice.transfer(GROUP, "bob")


async def is_renamed(here: World) -> None:
    await here.alice.set_group(GROUP, name="Book club", announcement="on Friday")
    shown = await here.bob.group(GROUP)
    assert (shown.name, shown.announcement, shown.member_count, shown.me.role) == (
        "Book club",
        "on Friday",
        3,
        "member",
    )
    await here.alice.set_group(GROUP, avatar="a.png")
    await here.bob.set_nickname(GROUP, "Bobby")
    await here.alice.set_group_rules(GROUP, history_for_newcomers=True, join_policy="approval", who_may_add="admin")


async def comes_and_goes(here: World) -> None:
    await here.alice.remove_members(GROUP, ["eve"])
    await here.alice.set_group_rules(GROUP, join_policy="approval")
    await here.eve.request_join(GROUP, "let me in")
    await here.alice.answer_join(GROUP, "eve", accept=True)
    await here.eve.leave(GROUP)
    link = await here.alice.make_join_link(GROUP)
    await here.eve.join(GROUP, link.token)
    await here.alice.revoke_join_link(GROUP, link.link_id)


async def alice_is_let_in_again(here: World) -> None:
    await here.alice.transfer(GROUP, "bob")
    await here.bob.set_group_rules(GROUP, history_for_newcomers=True, join_policy="approval")
    await here.alice.leave(GROUP)
    await here.bob.send(GROUP, "while she is away")
    await here.bob.edit(GROUP, 2, "one, better")
    await here.alice.request_join(GROUP)
    await here.bob.answer_join(GROUP, "alice", accept=True)
    await here.eve.send(GROUP, "welcome back")


async def is_added_again(here: World) -> None:
    await here.alice.transfer(GROUP, "bob")
    await here.bob.remove_members(GROUP, ["alice"])
    await here.bob.set_group(GROUP, name="Without her")
    await here.bob.add_members(GROUP, ["alice"])


async def is_dismissed(here: World) -> None:
    await here.alice.dismiss(GROUP)


async def blocks(here: World) -> None:
    await here.alice.block("bob")
    with pytest.raises(RefusedError, match="blocked"):
        await here.bob.send(here.single, "hello?")
    await here.alice.block("bob", on=False)
    await here.bob.send(here.single, "hello again")


async def saves_for_herself(here: World) -> None:
    kept = await here.alice.send(here.alice.saved, "buy tea")
    await here.alice.edit(here.alice.saved, kept.seq, "buy tea and 豆浆")
    await here.alice.react(here.alice.saved, kept.seq, "✅")


async def makes_friends(here: World) -> None:
    asked = await here.bob.people.ask_friend("alice", note="from the club", source="g:club")
    assert [found.request_id for found in await here.alice.people.friend_requests()] == [asked.request_id]
    assert (await here.alice.people.accept_friend(asked.request_id)).state == "accepted"
    refused = await here.eve.people.ask_friend("alice")
    await here.alice.people.refuse_friend(refused.request_id)
    withdrawn = await here.alice.people.ask_friend("eve")
    await here.alice.people.withdraw_request(withdrawn.request_id)
    while here.alice.friends() != ["bob"]:
        await asyncio.sleep(0)
    await here.bob.people.unfriend("alice")


async def shows_herself(here: World) -> None:
    await here.alice.people.change_profile(ProfileChange(name="Alice 爱丽丝", handle="alice_1", bio="tea"))
    found = await here.bob.people.find("alice_1")
    assert (found.user_id, found.name) == ("alice", "Alice 爱丽丝")
    assert [seen.user_id for seen in await here.bob.people.profiles(["alice", "nobody"])] == ["alice"]
    privacy = await here.alice.people.change_privacy(PrivacyChange(strangers="request", last_seen="friends"))
    assert (privacy.strangers, (await here.alice.people.own_privacy()).last_seen) == ("request", "friends")
    assert (await here.alice.people.own_profile()).bio == "tea"


async def keeps_for_herself(here: World) -> None:
    await here.alice.set_pinned(GROUP)
    await here.alice.set_muted(here.single)
    await here.alice.set_labels(here.single, ["friends", "读书"])
    await here.alice.save_draft(here.single, "dear Bob")
    await here.alice.note_contact("bob", remark="老王", tags=["work"])
    await here.alice.delete_for_me(GROUP, 2)
    await here.alice.mark_unread(GROUP)
    await here.alice.save_draft(here.single, "")
    await here.alice.hide(here.single)


async def reads(here: World) -> None:
    await here.bob.send(GROUP, "three")
    await here.alice.mark_read(GROUP)


MAKES: dict[Act, set[type]] = {
    edits: {EditNotice, ReactionNotice},
    reacts: {ReactionNotice},
    takes_away: {EditNotice, RecallNotice, Recalled, DeleteNotice, Deleted},
    pins: {PinNotice},
    ranks: {RoleSet, MemberMuted, AllMuted, OwnerTransferred},
    is_renamed: {GroupCreated, GroupProfileSet, NicknameSet, GroupRulesSet},
    comes_and_goes: {
        *(MembersRemoved, JoinRequested, JoinAnswered, MemberLeft),
        *(JoinLinkMade, MemberJoined, JoinLinkRevoked),
    },
    alice_is_let_in_again: {JoinAnswered},
    is_added_again: {MembersAdded},
    is_dismissed: {GroupDismissed},
    blocks: {Message},
    keeps_for_herself: set(),
    saves_for_herself: set(),
    makes_friends: {Befriended},
    shows_herself: set(),
    reads: {Message},
}
"""What happens, and the kinds of entries that come of it."""

ACTS = {act.__name__: act for act in MAKES}


Seen = tuple[list[Conversation], dict[str, list[Entry]], list[object]]


async def seen(client: Client) -> Seen:
    """All that a device shows, from where a fresh one is told to begin."""
    await client.synced()
    chats = client.conversations()
    entries: dict[str, list[Entry]] = {}
    for chat in chats:
        entries[chat.conversation_id] = await _all(client, chat.conversation_id)
    kinds = (ConversationSettings, Draft, Contact, Relation, Privacy, Profile, FriendRequest)
    return chats, entries, [client.items(kind) for kind in kinds]


async def _all(client: Client, key: str) -> list[Entry]:
    found: list[Entry] = []
    while True:
        page = await client.history(key, before=found[0].seq if found else 0, limit=3)
        found[:0] = page.entries
        if not page.more:
            return found


async def settled(here: World) -> None:
    """All that was done has reached alice's first device: her reads come last of all."""
    for key in (GROUP, here.single):
        shown = here.alice.conversation(key)
        if shown is not None and shown.member:
            await here.alice.mark_read(key)
            while not await _is_read(here.alice, key):
                await asyncio.sleep(0)
    await here.alice.send("s:alice:eve", "that was all")


async def _is_read(client: Client, key: str) -> bool:
    """Whether the server knows that all is read."""
    shown = client.conversation(key)
    known = {position.user_id: position.read_seq for position in await client.positions(key)}
    return shown is not None and known[client.user_id] >= shown.head


@pytest.mark.parametrize("name", ACTS)
async def test_all_devices_of_a_user_show_the_same_after(config: Config, name: str) -> None:
    async with world(config) as here:
        away = MemoryStore()
        async with here.device("away", away) as device:
            await seen(device)
        async with here.device("stays") as stays:
            await ACTS[name](here)
            await settled(here)
            made = {type(entry.body) for key in (GROUP, here.single) for entry in await _all(here.bob, key)}
            assert MAKES[ACTS[name]] <= made
            async with here.device("fresh") as fresh, here.device("away", away) as back:
                expected = await seen(fresh)
                await _until_equal(stays, expected)
                assert await seen(back) == expected
                assert await seen(here.alice) == expected


async def _until_equal(client: Client, expected: Seen) -> None:
    """What was pushed may still be on its way; each turn looks again, and the last look is the test."""
    for _ in range(200):
        found = await seen(client)
        if found == expected:
            return
        await client.positions(GROUP)  # a round trip: all that was pushed before has come then
    assert await seen(client) == expected


def test_every_kind_of_entry_is_among_them() -> None:
    # An amended message is what edits and reactions leave.
    assert set().union(*MAKES.values()) | {Amended} == set(get_args(AnyBody))


async def test_who_watches_is_told_who_comes(config: Config) -> None:
    async with world(config) as here:
        # Who shares a group sees each other, once the store has the group.
        while not (found := await here.alice.watch(["bob", "nobody"])):
            await asyncio.sleep(0)
        (bob,) = found
        assert (bob.user_id, bob.online) == ("bob", True)
        assert here.alice.presence("bob") == bob
        assert await here.alice.watch([]) == []
        assert here.alice.presence("bob") is None


async def test_devices_and_the_password_are_the_users_own(config: Config) -> None:
    async with world(config) as here, here.device("tablet"):
        found = await here.alice.people.devices()
        assert {device.device_id for device in found} == {"first", "tablet"}
        assert [device.device_id for device in found if device.current] == ["first"]
        await here.alice.people.log_out_device("tablet")
        await here.alice.people.change_password(PASSWORD, f"{PASSWORD} 2")
        assert await here.alice.people.log_out_others() == 0
        await here.eve.people.delete_account(PASSWORD)
        with pytest.raises(HttpError):
            await here.bob.people.ask_friend("eve")
