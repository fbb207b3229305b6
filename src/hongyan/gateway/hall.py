"""Sockets that have not asked for WebSocket yet: bounded in number, for each of them is an open file."""

import asyncio
from typing import Protocol

PATIENCE_S = 1.0
"""Clients ask at once: whoever has been here longer makes room for others."""


class Leaving(Protocol):
    """A socket's transport."""

    def abort(self) -> None:
        """Drops it."""
        ...


class Hall:
    """Who came in and has not asked, in order. When `capacity` is reached the oldest goes, if he is slow, or else the new one.

    So those who open sockets and say nothing keep nobody out, and take no more than so many files.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._since_s: dict[Leaving, float] = {}
        self.turned_away = 0

    def __len__(self) -> int:
        return len(self._since_s)

    def enter(self, transport: Leaving) -> None:
        """Somebody came."""
        now_s = asyncio.get_running_loop().time()
        if len(self._since_s) >= self._capacity:
            self.turned_away += 1
            oldest = next(iter(self._since_s))
            if now_s - self._since_s[oldest] < PATIENCE_S:
                transport.abort()
                return
            del self._since_s[oldest]
            oldest.abort()
        self._since_s[transport] = now_s

    def leave(self, transport: Leaving) -> None:
        """He has asked, or is gone. May be called again."""
        self._since_s.pop(transport, None)
