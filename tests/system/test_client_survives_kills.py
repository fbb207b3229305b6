"""A server that is killed again and again: clients come back by themselves, and nothing acknowledged is missing."""

import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from hongyan.model.ids import UserId, single_id
from hongyan.model.records import Entry
from hongyan_client import Client, ClientOptions, HttpError, Login, Message, register, text_of

USERS = ("alice", "bob")
PAIR = single_id(UserId("alice"), UserId("bob"))
PASSWORD = "correct horse battery"
COMMAND = [sys.executable, "-c", "from hongyan.cli import main; main()", "serve", "--ready-json"]
OPTIONS = ClientOptions(backoff_first_s=0.02, backoff_last_s=0.2, receipt_timeout_s=2.0, request_timeout_s=2.0)
KILLS = 4


class Server:
    """A server process on the same ports each time."""

    def __init__(self, data_dir: Path) -> None:
        self.http, *others = free_ports(3)
        addresses = zip(("--http", "--ws", "--tcp"), (self.http, *others), strict=True)
        options = [part for option, port in addresses for part in (option, f"127.0.0.1:{port}")]
        self._command = [*COMMAND, "--data", str(data_dir), *options]
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline())["ready"]

    def stop(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        with self._process as process:
            return process.wait(20)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGKILL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Not started yet; gone at the end, however that came."""
    found = Server(tmp_path / "data")
    yield found
    found.end()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


async def talk(client: Client, said: list[str], stop: asyncio.Event) -> None:
    """One message after the other, as fast as receipts come."""
    while not stop.is_set():
        text = f"{client.user_id} {len(said)}"
        await client.send(PAIR, text)
        said.append(text)


async def test_clients_come_back_and_nothing_acknowledged_is_missing_doubled_or_moved(server: Server) -> None:
    rng = random.Random(4)
    await asyncio.to_thread(server.start)
    for user_id in USERS:
        await register(server.url, user_id, PASSWORD)
    stop, said = asyncio.Event(), {user_id: list[str]() for user_id in USERS}
    logins = {user_id: Login(user_id, PASSWORD, device_id="phone") for user_id in USERS}
    async with (
        Client(server.url, logins["alice"], options=OPTIONS) as alice,
        Client(server.url, logins["bob"], options=OPTIONS) as bob,
    ):
        async with asyncio.TaskGroup() as group:
            for client in (alice, bob):
                group.create_task(talk(client, said[client.user_id], stop))
            for _ in range(KILLS):
                await asyncio.sleep(rng.uniform(0.2, 1.0))
                await asyncio.to_thread(server.stop, signal.SIGKILL)
                await asyncio.to_thread(server.start)
            await asyncio.sleep(0.5)
            stop.set()
        for client in (alice, bob):
            await client.synced()
        texts = [text_of(entry) for entry in await from_the_first(alice)]
        assert texts == [text_of(entry) for entry in await from_the_first(bob)]
        for user_id in USERS:
            assert [text for text in texts if text.startswith(user_id)] == said[user_id]
        await assert_fresh_device_agrees(server, alice)
    assert await asyncio.to_thread(server.stop, signal.SIGTERM) == 0


async def assert_fresh_device_agrees(server: Server, client: Client) -> None:
    entries = await from_the_first(client)
    assert all(isinstance(entry.body, Message) for entry in entries)
    async with Client(server.url, Login(client.user_id, PASSWORD, device_id="fresh"), options=OPTIONS) as fresh:
        await fresh.synced()
        assert await from_the_first(fresh) == entries


async def from_the_first(client: Client) -> Sequence[Entry]:
    """All entries: what was said before a device connected for the first time comes as history."""
    page = await client.history(PAIR)
    while page.more:
        page = await client.history(PAIR, before=page.entries[0].seq)
    return await client.entries(PAIR, limit=1_000_000)


async def test_a_server_that_stops_in_order_is_left_and_found_again(server: Server) -> None:
    await asyncio.to_thread(server.start)
    await register(server.url, "alice", PASSWORD)
    with suppress(HttpError):
        await register(server.url, "alice", PASSWORD)
    await register(server.url, "bob", PASSWORD)
    async with Client(server.url, Login("alice", PASSWORD), options=OPTIONS) as alice:
        assert (await alice.send(PAIR, "before")).seq == 1
        assert await asyncio.to_thread(server.stop, signal.SIGTERM) == 0
        sending = asyncio.ensure_future(alice.send(PAIR, "meanwhile"))
        await asyncio.to_thread(server.start)
        assert (await sending).seq == 2
    await asyncio.to_thread(server.stop, signal.SIGTERM)
