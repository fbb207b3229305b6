"""The scenario storm: everybody is cut at once and comes back at once, with the cursor of the last sync."""

import asyncio
import time

from hongyan.cli.bench.histogram import record
from hongyan.cli.bench.messages import Finish, Ready, Settled, Start
from hongyan.cli.bench.observed import Observed
from hongyan.cli.bench.parent import Parent
from hongyan.cli.bench.talk import OneToOne, sleep_until
from hongyan.cli.bench.talker import Talker
from hongyan.cli.bench.window import Window


class Storm(OneToOne):
    """Pairs as in one-to-one. Each says one thing before and one after, so that there is something to sync and to lose."""

    first: tuple[Talker, ...] = ()
    """The clients that were cut."""

    def make(self, k: int) -> Talker:
        """A client that goes on numbering where the one before it was cut."""
        talker = super().make(k)
        if self.first:
            talker.first_number = len(self.first[k].sent_at)
        return talker

    async def speak(self) -> int:
        """Everybody says one thing; waits until all have heard it. How many receipts came."""
        for talker in self.talkers:
            talker.send_window(1, time.monotonic_ns())
        receipts = await self.settle()
        await self.finish(receipts)
        return receipts

    async def come_back(self, start_ns: int) -> list[int]:
        """Cuts everybody and waits until all are back; how long each took."""
        backs: list[int] = []

        async def back(k: int) -> Talker:
            client = await self.opening.open(k, self.first[k].cursor)
            backs.append(time.monotonic_ns() - start_ns)
            assert isinstance(client, Talker)
            return client

        self.first = tuple(self.talkers)
        for talker in self.first:
            talker.cut()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(back(k)) for k in range(len(self.first))]
        self.talkers = [task.result() for task in tasks]
        return backs

    async def run(self, parent: Parent) -> None:
        """The whole scenario."""
        ready = await self.connect()
        await self.speak()
        parent.tell(Ready(ready.connections, ready.took_s, ready.retries))
        start = await parent.hear(Start)
        await sleep_until(start.at_ns)
        backs = await self.come_back(start.at_ns)
        back_ns = time.monotonic_ns()
        parent.tell(Settled(await self.speak()))
        await parent.hear(Finish)
        outcome = self.outcome(Window(back_ns, back_ns, time.monotonic_ns()))
        outcome.back = record(backs)
        parent.tell(outcome)
        for talker in self.talkers:
            talker.cut()

    def observed(self) -> Observed:
        """Both generations of clients."""
        now = super().observed()
        before = Observed(
            sent=[talker.sent() for talker in self.first],
            arrivals=[talker.arrivals(until_end=False) for talker in self.first],
            namings=[talker.naming() for talker in self.first],
        )
        return Observed(before.sent + now.sent, before.arrivals + now.arrivals, before.namings + now.namings)
