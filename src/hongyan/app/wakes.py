"""Long polls in one process: woken by what goes down to the gateway, so nobody asks the store in vain."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hongyan.model.codes import Overloaded
from hongyan.model.ids import UserId
from hongyan.ports.link import Fanout


class LocalBell:
    """A `ports.wakes.Bell`."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._closed = False

    def ring(self) -> None:
        """Wakes whoever waits, now or next."""
        self._event.set()

    def close(self) -> None:
        """Ends the waiting, now and from now on."""
        self._closed = True
        self._event.set()

    async def rung(self, within_s: float) -> bool:
        """See the port."""
        try:
            async with asyncio.timeout(within_s):
                await self._event.wait()
        except TimeoutError:
            return False
        if self._closed:
            return False
        self._event.clear()
        return True


class LocalWakes:
    """A `ports.wakes.Wakes`: at most `capacity` bells, and `per_user` of one user."""

    def __init__(self, *, capacity: int = 500, per_user: int = 8) -> None:
        self.capacity, self._per_user = capacity, per_user
        self._bells: dict[UserId, list[LocalBell]] = {}
        self._count = 0
        self._draining = False

    def waiting(self) -> int:
        """How many bells there are."""
        return self._count

    @contextmanager
    def listen(self, user_id: UserId) -> Iterator[LocalBell]:
        """See the port."""
        if self._count >= self.capacity:
            raise Overloaded(what="long polls", retry_after_ms=1_000)
        bell = LocalBell()
        mine = self._bells.setdefault(user_id, [])
        mine.append(bell)
        self._count += 1
        if len(mine) > self._per_user:
            self._remove(user_id, mine[0])
        if self._draining:
            bell.close()
        try:
            yield bell
        finally:
            self._remove(user_id, bell)

    def _remove(self, user_id: UserId, bell: LocalBell) -> None:
        mine = self._bells.get(user_id, [])
        if bell not in mine:
            return
        mine.remove(bell)
        self._count -= 1
        bell.close()
        if not mine:
            del self._bells[user_id]

    def delivered(self, fanouts: Sequence[Fanout]) -> None:
        """What goes down to the gateway: entries wake everybody they are for, positions the one whose they are."""
        bells = self._bells
        if not bells:
            return
        for fanout in fanouts:
            if fanout.entries:
                for user_id in fanout.recipients:
                    if user_id in bells:
                        self.ring(user_id)
            for moved in fanout.moved:
                if moved.user_id in bells:
                    self.ring(moved.user_id)

    def ring(self, user_id: UserId) -> None:
        """Wakes one user."""
        for bell in self._bells.get(user_id, ()):
            bell.ring()

    def drain(self) -> None:
        """Nobody waits any more, now and from now on: the process ends."""
        self._draining = True
        for mine in self._bells.values():
            for bell in mine:
                bell.close()
