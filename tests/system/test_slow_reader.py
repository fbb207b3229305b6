"""Readers that stop reading, and connections that never say who they are: bounded, cut in time, and nobody else's trouble."""

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing

import pytest

from hongyan.cli.bench.procfs import raise_open_files
from hongyan.model.commands import CreateGroup, MessageKind, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan.protocol.frames import Push, ReceiptReply, Submit
from tests.system.conftest import MakeServer
from tests.system.plain import PlainClient
from tests.system.raw import RawConnection, fetch
from tests.system.servers import Server

GROUP = ConversationId("g:hall")
STALLED, READING = 50, 10
MESSAGES, TEXT_BYTES = 600, 16_000
MIB = 1 << 20
STRANGERS = 1_200
ROOM = 200


class Reader:
    """A member that reads all: the seqs of the group, in the order in which they came."""

    def __init__(self, connection: RawConnection) -> None:
        self.connection = connection
        self.seqs: list[int] = []

    async def run(self) -> None:
        """Reads until cancelled, or cut off."""
        while True:
            for item in await self.connection.receive():
                if isinstance(item.frame.event, Push):
                    self.seqs += [decode_entry(encoded).seq for encoded in item.frame.event.entries]


def faults_of(reader: Sequence[int], expected: Sequence[int]) -> list[str]:
    """What is missing, doubled or misplaced in what somebody was pushed."""
    found = []
    if missing := set(expected) - set(reader):
        found.append(f"{len(missing)} are missing, from {min(missing)} on")
    if len(set(reader)) < len(reader):
        found.append("some came twice")
    if sorted(reader) != list(reader):
        found.append("some came too late")
    return found


async def speak(connection: RawConnection) -> float:
    """Sends all messages, a few at a time; the longest wait for a receipt in seconds."""
    content = build_content(ContentView(Text("x" * TEXT_BYTES)))
    command = SendMessage(MessageKind.TEXT, content)
    sent_at: dict[int, float] = {}
    sent = 0
    longest_s = 0.0
    while sent < MESSAGES or sent_at:
        while sent < MESSAGES and len(sent_at) < 8:
            sent += 1
            request = connection.post(Submit(GROUP, ClientMsgId(f"m-{sent}"), command))
            sent_at[request] = time.monotonic()
        for item in await connection.receive():
            if isinstance(item.frame.event, ReceiptReply):
                longest_s = max(longest_s, time.monotonic() - sent_at.pop(item.frame.reply_to))
    return longest_s


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[list[int]]:
    """The server's resident memory, sampled while the block runs."""
    seen = [server.rss_bytes]

    async def look() -> None:
        while True:
            seen.append(server.rss_bytes)
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(look())
        try:
            yield seen
        finally:
            task.cancel()


async def test_fifty_that_stop_reading_cost_a_mebibyte_each_and_nobody_an_entry(make_server: MakeServer) -> None:
    server = make_server("gateway.slow_consumer_s=2").start()
    users = [UserId(f"u{number}") for number in range(1 + STALLED + READING)]
    await asyncio.to_thread(server.register, *users)
    tokens = [await asyncio.to_thread(server.token, user_id, "phone") for user_id in users]
    port = server.ports.tcp
    speaker = await RawConnection.open(port, tokens[0])
    await speaker.ask(Submit(GROUP, ClientMsgId("found"), CreateGroup("Hall", tuple(users[1:]), limit=0)))
    stalled = [await RawConnection.open(port, token, buffer_bytes=8_192) for token in tokens[1 : 1 + STALLED]]
    for connection in stalled:
        connection.stop_reading()
    readers = [Reader(await RawConnection.open(port, token)) for token in tokens[1 + STALLED :]]
    async with watched(server) as memory, asyncio.TaskGroup() as group:
        tasks = [group.create_task(reader.run()) for reader in readers]
        longest_s = await speak(speaker)
        async with asyncio.timeout(20):
            while any(len(reader.seqs) < MESSAGES for reader in readers):
                await asyncio.sleep(0.05)
            while (cut := await asyncio.to_thread(slow_ones, server)) < STALLED:
                await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
    assert cut == STALLED
    for reader in readers:
        assert faults_of(reader.seqs, range(2, MESSAGES + 2)) == []
    grown = max(memory) - memory[0]
    print(
        f"memory grew by {grown / MIB:.0f} MiB with {STALLED} stalled; the longest wait for a receipt {longest_s:.2f} s"
    )
    assert grown < (STALLED + 64) * MIB
    # Cut off, they come back and find everything.
    view = await fetch(port, tokens[1])
    assert faults_of([entry.seq for entry in view.entries[GROUP]], range(1, MESSAGES + 2)) == []
    for connection in (speaker, *stalled, *(reader.connection for reader in readers)):
        connection.close()


def slow_ones(server: Server) -> float:
    return server.metric('hongyan_closes_total{code="slow_consumer"}')


@pytest.mark.parametrize(
    ("seqs", "fault"),
    [([2, 4], "1 are missing, from 3 on"), ([2, 3, 3, 4], "came twice"), ([2, 4, 3], "too late")],
)
def test_what_is_missing_doubled_or_late_would_be_seen(seqs: list[int], fault: str) -> None:
    assert fault in str(faults_of(seqs, [2, 3, 4]))


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: hongyan.v1+json\r\n\r\n"
)
SILENT: dict[str, tuple[str, bytes]] = {
    "on TCP": ("tcp", b""),
    "on TCP, half a length": ("tcp", b"\0\0"),
    "before the handshake": ("ws", b""),
    "in the handshake": ("ws", HANDSHAKE[:60]),
    "after the handshake": ("ws", HANDSHAKE),
    "before a request": ("http", b""),
    "in a request's head": ("http", b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nX-Slow: "),
    "in a request's body": (
        "http",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{",
    ),
}


async def test_twelve_hundred_that_never_say_who_they_are_are_cut_in_time_and_keep_nobody_out(
    make_server: MakeServer,
) -> None:
    raise_open_files()
    server = make_server(
        f"limits.unauthenticated_connections={ROOM}",
        f"limits.http_connections={ROOM}",
        *("limits.connect_timeout_s=3", "limits.request_timeout_s=3"),
    ).start()
    await asyncio.to_thread(server.register, "alice", "bob")
    before = server.rss_bytes
    strangers = [socket.socket() for _ in range(STRANGERS)]
    try:
        for stranger, (kind, said) in zip(strangers, itertools.cycle(SILENT.values()), strict=False):
            await hold(stranger, getattr(server.ports, kind), said)
        assert await asyncio.to_thread(server.metric, "hongyan_unauthenticated") <= ROOM
        assert await asyncio.to_thread(takes_somebody_in, server)
        assert server.rss_bytes - before < 48 * MIB
        async with asyncio.timeout(10):
            await asyncio.gather(*map(ended, strangers))
        assert await asyncio.to_thread(takes_somebody_in, server)
        assert await asyncio.to_thread(server.metric, "hongyan_unauthenticated") == 0
        assert server.said.read_text().count("\n") < 20, server.said.read_text()[-2000:]
    finally:
        for stranger in strangers:
            stranger.close()


async def hold(stranger: socket.socket, port: int, said: bytes) -> None:
    """Connects, says a little, and no more."""
    loop = asyncio.get_running_loop()
    stranger.setblocking(False)
    await loop.sock_connect(stranger, ("127.0.0.1", port))
    if said:
        await loop.sock_sendall(stranger, said)


async def ended(stranger: socket.socket) -> None:
    """Waits for the end, however it comes."""
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(stranger, 65_536):
            pass


def takes_somebody_in(server: Server) -> bool:
    """A user logs in, connects and is answered; within seconds, trying again as the guide has it."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        try:
            token = server.token("alice", "phone")
            with closing(PlainClient(server.ws)) as client:
                welcome = client.ask(connect={"token": token})
        except (OSError, AssertionError):
            time.sleep(0.2)
        else:
            return "connected" in welcome
    return False
