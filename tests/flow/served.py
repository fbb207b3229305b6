"""The whole server with its HTTP edge, in this process and on free ports, as `hongyan serve` runs it."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from hongyan.app.serve import Addresses, prepare_data_dir, serve
from hongyan.config import Config
from hongyan.config.load import load


@contextmanager
def prepared(data_dir: Path, *settings: str) -> Iterator[Config]:
    """A configuration on free ports with cheap passwords, over a prepared directory."""
    listen = [f"listen.{name}=127.0.0.1:0" for name in ("http", "ws", "tcp")]
    cheap = ["users.argon2_memory_kib=64", "users.argon2_iterations=1", "logging.level=error"]
    found = load(None, {}, [f"data_dir={data_dir}", *listen, *cheap, *settings])
    lock, thresholds = prepare_data_dir(found.data_dir), gc.get_threshold()
    try:
        yield found
    finally:
        # A server sets up the collector for a process of its own.
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        lock.close()


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Addresses]:
    """A server, as long as the block lasts."""
    opened: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(serve(config, opened.set_result))
        try:
            yield await opened
        finally:
            # As an operator does it.
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait([serving])
