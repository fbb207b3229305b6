"""An integrator's server: takes POSTs on a real socket, and verifies them with a library that is not ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from standardwebhooks import Webhook


class Taken(msgspec.Struct, frozen=True):
    """A call that came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What it says."""
        return json.loads(self.body)

    @property
    def entry(self) -> Any:
        """The entry that it tells of."""
        return self.json["data"]["entry"]

    @property
    def text(self) -> str:
        """The words of the message that it tells of."""
        return str(self.entry["message"]["text"]["text"])

    def verified(self, secret: str) -> Any:
        """What it says, if the signature holds. Raises what the library raises."""
        return Webhook(secret).verify(self.body, self.headers)


Answer = tuple[int, bytes]


class Receiver:
    """What came, in order. `answer` decides what is said; `hold` keeps everybody waiting while it is clear."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.answer: Callable[[Taken], Answer] = lambda _: (204, b"")
        self.extra_headers = ""
        self.hold = asyncio.Event()
        self.hold.set()
        self._came = asyncio.Event()
        self.url = ""

    async def wait_for(self, count: int) -> list[Taken]:
        """All that came, once there are so many."""
        async with asyncio.timeout(8):
            while len(self.taken) < count:
                self._came.clear()
                await self._came.wait()
        return self.taken

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                await self._respond(Taken(headers, body), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _respond(self, taken: Taken, writer: asyncio.StreamWriter) -> None:
        self.taken.append(taken)
        self._came.set()
        await self.hold.wait()
        status, body = self.answer(taken)
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{self.extra_headers}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.close()
