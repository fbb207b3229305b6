"""The scenario idle: very many connections that only say, now and then, that they are there."""

import time

from hongyan.cli.bench.client import Client, Faults
from hongyan.cli.bench.histogram import record
from hongyan.cli.bench.messages import Account, Finish, Outcome, Ready, Settled, Start, Task, Tick
from hongyan.cli.bench.opening import Opening
from hongyan.cli.bench.pacer import Pacer
from hongyan.cli.bench.parent import Parent
from hongyan.cli.bench.schedule import NS_PER_S, Schedule
from hongyan.cli.bench.talk import OneToOne, sleep_until, wait_for
from hongyan.cli.bench.talker import Talker
from hongyan.cli.bench.window import Window

TALKERS = 100
"""So many talk once at the end of the run: a connection that is idle must still be reached."""

OFTEN = 0.8
"""Pings come a little more often than the server asks for."""


class Heart:
    """The pings of one process and how soon their pongs came."""

    def __init__(self) -> None:
        self.sent = 0
        self.took_ns: list[int] = []


class Sleeper(Client):
    """A connection that pings."""

    def __init__(self, account: Account, faults: Faults, heart: Heart) -> None:
        super().__init__(account, faults)
        self.heart = heart
        self.pinged_at = 0

    def beat(self, intended_ns: int) -> None:
        """One ping."""
        if self.is_open:
            self.pinged_at = intended_ns
            self.heart.sent += 1
            self.ping()

    def on_pong(self) -> None:
        """Its answer."""
        self.heart.took_ns.append(time.monotonic_ns() - self.pinged_at)


class Idle(OneToOne):
    """The first accounts of each process talk at the end; the others never do."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.heart = Heart()
        self.sleepers: list[Sleeper] = []
        self.talking = min(TALKERS, len(task.accounts) // 4 * 2)

    async def connect(self) -> Ready:
        """Everybody connects."""
        started = time.monotonic()
        sleepers = Opening(self.task.url, lambda k: Sleeper(self.task.accounts[k], self.faults, self.heart))
        talkers = await self.opening.open_all(range(self.talking))
        self.talkers = [client for client in talkers if isinstance(client, Talker)]
        others = await sleepers.open_all(range(self.talking, len(self.task.accounts)))
        self.sleepers = [client for client in others if isinstance(client, Sleeper)]
        retries = self.opening.retries = self.opening.retries + sleepers.retries
        return Ready(len(self.talkers) + len(self.sleepers), time.monotonic() - started, retries)

    async def rest(self, window: Window, parent: Parent) -> None:
        """Everybody pings in turn, each as often as the server asks for and at least once."""
        often_s = min(self.plan.seconds, self.sleepers[0].heartbeat_ms / 1000 * OFTEN)
        rate = len(self.sleepers) / often_s
        schedule = Schedule(rate, window.measure_ns, window.stop_ns)
        count = len(self.sleepers)
        pacer = self.pacer = Pacer(schedule, rate, lambda k, intended: self.sleepers[k % count].beat(intended))
        await sleep_until(window.measure_ns)
        pacer.start()
        while time.monotonic_ns() < window.stop_ns:
            await sleep_until(min(window.stop_ns, time.monotonic_ns() + NS_PER_S))
            parent.tell(Tick(self.heart.sent, len(self.heart.took_ns)))
        pacer.stop()
        await wait_for(lambda: len(self.heart.took_ns) >= self.heart.sent, self.plan.patience_s)

    async def run(self, parent: Parent) -> None:
        """The whole scenario."""
        parent.tell(await self.connect())
        start = await parent.hear(Start)
        window = Window.of(self.plan, start.at_ns)
        await self.rest(window, parent)
        for talker in self.talkers:
            talker.send_window(1, time.monotonic_ns())
        receipts = await self.settle()
        await self.finish(receipts)
        parent.tell(Settled(receipts))
        await parent.hear(Finish)
        parent.tell(self.report(window))
        for client in (*self.talkers, *self.sleepers):
            client.cut()

    def report(self, window: Window) -> Outcome:
        """The latencies are those of the pongs."""
        outcome = self.outcome(window)
        outcome.delivery = record(self.heart.took_ns)
        outcome.heartbeats = len(self.heart.took_ns)
        outcome.span_s = 0.0
        outcome.unanswered += self.heart.sent - outcome.heartbeats
        return outcome
