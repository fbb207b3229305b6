"""Connecting many: a few at a time for a quiet start or all at once for a storm, and again when the server says "later"."""

import asyncio
import random  # noqa: TID251 - spreads reconnects, guards nothing
from collections.abc import Callable, Iterator, Sequence

from picows import WSError

from hongyan.cli.bench.client import Client, ConnectionLostError

AT_ONCE = 64
ATTEMPTS = 12
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 3.0


class Opening:
    """Opens clients at one address. `make(k)` gives a fresh client for the k-th account: a connection has its own."""

    def __init__(self, url: str, make: Callable[[int], Client]) -> None:
        self._url, self._make = url, make
        self._random = random.Random()  # noqa: S311 - as above
        self.retries = 0

    async def open(self, k: int, cursor: str = "") -> Client:
        """A connected and synced client; comes again with full-jitter backoff while the server refuses for now.

        Raises ConnectionLostError, RefusedError or OSError when that does not help.
        """
        for attempt in range(ATTEMPTS):
            client = self._make(k)
            try:
                await client.open(self._url, cursor)
            except (ConnectionLostError, OSError, WSError) as error:
                if not getattr(error, "resumable", True) or attempt == ATTEMPTS - 1:
                    raise
            else:
                return client
            self.retries += 1
            await asyncio.sleep(self.backoff_s(attempt))
        raise AssertionError("the last attempt returns or raises")

    def backoff_s(self, attempt: int) -> float:
        """Anywhere from now to twice as long as the last time, up to a bound."""
        return self._random.uniform(0, min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**attempt))

    async def open_all(self, ks: Sequence[int], at_once: int = AT_ONCE) -> list[Client]:
        """Clients for these accounts, so many being connected at any moment. Raises what `open` raises."""
        found: dict[int, Client] = {}
        waiting = iter(ks)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(ks))):
                group.create_task(self._open_some(waiting, found))
        return [found[k] for k in ks]

    async def _open_some(self, waiting: Iterator[int], found: dict[int, Client]) -> None:
        for k in waiting:
            found[k] = await self.open(k)
