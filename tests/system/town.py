"""Four users who talk, one who comes and goes, and a device that is away: a small town around one server.

alice, bob and eve have the SDK, one of bob's copies is in a file; carol and dave are on raw TCP. alice takes eve into the group
and puts her out, again and again. bob's tablet was there at the beginning, and is opened again when all is over.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from hongyan.model.commands import CreateGroup
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.model.records import Entry, Message, Recalled
from hongyan.protocol.frames import ReceiptReply, Submit
from hongyan_client import Client, ClientOptions, Login, SqliteStore, Store
from tests.system.ledger import Faults, Ledger, View, check_copy, check_truth, check_view, visible_to
from tests.system.raw import RawConnection, fetch
from tests.system.servers import PASSWORD, Server
from tests.system.voices import Pace, RawVoice, Room, SdkVoice

ALICE, BOB, CAROL, DAVE, EVE = USERS = tuple(map(UserId, ("alice", "bob", "carol", "dave", "eve")))
GROUP = ConversationId("g:town")
PAIRS = tuple(map(ConversationId, ("s:alice:bob", "s:bob:carol", "s:carol:dave", "s:alice:eve")))
# Who has the whole history of each conversation.
WITNESSES = dict(zip((*PAIRS, GROUP), (ALICE, BOB, CAROL, ALICE, ALICE), strict=True))
# They are cut off every second or so: coming back must not wait for what a quiet life would ask for.
OPTIONS = ClientOptions(backoff_first_s=0.05, backoff_last_s=0.3, events=1_000_000)
SETTLE_S = 30.0


def conversations_of(user_id: UserId) -> Sequence[ConversationId]:
    """Where a user talks. eve is silent in the group: she may have been put out by the time her message comes."""
    pairs = [pair for pair in PAIRS if user_id in pair.split(":")]
    return pairs if user_id == EVE else [*pairs, GROUP]


class Town:
    """Everybody, and what they saw."""

    def __init__(self, server: Server, folder: Path, seed: int) -> None:
        self.server, self.folder = server, folder
        self.rng = random.Random(seed)
        self.room = Room(Ledger(), Pace(), self.rng)
        self.tokens: dict[UserId, str] = {}
        self.raw: list[RawVoice] = []
        self.sdk: list[SdkVoice] = []
        self._eve_moves = False

    async def found(self) -> Self:
        """Accounts, the group and first words, on a server that runs; the tablet sees them and goes away."""
        await asyncio.to_thread(self.server.register, *USERS)
        for user_id in USERS:
            self.tokens[user_id] = await asyncio.to_thread(self.server.token, user_id, "observer")
        alice = await RawConnection.open(self.server.ports.tcp, self.tokens[ALICE])
        made = await alice.ask(Submit(GROUP, ClientMsgId("found"), CreateGroup("Town", USERS[1:4], limit=0)))
        assert isinstance(made, ReceiptReply)
        alice.close()
        async with self._client("bob/tablet", self._tablet()) as tablet:
            await tablet.synced()
        return self

    def _tablet(self) -> Store:
        return SqliteStore(self.folder / "tablet.db")

    def _client(self, name: str, store: Store | None = None) -> Client:
        user_id, device_id = name.split("/")
        return Client(self.server.http, Login(user_id, PASSWORD, device_id), store=store, options=OPTIONS)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[Self]:
        """Everybody talks inside the block, until `quiet`."""
        async with AsyncExitStack() as stack:
            for name in ("alice/phone", "bob/phone", "bob/laptop", "eve/phone"):
                client = self._client(name, SqliteStore(self.folder / "phone.db") if name == "bob/phone" else None)
                await stack.enter_async_context(client)
                user_id = UserId(name.split("/", maxsplit=1)[0])
                wanted = () if name == "bob/laptop" else conversations_of(user_id)
                self.sdk.append(SdkVoice(self.room, name, client, wanted))
            self.raw = [RawVoice(self.room, user_id, conversations_of(user_id)) for user_id in (CAROL, DAVE)]
            group = await stack.enter_async_context(asyncio.TaskGroup())
            tasks = [group.create_task(voice.run()) for voice in self.sdk]
            tasks += [
                group.create_task(voice.run(self.server.ports.tcp, self.tokens[voice.user_id])) for voice in self.raw
            ]
            tasks.append(group.create_task(self._move_eve(self.sdk[0])))
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()

    async def _move_eve(self, alice: SdkVoice) -> None:
        is_in = False
        while True:
            await asyncio.sleep(self.rng.uniform(0.2, 1.5))
            self._eve_moves = self.room.pace.talking
            if self._eve_moves:
                change = alice.client.remove_members if is_in else alice.client.add_members
                alice.receipt(await change(GROUP, [EVE]))
                is_in = not is_in
            self._eve_moves = False

    async def pause(self, seconds: float) -> None:
        """Lets them talk."""
        await asyncio.sleep(seconds)

    async def quiet(self, patience_s: float = SETTLE_S) -> None:
        """Nobody says anything new; returns when everything has its answer."""
        self.room.pace.talking = False
        try:
            async with asyncio.timeout(patience_s):
                while self._eve_moves or any(self._unanswered().values()):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            self.room.ledger.faults.add(f"after {patience_s} s without an answer: {self._unanswered()}")

    def _unanswered(self) -> dict[str, int]:
        found = {voice.name: voice.unanswered for voice in self.sdk}
        return found | {voice.user_id: len(voice.unanswered) for voice in self.raw}

    async def views(self, *, whole: bool = True) -> dict[UserId, View]:
        """What each user is given by a device that was never there."""
        port = self.server.ports.tcp
        return {user_id: await fetch(port, token, whole=whole) for user_id, token in self.tokens.items()}

    async def judge(self) -> Faults:
        """Everything, once all is quiet and the server runs: histories, lists, copies, and the tablet."""
        faults = await self.judge_server()
        views = await self.views()
        truth = truth_of(views)
        async with self._client("bob/tablet", self._tablet()) as tablet:
            devices = [*((voice.name, voice.client) for voice in self.sdk), ("bob/tablet", tablet)]
            for name, client in devices:
                await self._settled(name, client, faults)
                view = views[UserId(name.split("/", maxsplit=1)[0])]
                for conversation_id, history in truth.items():
                    visible, is_member = visible_to(view.user_id, conversation_id, history)
                    copy = await client.entries(conversation_id, limit=1_000_000)
                    if not is_member:
                        visible = as_last_seen(visible, copy)
                    merge(faults, check_copy(f"{name} keeps of {conversation_id}", copy, visible))
        return faults

    async def judge_server(self) -> Faults:
        """What the server gives to everybody, without the devices' copies."""
        for voice in self.raw:
            await voice.ask_again(self.server.ports.tcp, self.tokens[voice.user_id])
        views = await self.views()
        truth = truth_of(views)
        for history in truth.values():
            for entry in history:
                self.room.ledger.look(entry, "a fresh fetch")
        faults = check_truth(self.room.ledger, truth)
        for view in views.values():
            merge(faults, check_view(view, truth))
        merge(faults, self.room.ledger.faults)
        return faults

    async def _settled(self, name: str, client: Client, faults: Faults) -> None:
        """Waits until a device's list is what a fresh one is given; marks of positions take their time."""
        differences = ["not compared"]
        try:
            async with asyncio.timeout(SETTLE_S):
                await client.synced()
                while differences:
                    user_id = UserId(name.split("/", maxsplit=1)[0])
                    view = await fetch(self.server.ports.tcp, self.tokens[user_id], whole=False)
                    differences = list_differences(client, view)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            for difference in differences:
                faults.add(f"{name} is not in step: {difference}")


def truth_of(views: dict[UserId, View]) -> dict[ConversationId, list[Entry]]:
    """The whole history of each conversation, by one who was in from its beginning."""
    return {
        conversation_id: views[user_id].entries.get(conversation_id, [])
        for conversation_id, user_id in WITNESSES.items()
    }


def as_last_seen(visible: Sequence[Entry], copy: Sequence[Entry]) -> list[Entry]:
    """A recall after somebody was put out is not his to hear of: he keeps the message that he had."""
    kept = {entry.seq: entry for entry in copy if type(entry.body) is Message}
    return [kept.get(entry.seq, entry) if type(entry.body) is Recalled else entry for entry in visible]


def list_differences(client: Client, view: View) -> list[str]:
    """Where a device's list is not what a fresh one would show."""
    found = []
    shown = {one.conversation_id: one for one in client.conversations()}
    for conversation_id in shown.keys() | view.heads.keys():
        one, head = shown.get(conversation_id), view.heads.get(conversation_id)
        mine = one and (one.head, one.unread, one.read_seq, one.member, one.name)
        right = head and (head.seq, head.unread, head.read_seq, head.member, head.name)
        if mine != right:
            found.append(f"{conversation_id} is {mine}, right is {right}")
    return found


def merge(into: Faults, other: Faults) -> None:
    """Adds what another check found."""
    for sentence in other.sentences:
        into.add(sentence)
    into.count += other.count - len(other.sentences)
