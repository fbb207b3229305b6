"""The client against the whole server, in one process, over a line that breaks at random."""

import asyncio
import gc
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from hongyan.app.serve import Addresses, prepare_data_dir, serve
from hongyan.config import Config
from hongyan.config.load import load
from hongyan.model.ids import UserId, single_id
from hongyan_client import (
    Client,
    ClientOptions,
    Conversation,
    Entry,
    EntryAdded,
    Login,
    MemoryStore,
    Message,
    Recalled,
    RefusedError,
    Session,
    SqliteStore,
    Store,
    register,
    text_of,
)

pytestmark = pytest.mark.blocks("a server opens its files on the loop, before it serves anybody")

USERS = ("alice", "bob", "eve")
BOB = UserId("bob")
PASSWORD = "correct horse battery"
OPTIONS = ClientOptions(
    backoff_first_s=0.001, backoff_last_s=0.05, receipt_timeout_s=1.0, request_timeout_s=1.0, mark_every_s=0.01
)


@pytest.fixture
def config(data_dir: Path) -> Iterator[Config]:
    """A configuration on free ports, over a prepared directory."""
    listen = [f"listen.{name}=127.0.0.1:0" for name in ("http", "ws", "tcp")]
    found = load(None, {}, [f"data_dir={data_dir}", *listen, "logging.level=error"])
    lock, thresholds = prepare_data_dir(found.data_dir), gc.get_threshold()
    yield found
    # A server sets up the collector for a process of its own.
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    lock.close()


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Addresses]:
    """A server with three users, as long as the block lasts."""
    opened: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(serve(config, opened.set_result))
        addresses = await opened
        try:
            for user_id in USERS:
                await register(addresses.http, user_id, PASSWORD)
            yield addresses
        finally:
            # As an operator does it.
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait([serving])


class Line:
    """A TCP line to the server that can be cut, in the middle of a packet too."""

    def __init__(self, rng: random.Random, ws_url: str) -> None:
        self._rng = rng
        self._port = int(ws_url.rpartition(":")[2])
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts = 0
        self.chance = 0.0
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Line"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self
            self.cut()

    def cut(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers or tuple(self._writers):
            writer.transport.abort()
            self._writers.discard(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there_writer}
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, there_writer, writer))
            group.create_task(self._carry(there_reader, writer, there_writer))

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while (data := await reader.read(4096)) and not writer.transport.is_closing():
                if self._rng.random() < self.chance:
                    self.cuts += 1
                    writer.write(data[: self._rng.randrange(len(data))])
                    break
                writer.write(data)
        self.cut(writer, back)


class Person:
    """Somebody with one device whose program is started three times over the same store."""

    def __init__(self, server: Addresses, line: Line, user_id: str, store: Store) -> None:
        self._url, self._store, self.user_id = line.url, store, user_id
        self.session = Session(server.http, Login(user_id, PASSWORD, device_id="phone"))
        self.tried = self.sent = 0

    def client(self) -> Client:
        return Client(self._url, self.session.token, store=self._store, options=OPTIONS)

    async def live(self, rng: random.Random) -> None:
        for _ in range(3):
            async with self.client() as client, asyncio.TaskGroup() as group:
                for _ in range(25):
                    group.create_task(self._act(client, rng))
                    await asyncio.sleep(0.005)  # allow sleep: real time passes between what people do

    async def _act(self, client: Client, rng: random.Random) -> None:
        others = [other for other in USERS if other != self.user_id]
        key = rng.choice(["g:club", *(single_id(UserId(self.user_id), UserId(other)) for other in others)])
        with suppress(RefusedError, TimeoutError):
            async with asyncio.timeout(rng.choice([0.02, 5.0])):
                match rng.randrange(10):
                    case 0:
                        await client.mark_read(key)
                    case 1 if shown := client.conversation(key):
                        await client.recall(key, rng.randint(1, shown.head))
                    case 2:
                        await client.add_members("g:club", [rng.choice(others)])
                    case 3 if rng.random() < 0.3:
                        await client.remove_members("g:club", [rng.choice(others)])
                    case _:
                        # One who is put out of the group loses sight of what he said there.
                        counts = key != "g:club"
                        self.tried += counts
                        await client.send(key, f"{self.user_id} says {rng.random()} 你好")
                        self.sent += counts


@pytest.mark.parametrize("seed", range(4))
async def test_devices_on_a_line_that_breaks_end_equal_to_fresh_ones(config: Config, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    async with running(config) as server, Line(rng, server.ws).open() as line:
        stores: list[Store] = [MemoryStore(), SqliteStore(tmp_path / "bob.db"), SqliteStore(tmp_path / "eve.db")]
        people = [Person(server, line, user_id, store) for user_id, store in zip(USERS, stores, strict=True)]
        async with people[0].client() as founder:
            await founder.create_group("Club", ["bob", "eve"], group_id="club")
        line.chance = 0.03
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(person.live(rng))
        line.chance = 0.0
        assert line.cuts > 5
        for person in people:
            await assert_equal_to_fresh(server, person)


async def assert_equal_to_fresh(server: Addresses, person: Person) -> None:
    session = Session(server.http, Login(person.user_id, PASSWORD, device_id="fresh"))
    async with person.client() as client, Client(server.ws, session.token, options=OPTIONS) as fresh:
        while any(client.pending(shown.conversation_id) for shown in client.conversations()):
            await asyncio.sleep(0.01)  # allow sleep: what an earlier run submitted is on its way
        await client.synced()
        await fresh.synced()
        with suppress(TimeoutError):
            async with asyncio.timeout(3):
                while facts(client) != facts(fresh):
                    await asyncio.sleep(0.01)  # allow sleep: the server gathers positions for half a second
        assert facts(client) == facts(fresh)
        said = 0
        for shown in fresh.conversations():
            entries = await client.entries(shown.conversation_id, limit=100_000)
            whole = await whole_history(fresh, shown.conversation_id)
            assert_same(entries, whole[-len(entries) :], member=shown.member)
            assert len({entry.client_msg_id for entry in whole}) == len(whole), "nothing stands twice"
            mine = [entry for entry in whole if entry.sender_id == person.user_id and shown.conversation_id != "g:club"]
            said += sum(isinstance(entry.body, Message | Recalled) for entry in mine)
        assert person.sent <= said <= person.tried


def facts(client: Client) -> list[Conversation]:
    """The list, as it must be alike. One who has left marks nothing any more, so the position there is his own."""
    shown = client.conversations()
    return [found if found.member else msgspec.structs.replace(found, read_seq=0) for found in shown]


def assert_same(entries: list[Entry], expected: list[Entry], *, member: bool) -> None:
    """What was recalled after one had to leave, one does not hear of; a fresh device finds its placeholder."""
    for entry, other in zip(entries, expected, strict=True):
        if member or not isinstance(other.body, Recalled):
            assert entry == other
        else:
            assert (entry.seq, entry.message_id) == (other.seq, other.message_id)


async def whole_history(client: Client, conversation_id: str) -> list[Entry]:
    page = await client.history(conversation_id)
    entries = list(page.entries)
    while page.more:
        page = await client.history(conversation_id, before=entries[0].seq)
        entries = [*page.entries, *entries]
    return entries


async def test_two_people_talk_over_the_whole_server(config: Config) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(config))
        alice = await stack.enter_async_context(Client(server.http, Login("alice", PASSWORD)))
        bob = await stack.enter_async_context(Client(server.http, Login("bob", PASSWORD)))
        await bob.connected()
        long = "鸿雁传书 " * 4_000
        for text in ("hello", "你好", "مرحبا", "👩‍👩‍👧", long):
            await alice.send(alice.single("bob"), text)
        await bob.synced()
        async with asyncio.timeout(5):
            while (shown := bob.conversation(bob.single("alice"))) is None or shown.head < 5:
                await asyncio.sleep(0.01)  # allow sleep: the pushes are on their way
        assert [text_of(entry) for entry in await bob.entries(bob.single("alice"))][-1] == long
        assert shown.unread == 5
        await bob.mark_read(bob.single("alice"))
        async with asyncio.timeout(5):
            while not any(row.user_id == BOB and row.read_seq == 5 for row in await alice.positions(alice.single(BOB))):
                await asyncio.sleep(0.01)  # allow sleep: marks are gathered for half a second


async def test_the_example_of_the_readme_runs(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut out of the page that people copy it from."""
    text = (Path(__file__).parents[2] / "sdk/python/README.md").read_text("utf-8")
    example: dict[str, object] = {"__name__": "example"}
    exec(text.split("```python\n")[1].split("```")[0].replace('f"{user}.db"', f'"{tmp_path}/a.db"'), example)
    async with running(config) as server, asyncio.TaskGroup() as group:
        main = example["main"]
        assert callable(main)
        async with Client(server.http, Login("bob", PASSWORD)) as bob:
            # What was said before he is there would be history to him, and no event.
            await bob.synced()
            group.create_task(main(server.http, "alice", PASSWORD, "bob"))
            async for event in bob.events():
                if isinstance(event, EntryAdded):
                    await bob.send(event.entry.conversation_id, f"re: {text_of(event.entry)}")
                    break
    assert capsys.readouterr().out == "durable, as entry 1\nbob says re: 你好 👋\n"
