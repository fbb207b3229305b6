"""After any interruption a client ends equal to a fresh one, over real sockets and every kind of fault."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from hongyan.model.codes import CloseCode, Overloaded
from hongyan.model.commands import CreateGroup
from hongyan.model.ids import ClientMsgId, ConversationId, UserId, single_id
from hongyan.protocol.frames import ClientFrame, Connect, GetEntries, GoAway, MarkRequest, Resync, Submit, Sync
from hongyan_client import Client, ClientOptions, Conversation, MemoryStore, Recalled, RefusedError, SqliteStore, Store
from sdk.python.tests.fake_server import FakeServer, Socket, soon

USERS = [UserId(name) for name in ("alice", "bob", "eve")]
GROUP = ConversationId("g:club")
OPTIONS = ClientOptions(
    backoff_first_s=0.001, backoff_last_s=0.01, receipt_timeout_s=0.1, request_timeout_s=0.1, mark_every_s=0.001
)
STEPS = 150


class Trouble:
    """Faults of a server, drawn from a seed."""

    def __init__(self, rng: random.Random, server: FakeServer) -> None:
        self._rng, self._server = rng, server
        server.vetoes.append(self._meet)
        push = server.push

        def lossy(user_ids: list[UserId], event: object, *, but: Socket | None = None) -> None:
            lucky = [user_id for user_id in user_ids if rng.random() > 0.05]
            push(lucky, event, but=but)  # type: ignore[arg-type]
            # Whoever may have missed something is told so, in the end.
            unlucky = [user_id for user_id in user_ids if user_id not in lucky]
            if unlucky:
                asyncio.get_running_loop().call_soon(lambda: push(unlucky, Resync()))

        server.push = lossy  # type: ignore[method-assign]

    def _meet(self, socket: Socket, frame: ClientFrame) -> bool:
        rng, chance = self._rng, self._rng.random()
        if chance < 0.03:
            socket.cut()
            return True
        if chance < 0.06:
            socket.take(frame)
            if socket in self._server.sockets:
                socket.cut()
            return True
        if chance < 0.08 and isinstance(frame.command, Submit | GetEntries | Sync | MarkRequest):
            return True
        if chance < 0.10 and isinstance(frame.command, Submit | GetEntries | Sync):
            socket.refuse(frame, Overloaded(what="the server", retry_after_ms=rng.choice([0, 1, 5])))
            return True
        if chance < 0.11 and not isinstance(frame.command, Connect):
            self._server.push([socket.user_id or USERS[0]], GoAway(2))
            socket.close(rng.choice([CloseCode.GOING_AWAY, CloseCode.SERVER_ERROR, CloseCode.SLOW_CONSUMER]))
            return True
        return False


class Person:
    """Does what people do, and now and then the program ends and is started again."""

    def __init__(self, server: FakeServer, user_id: UserId, store: Store, rng: random.Random) -> None:
        self._server, self.user_id, self._store, self._rng = server, user_id, store, rng

    def client(self, store: Store | None = None) -> Client:
        async def token(_refused: str | None) -> str:
            return self.user_id

        return Client(self._server.url, token, store=store, options=OPTIONS)

    async def live(self) -> None:
        for _ in range(3):
            async with self.client(self._store) as client, asyncio.TaskGroup() as group:
                for _ in range(STEPS // 3):
                    group.create_task(self._act(client))
                    await asyncio.sleep(0.0005)  # allow sleep: real time passes between what people do

    async def _act(self, client: Client) -> None:
        rng, others = self._rng, [user_id for user_id in USERS if user_id != self.user_id]
        key = rng.choice([GROUP, *(single_id(self.user_id, other) for other in others)])
        with suppress(RefusedError, TimeoutError):
            # The program loses patience; what it submitted stays submitted.
            async with asyncio.timeout(rng.choice([0.005, 1.0])):
                match rng.randrange(12):
                    case 0:
                        await client.mark_read(key)
                    case 1 if shown := client.conversation(key):
                        await client.recall(key, rng.randint(1, shown.head))
                    case 2:
                        await client.add_members(GROUP, [rng.choice(others)])
                    case 3 if rng.random() < 0.3:
                        await client.remove_members(GROUP, [rng.choice(others)])
                    case _:
                        await client.send(key, f"{self.user_id} says {rng.random()}")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("make_store", [lambda _path: MemoryStore(), SqliteStore], ids=["memory", "sqlite"])
async def test_whatever_breaks_every_device_ends_equal_to_a_fresh_one(
    seed: int, make_store: Callable[[Path], Store], tmp_path: Path
) -> None:
    rng = random.Random(seed)
    async with FakeServer().running() as server:
        people = [Person(server, user_id, make_store(tmp_path / user_id), rng) for user_id in USERS]
        command = CreateGroup("Club", (USERS[1], USERS[2]), 0)
        server.submit(None, USERS[0], Submit(GROUP, ClientMsgId("founded"), command))
        Trouble(rng, server)
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(person.live())
        server.vetoes.clear()
        for person in people:
            async with person.client(person._store) as client, person.client() as fresh:
                await assert_equal(server, client, fresh)


async def assert_equal(server: FakeServer, client: Client, fresh: Client) -> None:
    await client.synced()
    async with asyncio.timeout(5):
        while any(client.pending(shown.conversation_id) for shown in client.conversations()):
            await asyncio.sleep(0.001)  # allow sleep: submissions of an earlier run are on their way
    await client.synced()
    await fresh.synced()
    # A mark of this moment is on its way, and one who has left marks nothing any more.
    with suppress(TimeoutError):
        await soon(lambda: facts(client) == facts(fresh), 3.0)
    assert facts(client) == facts(fresh)
    for shown in fresh.conversations():
        entries = await client.entries(shown.conversation_id, limit=100_000)
        visible = server.truth.visible(shown.conversation_id, client.user_id)
        for entry, truth in zip(entries, visible[-len(entries) :], strict=True):
            # What was recalled after one had to leave, one does not hear of; a fresh device finds its placeholder.
            assert entry == truth or (not shown.member and isinstance(truth.body, Recalled))
        assert len({entry.client_msg_id for entry in visible}) == len(visible)


def facts(client: Client) -> list[Conversation]:
    shown = client.conversations()
    return [found if found.member else msgspec.structs.replace(found, read_seq=0) for found in shown]
