"""The scenarios one-to-one and group: connect, talk for a while, let everything arrive, report."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from hongyan.cli.bench.client import ABNORMAL, ConnectionLostError, Faults
from hongyan.cli.bench.forms import Forms, number_of
from hongyan.cli.bench.histogram import record
from hongyan.cli.bench.member import Member, Packets
from hongyan.cli.bench.messages import Finish, Outcome, Ready, Settled, Start, Task, Tick
from hongyan.cli.bench.observed import Observed
from hongyan.cli.bench.opening import Opening
from hongyan.cli.bench.pacer import Pacer
from hongyan.cli.bench.parent import Parent
from hongyan.cli.bench.schedule import NS_PER_S, Schedule
from hongyan.cli.bench.talker import Pace, Talker
from hongyan.cli.bench.window import Series, Window

TICK_S = 0.25
LOOK_S = 0.02


class Talk:
    """One process's clients of a talking scenario; what differs between the two is in the subclasses."""

    def __init__(self, task: Task) -> None:
        self.task, self.plan = task, task.plan
        self.faults = Faults()
        self.pace = Pace(closed_loop=not task.plan.is_open_loop)
        self.opening = Opening(task.url, self.make)
        self.talkers: Sequence[Talker] = ()
        self.pacer: Pacer | None = None

    def make(self, k: int) -> Talker:
        """A fresh client for the k-th account."""
        raise NotImplementedError

    def senders(self) -> Sequence[Talker]:
        """Who talks here."""
        raise NotImplementedError

    def arrived(self) -> int:
        """How many entries were pushed here."""
        raise NotImplementedError

    def expected(self, receipts: int) -> int:
        """How many are to be pushed here, when all processes have so many receipts."""
        raise NotImplementedError

    def latencies(self, window: Window) -> Iterable[int]:
        """From intended to arrived, of what was meant to be sent in the window."""
        raise NotImplementedError

    def arrival_moments(self) -> Iterable[tuple[Sequence[int], int]]:
        """(moments, entries that arrived at each)."""
        raise NotImplementedError

    def observed(self) -> Observed:
        """For the checker."""
        raise NotImplementedError

    # The run

    async def connect(self) -> Ready:
        """Everybody connects."""
        started = time.monotonic()
        ks = range(len(self.task.accounts))
        self.talkers = [client for client in await self.opening.open_all(ks) if isinstance(client, Talker)]
        return Ready(len(self.talkers), time.monotonic() - started, self.opening.retries)

    async def talk(self, window: Window, parent: Parent) -> None:
        """Load from the window's start to its stop. Raises ConnectionLostError when nobody is connected any more."""
        await sleep_until(window.start_ns)
        self.pace.sending = True
        senders = self.senders()
        if self.plan.is_open_loop:
            self.pacer = self._start_pacer(window, senders)
        else:
            for sender in senders:
                sender.send_window(self.plan.window, time.monotonic_ns())
        while time.monotonic_ns() < window.stop_ns:
            await sleep_until(min(window.stop_ns, time.monotonic_ns() + round(TICK_S * NS_PER_S)))
            parent.tell(Tick(sum(len(sender.sent_at) for sender in senders), self.arrived()))
            if not any(talker.is_open for talker in self.talkers):
                raise ConnectionLostError(ABNORMAL)
        self.pace.sending = self.pace.resending = False
        if self.pacer is not None:
            self.pacer.stop()

    def _start_pacer(self, window: Window, senders: Sequence[Talker]) -> Pacer | None:
        share = len(senders) / max(1, self.task.senders)
        if not share:
            return None
        rate = self.plan.rate_per_s * share
        schedule = Schedule(rate, window.start_ns, window.stop_ns)
        count = len(senders)
        pacer = Pacer(schedule, rate, lambda k, intended_ns: senders[k % count].send_one(intended_ns))
        pacer.start()
        return pacer

    async def settle(self) -> int:
        """Waits for the answers still open; how many receipts there are in all."""
        senders = self.senders()
        await wait_for(lambda: not any(one.open_count and one.is_open for one in senders), self.plan.patience_s)
        return sum(len(sender.receipt_seqs) for sender in senders)

    async def finish(self, receipts: int) -> None:
        """Waits for the pushes still on their way."""
        expected = self.expected(receipts)
        await wait_for(lambda: self.arrived() >= expected, self.plan.patience_s)

    def outcome(self, window: Window) -> Outcome:
        """What this process saw."""
        senders = self.senders()
        series = Series(window)
        delivered = 0
        for moments, each in self.arrival_moments():
            delivered += window.count(moments) * each
            series.add_delivered(moments, each)
        for sender in senders:
            series.add_sent(sender.sent_at)
        return Outcome(
            self.observed(),
            delivery=record(self.latencies(window)),
            receipt=record(latency for sender in senders for latency in receipt_latencies(sender, window)),
            lag=record(self.pacer.lags_ns if self.pacer else ()),
            sent=sum(window.count(sender.sent_at) for sender in senders),
            delivered=delivered,
            packets=sum(talker.packets for talker in self.talkers),
            span_s=(window.stop_ns - window.measure_ns) / NS_PER_S,
            series=series.rows(),
            refused=dict(self.faults.refused),
            closed=dict(self.faults.closed),
            resent=dict(self.faults.resent),
            unanswered=sum(sender.open_count for sender in senders),
            overrun=self.pace.overrun,
            abandoned=self.pace.abandoned,
            retries=self.opening.retries,
        )

    async def run(self, parent: Parent) -> None:
        """The whole scenario."""
        parent.tell(await self.connect())
        start = await parent.hear(Start)
        window = Window.of(self.plan, start.at_ns)
        await self.talk(window, parent)
        parent.tell(Settled(await self.settle()))
        finish = await parent.hear(Finish)
        await self.finish(finish.receipts)
        parent.tell(self.outcome(window))
        for talker in self.talkers:
            talker.cut()


class OneToOne(Talk):
    """Accounts 0 and 1 talk, 2 and 3, and so on; both of a pair are of this process."""

    def make(self, k: int) -> Talker:
        """See Talk."""
        mine, other = self.task.accounts[k], self.task.accounts[k ^ 1]
        low, high = sorted((mine.user_id, other.user_id))
        return Talker(mine, self.faults, self.pace, Forms(f"s:{low}:{high}", mine.user_id, self.plan.size_bytes))

    def senders(self) -> Sequence[Talker]:
        """See Talk."""
        return self.talkers

    def arrived(self) -> int:
        """See Talk."""
        return sum(len(talker.push_seqs) for talker in self.talkers)

    def expected(self, receipts: int) -> int:
        """What one of a pair got a receipt for, the other is pushed."""
        del receipts  # those of other processes are of other pairs
        return sum(len(talker.receipt_seqs) for talker in self.talkers)

    def latencies(self, window: Window) -> Iterable[int]:
        """See Talk."""
        for k, talker in enumerate(self.talkers):
            yield from push_latencies(talker, self.talkers[k ^ 1], window)

    def arrival_moments(self) -> Iterable[tuple[Sequence[int], int]]:
        """See Talk."""
        return ((talker.push_ats, 1) for talker in self.talkers)

    def observed(self) -> Observed:
        """See Talk."""
        return Observed(
            sent=[talker.sent() for talker in self.talkers],
            arrivals=[talker.arrivals(until_end=talker.is_open) for talker in self.talkers],
            namings=[talker.naming() for talker in self.talkers],
        )


class Group(Talk):
    """All accounts are in one group; the first `task.senders` of the whole run talk, spread over the processes."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.packets = Packets(task.conversation_id)
        self.members: Sequence[Member] = ()

    def make(self, k: int) -> Member:
        """See Talk."""
        account = self.task.accounts[k]
        forms = Forms(self.task.conversation_id, account.user_id, self.plan.size_bytes)
        return Member(account, self.faults, self.pace, forms, self.packets)

    async def connect(self) -> Ready:
        """See Talk."""
        ready = await super().connect()
        self.members = [talker for talker in self.talkers if isinstance(talker, Member)]
        return ready

    def senders(self) -> Sequence[Talker]:
        """See Talk."""
        processes, total = self.plan.processes, self.task.senders
        share = (total * (self.task.index + 1)) // processes - (total * self.task.index) // processes
        return self.talkers[:share]

    def arrived(self) -> int:
        """See Talk."""
        return sum(member.arrived() for member in self.members)

    def expected(self, receipts: int) -> int:
        """Everybody is pushed what others have receipts for."""
        own = sum(len(talker.receipt_seqs) for talker in self.talkers)
        return receipts * len(self.talkers) - own

    def latencies(self, window: Window) -> Iterable[int]:
        """See Talk."""
        for packet in self.packets.all:
            for stamp_ns in packet.stamps:
                if stamp_ns in window:
                    yield from (at - stamp_ns for at in packet.arrived_at)

    def arrival_moments(self) -> Iterable[tuple[Sequence[int], int]]:
        """See Talk."""
        return ((packet.arrived_at, len(packet.seqs)) for packet in self.packets.all)

    def observed(self) -> Observed:
        """See Talk."""
        return Observed(
            sent=[talker.sent() for talker in self.senders()],
            arrivals=[member.arrivals(until_end=member.is_open) for member in self.members],
            namings=[self.packets.naming],
        )


def push_latencies(receiver: Talker, sender: Talker, window: Window) -> Iterable[int]:
    """From a sender's intended moments to the receiver's arrivals."""
    sent_at, first = sender.sent_at, sender.first_number
    for client_msg_id, at in zip(receiver.push_ids, receiver.push_ats, strict=True):
        number = number_of(client_msg_id) - first
        if 0 <= number < len(sent_at) and sent_at[number] in window:
            yield at - sent_at[number]


def receipt_latencies(sender: Talker, window: Window) -> Iterable[int]:
    """From a sender's intended moments to its receipts."""
    sent_at, first = sender.sent_at, sender.first_number
    for client_msg_id, at in zip(sender.receipt_ids, sender.receipt_ats, strict=True):
        number = number_of(client_msg_id) - first
        if 0 <= number < len(sent_at) and sent_at[number] in window:
            yield at - sent_at[number]


async def sleep_until(at_ns: int) -> None:
    """Returns at a moment of the monotonic clock, or a little after."""
    await asyncio.sleep(max(0.0, (at_ns - time.monotonic_ns()) / NS_PER_S))


async def wait_for(holds: Callable[[], bool], patience_s: float) -> bool:
    """Looks again and again until something holds or patience is over; whether it holds."""
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_S)
    return True
