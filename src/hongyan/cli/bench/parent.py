"""A generator process's line to the run that started it."""

import asyncio
import os
from multiprocessing.connection import Connection
from typing import TypeVar

import msgspec

from hongyan.cli.bench.messages import FromWorker, ToWorker

M = TypeVar("M")


class Parent:
    """Tells and hears messages over a pipe. A line that ends means that the run was given up."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._decoder = msgspec.msgpack.Decoder(ToWorker)

    def tell(self, message: FromWorker) -> None:
        """Sends a message; waits while the pipe is full, which only a last report can make it."""
        self._pipe.send_bytes(msgspec.msgpack.encode(message))

    async def hear(self, kind: type[M]) -> M:
        """The next message, which has to be of this kind. Raises EOFError when the run was given up."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._pipe.fileno(), readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._pipe.fileno())
            # The loop made it non-blocking to watch it; a long report would then be cut short.
            os.set_blocking(self._pipe.fileno(), True)
        message = self._decoder.decode(self._pipe.recv_bytes())
        if not isinstance(message, kind):
            raise TypeError(f"expected {kind.__name__}, heard {type(message).__name__}")
        return message
