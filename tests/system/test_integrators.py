"""An integrator against real server processes: keys from the command line, REST alone, and `kill -9` in between."""

import asyncio
import contextlib
import http.client
import os
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.flow.receiver import Receiver, receiving
from tests.system.conftest import MakeServer
from tests.system.servers import Server, hongyan

MESSAGES = 300
KILLS = 6


class Integrator:
    """Calls a server with a key."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.key = hongyan("key", "create", "shop", "--data", str(server.data))

    async def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """The answer's JSON; asks again while the server is not there."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answer = await asyncio.to_thread(self.server.ask, method, path, body, self.key, key)
                    if answer.status < 500:
                        assert answer.status < 300, answer.text
                        return answer.json
                await asyncio.sleep(0.05)


async def killed(server: Server, after_s: float) -> None:
    """The server dies at some moment, and the next one starts."""
    await asyncio.sleep(after_s)
    server.kill()
    server.spawn()
    await server.ready()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The integrator's own server."""
    async with receiving() as receiver:
        yield receiver


async def test_no_event_is_lost_though_the_server_is_killed_again_and_again(
    make_server: MakeServer, receiver: Receiver
) -> None:
    seed = int(os.environ.get("HONGYAN_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"HONGYAN_TEST_SEED={seed}")
    rng = random.Random(seed)
    server = make_server(
        *("log.trim_s=0.2", "log.retention_records=0", "hooks.allowed_networks=127.0.0.0/8", "hooks.retry_s=0.1")
    ).start()
    integrator = await asyncio.to_thread(Integrator, server)
    for user_id in ("alice", "bob"):
        await integrator.ask("POST", "/api/v1/server/users", {"user_id": user_id})
    webhook = await integrator.ask("POST", "/api/v1/server/webhooks", {"url": receiver.url})
    kills = set(rng.sample(range(20, MESSAGES - 20), KILLS))
    receipts: dict[str, Any] = {}
    for number in range(MESSAGES):
        body = {
            "conversation_id": "s:alice:bob",
            "sender_id": "alice",
            "content": {"text": {"text": f"message {number}"}},
        }
        receiver.answer = lambda _: (rng.choice((204, 204, 204, 500)), b"")
        async with asyncio.TaskGroup() as group:
            if number in kills:
                group.create_task(killed(server, rng.uniform(0, 0.03)))
            receipt = await integrator.ask("POST", "/api/v1/server/messages", body, key=f"m{number}")
        receipts[f"evt_{receipt['message_id']}"] = receipt
    receiver.answer = lambda _: (204, b"")
    async with asyncio.timeout(60):
        while {taken.headers["webhook-id"] for taken in receiver.taken} != set(receipts):
            await asyncio.sleep(0.1)
    for taken in receiver.taken:
        event = taken.verified(webhook["secret"])
        assert event["data"]["entry"]["seq"] == str(receipts[taken.headers["webhook-id"]]["seq"])
    firsts = list(dict.fromkeys(int(taken.entry["seq"]) for taken in receiver.taken))
    assert firsts == list(range(1, MESSAGES + 1)), "in the order of the conversation"
