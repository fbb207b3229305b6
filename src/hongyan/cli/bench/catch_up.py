"""The scenario catch-up: a device that was away for many entries comes back and wants them all."""

import asyncio
import time
from collections.abc import Iterable, Iterator

from hongyan.cli.bench.client import Client, Faults
from hongyan.cli.bench.messages import Account, Finish, Outcome, Ready, Settled, Start, Task, Tick
from hongyan.cli.bench.observed import Arrivals, Naming, add_to_runs
from hongyan.cli.bench.parent import Parent
from hongyan.cli.bench.talk import OneToOne, sleep_until, wait_for
from hongyan.cli.bench.talker import Talker
from hongyan.model.ids import ConversationId
from hongyan.protocol.codec_scan import ConversationHead
from hongyan.protocol.frames import GetEntries

PAGES_AT_ONCE = 4
"""Pages that a device asks for without waiting for the one before."""

FILL_WINDOW = 100
REST_S = 1.0
"""Between two devices, so that none profits from or pays for what another left behind."""


class GapTooWideError(Exception):
    """The server offers to start anew instead of telling everything."""


class Returner(Client):
    """A device that comes back."""

    def __init__(self, account: Account, faults: Faults, conversation_id: str) -> None:
        super().__init__(account, faults)
        self.conversation_id = conversation_id
        self.head_seq = 0
        self.naming = Naming(conversation_id, [], [])

    def on_heads(self, heads: Iterable[ConversationHead]) -> None:
        """How far the conversation is now."""
        for head in heads:
            if head.conversation_id == self.conversation_id:
                self.head_seq = head.seq

    async def pull_all(self) -> None:
        """Every entry up to the head, a few pages at a time."""
        ranges = iter(range(0, self.head_seq, self.page_entries))
        async with asyncio.TaskGroup() as group:
            for _ in range(PAGES_AT_ONCE):
                group.create_task(self._pull(ranges))

    async def _pull(self, ranges: Iterator[int]) -> None:
        for low in ranges:
            have, high = low, min(low + self.page_entries, self.head_seq)
            while have < high:
                have = await self._pull_page(have, high - have)

    async def _pull_page(self, after: int, limit: int) -> int:
        reply = await self.ask(GetEntries(ConversationId(self.conversation_id), after, limit=limit))
        page = reply.entry_page
        if page.too_long_restart_seq or not page.entries:
            raise GapTooWideError(f"asked for {limit} entries above {after}, was told to restart or nothing at all")
        seqs = [entry.seq for entry in page.entries]
        self.naming.seqs += seqs
        self.naming.ids += [entry.client_msg_id for entry in page.entries]
        return seqs[-1]

    def arrivals(self) -> Arrivals:
        """What it has now. Pages overtake each other, so their order says nothing."""
        runs: list[tuple[int, int]] = []
        add_to_runs(runs, sorted(self.naming.seqs))
        return Arrivals(self.conversation_id, self.account.user_id, f"device {id(self):x}", 0, runs, [])


class CatchUp(OneToOne):
    """Of two accounts, the first writes and the second comes back."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.conversation_id = self.make(0).conversation_id
        self.devices: list[Returner] = []

    async def fill(self, parent: Parent) -> None:
        """The writer writes while the device is away."""
        writer = self.talkers[0]
        writer.quota = self.plan.entries
        self.pace.sending = True
        writer.send_window(min(FILL_WINDOW, self.plan.entries), time.monotonic_ns())
        await wait_for(lambda: len(writer.receipt_seqs) + writer.refused >= self.plan.entries, patience_s=600)
        self.pace.sending = False
        parent.tell(Tick(len(writer.sent_at), 0))

    async def come_back(self, cursor: str) -> float:
        """One device comes back; how long it took to have everything, in milliseconds."""
        device = Returner(self.task.accounts[1], self.faults, self.conversation_id)
        started = time.monotonic_ns()
        await device.open(self.task.url, cursor)
        await device.pull_all()
        took_ms = (time.monotonic_ns() - started) / 1e6
        device.cut()
        self.devices.append(device)
        return took_ms

    async def run(self, parent: Parent) -> None:
        """The whole scenario."""
        device = Returner(self.task.accounts[1], self.faults, self.conversation_id)
        await device.open(self.task.url)
        device.cut()
        writer = await self.opening.open(0)
        assert isinstance(writer, Talker)
        self.talkers = [writer]
        await self.fill(parent)
        parent.tell(Ready(1, 0.0))
        start = await parent.hear(Start)
        await sleep_until(start.at_ns)
        samples = []
        for _ in range(self.plan.repeats):
            await asyncio.sleep(REST_S)
            samples.append(await self.come_back(device.cursor))
        parent.tell(Settled(await self.settle()))
        await parent.hear(Finish)
        parent.tell(self.report(samples))
        self.talkers[0].cut()

    def report(self, samples: list[float]) -> Outcome:
        """What every device got is named, and complete or the run fails."""
        outcome = Outcome(self.observed(), samples_ms=samples, refused=dict(self.faults.refused))
        outcome.closed, outcome.resent = dict(self.faults.closed), dict(self.faults.resent)
        outcome.unanswered = self.talkers[0].open_count
        outcome.observed.namings += [device.naming for device in self.devices]
        outcome.observed.arrivals += [device.arrivals() for device in self.devices]
        return outcome
