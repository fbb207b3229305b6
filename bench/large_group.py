"""How long a group of ten thousand takes to be made and filled, and its first message to reach those online.

    .venv/bin/python bench/large_group.py [--members 10000] [--online 500] [--messages 5]

A server of its own on a fresh folder, one client process on the same machine. Filling is timed from the first command
sent to the last receipt; a message from the send to the moment when the last of those online has it.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hongyan.cli.bench.accounts import plant
from hongyan.cli.bench.client import Client, Faults
from hongyan.cli.bench.messages import Account
from hongyan.cli.bench.server import OwnServer
from hongyan.model.commands import AddMembers, AnyCommand, CreateGroup, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.protocol.codec_content import text_content
from hongyan.protocol.codec_scan import ServerFrame
from hongyan.protocol.frames import Submit

GROUP = ConversationId("g:large")
A_COMMAND = 1_000
"""Users that one command may name."""


class Listener(Client):
    """Somebody online: notes when a watched entry came."""

    def __init__(self, account: Account, faults: Faults) -> None:
        super().__init__(account, faults)
        self.pushes = 0

    def on_push(self, event: ServerFrame) -> None:
        """Entries of the only conversation there is."""
        if event.WhichOneof("event") == "push":
            self.pushes += len(event.push.entries)
        else:
            super().on_push(event)


async def submit(client: Client, name: str, command: AnyCommand) -> None:
    """One command, up to its receipt."""
    await client.ask(Submit(GROUP, ClientMsgId(name), command))


async def fill(owner: Client, users: Sequence[Account]) -> float:
    """Makes the group and takes everybody in; seconds."""
    ids = [UserId(account.user_id) for account in users]
    started = time.perf_counter()
    await submit(owner, "make", CreateGroup("Large", tuple(ids[:A_COMMAND]), 0))
    for start in range(A_COMMAND, len(ids), A_COMMAND):
        await submit(owner, f"add-{start}", AddMembers(tuple(ids[start : start + A_COMMAND]), 0))
    return time.perf_counter() - started


async def push(owner: Client, listeners: Sequence[Listener], name: str) -> float:
    """One message to everybody online; milliseconds until the last has it."""
    wanted = [each.pushes + 1 for each in listeners]
    started = time.perf_counter()
    await submit(owner, name, SendMessage(1, text_content("hello, all of you")))
    await until(listeners, wanted)
    return (time.perf_counter() - started) * 1000


async def until(listeners: Sequence[Listener], wanted: Sequence[int]) -> None:
    """Waits until everybody has heard so many entries."""
    async with asyncio.timeout(60):
        while any(each.pushes < count for each, count in zip(listeners, wanted, strict=True)):
            await asyncio.sleep(0.0005)


async def measure(url: str, accounts: Sequence[Account], online: int, messages: int) -> dict[str, object]:
    """Connects, fills, sends."""
    faults = Faults()
    owner = Listener(accounts[0], faults)
    listeners = [Listener(account, faults) for account in accounts[1 : online + 1]]
    await owner.open(url)
    for listener in listeners:
        await listener.open(url)
    fill_s = await fill(owner, accounts[1:])
    commands = -(-(len(accounts) - 1) // A_COMMAND)
    # Those online came in with the first command, and see each of the others.
    await until(listeners, [commands] * len(listeners))
    pushed_ms = [await push(owner, listeners, f"hello-{number}") for number in range(messages)]
    assert not faults.closed, faults.closed
    for client in (owner, *listeners):
        client.cut()
    return {
        "members": len(accounts),
        "online": online,
        "filled_s": round(fill_s, 3),
        "first_message_ms": round(pushed_ms[0], 1),
        "later_messages_ms": [round(each, 1) for each in pushed_ms[1:]],
    }


def main() -> None:
    """Measures once and prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--online", type=int, default=500)
    parser.add_argument("--messages", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hongyan-large-group-") as folder:
        accounts = plant(Path(folder), asked.members)
        settings = {"limits.group_members": str(asked.members)}
        server = OwnServer(Path(folder), settings)
        try:
            endpoints = server.start()
            print(json.dumps(asyncio.run(measure(endpoints.ws, accounts, asked.online, asked.messages))))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
