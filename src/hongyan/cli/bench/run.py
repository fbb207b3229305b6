"""One run, whole: a server, users, generator processes, the measured window, the audit and the verdict."""

import contextlib
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

import msgspec
import uvloop

import hongyan
from hongyan.cli.bench import histogram
from hongyan.cli.bench.accounts import plant, register
from hongyan.cli.bench.audit import Audit
from hongyan.cli.bench.checker import check
from hongyan.cli.bench.client import Client, Faults
from hongyan.cli.bench.fleet import Fleet
from hongyan.cli.bench.messages import Account, Finish, Outcome, Ready, Settled, Start, Task, Tick
from hongyan.cli.bench.observed import Observed
from hongyan.cli.bench.plan import Plan, Scenario, share
from hongyan.cli.bench.procfs import commit, machine, resident
from hongyan.cli.bench.result import Charts, Memory, Result, Troubles
from hongyan.cli.bench.sampler import Sampler
from hongyan.cli.bench.schedule import NS_PER_S
from hongyan.cli.bench.server import Endpoints, OwnServer
from hongyan.cli.bench.troubles import CannotRunError, reason_of
from hongyan.cli.bench.window import SERIES_STEP_NS, Window
from hongyan.model.commands import AddMembers, CreateGroup
from hongyan.model.ids import ClientMsgId, ConversationId, UserId
from hongyan.protocol.frames import Submit

T = TypeVar("T")

CONNECT_PATIENCE_S = 300.0
SETTLE_PATIENCE_S = 120.0
QUIET_S = 2.0
"""How long connected clients rest before memory is read."""

SOON_NS = NS_PER_S // 2
DEFAULT_CONNECTIONS = 15_000
GROUP_STEP = 500
"""Members named by one command."""


class Progress(Protocol):
    """Told how a run goes on."""

    def phase(self, name: str) -> None:
        """Something else begins."""
        ...

    def ticks(self, ticks: Sequence[Tick]) -> None:
        """Totals so far."""
        ...

    def count(self, done: int, total: int) -> None:
        """So many of so many."""
        ...


class Target(msgspec.Struct, frozen=True):
    """A server to load: where it is, who may connect, and its process if that is ours to see (else 0)."""

    endpoints: Endpoints
    accounts: list[Account]
    pid: int = 0
    ready_ms: float | None = None
    settings: dict[str, str] = {}


def settings_for(plan: Plan, asked: Sequence[str] = ()) -> dict[str, str]:
    """What our own server is told beyond its defaults: limits on what one person does, which a generator is not.

    What was asked for, as `section.key=value`, holds before that.
    """
    rates = ("submissions_per_s", "submissions_burst", "frames_per_s", "marks_per_s", "reads_per_s")
    found = dict.fromkeys([f"limits.{rate}" for rate in rates], "1000000")
    found |= dict.fromkeys([f"limits.conversation_{rate}" for rate in rates[:2]], "1000000")
    # The audit reads each history from its first entry, however long it grew.
    found["limits.too_long_gap"] = "10000000"
    if plan.scenario is Scenario.GROUP and plan.clients > GROUP_STEP:
        found["limits.group_members"] = str(plan.clients)
    if plan.clients > DEFAULT_CONNECTIONS:
        found["limits.connections"] = str(plan.clients + 100)
    found.update((key, value) for key, _, value in (setting.partition("=") for setting in asked))
    return found


@contextlib.contextmanager
def own_target(plan: Plan, asked: Sequence[str], progress: Progress) -> Iterator[Target]:
    """A server of our own on a fresh directory, stopped and removed afterwards. Raises SetupError, ServerFailedError."""
    with TemporaryDirectory(prefix="hongyan-bench-") as folder:
        data_dir, settings = Path(folder) / "data", settings_for(plan, asked)
        progress.phase(f"making {plan.clients:,} users")
        accounts = plant(data_dir, plan.clients)
        progress.phase("starting a server")
        server = OwnServer(data_dir, settings)
        try:
            endpoints = server.start()
            try:
                yield Target(endpoints, accounts, server.pid, server.ready_ms, settings)
            finally:
                # Whatever else went wrong: that the server died is the reason to tell.
                server.check_alive()
        finally:
            server.stop()


@contextlib.contextmanager
def other_target(plan: Plan, endpoints: Endpoints, pid: int, progress: Progress) -> Iterator[Target]:
    """A server that runs elsewhere; users are registered over HTTP. Raises RegistrationError."""
    progress.phase(f"registering {plan.clients:,} users")
    accounts = register(endpoints.http, plan.clients, lambda done: progress.count(done, plan.clients))
    yield Target(endpoints, accounts, pid)


class Run:
    """One plan against one target."""

    def __init__(self, plan: Plan, target: Target, progress: Progress) -> None:
        self.plan, self.target, self.progress = plan, target, progress
        self.sampler = Sampler(target.pid)
        self.memory = Memory()
        self.window = Window(0, 0, 0)

    def measure(self) -> Result:
        """Runs it. Raises GeneratorFailedError and what a connection raises."""
        self._read_memory(connected=False)
        tasks = self._tasks(self._prepare())
        with Fleet(tasks, self._look) as fleet:
            self.sampler.watch(fleet.pids)
            self.progress.phase("connecting")
            ready = fleet.hear(Ready, CONNECT_PATIENCE_S)
            time.sleep(QUIET_S if self.plan.scenario is Scenario.IDLE else 0)
            self._read_memory(connected=True)
            self.window = Window.of(self.plan, time.monotonic_ns() + SOON_NS)
            fleet.tell(Start(self.window.start_ns))
            self.progress.phase("load")
            patience_s = self.plan.warmup_s + self.plan.seconds + SETTLE_PATIENCE_S
            settled = fleet.hear(Settled, patience_s)
            self.progress.phase("waiting for what is on its way")
            fleet.tell(Finish(sum(one.receipts for one in settled)))
            outcomes = fleet.hear(Outcome, SETTLE_PATIENCE_S)
        return self._conclude(ready, outcomes)

    def _prepare(self) -> str:
        if self.plan.scenario is not Scenario.GROUP:
            return ""
        self.progress.phase(f"making a group of {self.plan.clients:,}")
        return over_the_wire(make_group(self.target.endpoints.ws, self.target.accounts))

    def _tasks(self, conversation_id: str) -> list[Task]:
        plan, accounts = self.plan, self.target.accounts
        senders = plan.clients if plan.scenario is not Scenario.GROUP else min(plan.senders or 10, plan.clients)
        parts = share(plan.clients, plan.processes, step=2)
        return [
            Task(plan, self.target.endpoints.ws, [accounts[k] for k in part], index, senders, conversation_id)
            for index, part in enumerate(parts)
        ]

    def _look(self, ticks: list[Tick]) -> None:
        self.sampler.look()
        self.progress.ticks(ticks)

    def _read_memory(self, *, connected: bool) -> None:
        found = resident(self.target.pid) if self.target.pid else None
        if found is None:
            return
        if connected:
            self.memory.connected_bytes, self.memory.connected_anonymous_bytes = found.rss_bytes, found.anonymous_bytes
        else:
            self.memory.start_bytes, self.memory.start_anonymous_bytes = found.rss_bytes, found.anonymous_bytes

    def _conclude(self, ready: Sequence[Ready], outcomes: Sequence[Outcome]) -> Result:
        self.progress.phase("reading what the store holds")
        observed = joined(outcomes)
        seen = {arrivals.user_id for arrivals in observed.arrivals}
        audit = Audit(self.target.endpoints.ws, [one for one in self.target.accounts if one.user_id in seen])
        over_the_wire(audit.read())
        observed.stored, observed.heads = list(audit.stored.values()), audit.heads
        self.progress.phase("checking")
        delivery = histogram.merge(outcome.delivery for outcome in outcomes)
        receipt = histogram.merge(outcome.receipt for outcome in outcomes)
        back = histogram.merge(outcome.back for outcome in outcomes)
        lag = histogram.quantiles(histogram.merge(outcome.lag for outcome in outcomes))
        window, is_seen = self._cpu_window(histogram.quantiles(back).max_ms), bool(self.target.pid)
        return Result(
            self.plan,
            check(observed),
            troubles_of(outcomes),
            histogram.quantiles(delivery),
            histogram.quantiles(receipt),
            histogram.quantiles(back),
            Charts(
                histogram.curve(delivery),
                histogram.curve(receipt),
                histogram.curve(back),
                joined_series(outcomes),
                self.sampler.load(window),
                SERIES_STEP_NS / NS_PER_S,
            ),
            self.memory,
            machine(),
            commit(Path(hongyan.__file__).parent),
            hongyan.__version__,
            delivered_per_s=rate(outcomes, "delivered"),
            sent_per_s=rate(outcomes, "sent"),
            entries_per_packet=entries_per_packet(outcomes),
            server_cpu_s=self.sampler.server_cpu_s(window) if is_seen else None,
            generator_cpu_s=self.sampler.generator_cpu_s(window),
            others_cpu_s=self.sampler.others_cpu_s(window) if is_seen else None,
            generator_lag_p99_ms=lag.p99_ms,
            ready_ms=self.target.ready_ms,
            connect_s=max(one.took_s for one in ready),
            heartbeats=sum(outcome.heartbeats for outcome in outcomes),
            catch_up_ms=[ms for outcome in outcomes for ms in outcome.samples_ms],
            settings=self.target.settings,
        )

    def _cpu_window(self, storm_ms: float | None) -> Window:
        """A storm lasts until the last is back; every other load as long as planned."""
        if storm_ms is None:
            return self.window
        start_ns = self.window.start_ns
        return Window(start_ns, start_ns, start_ns + round(storm_ms * 1e6))


def rate(outcomes: Sequence[Outcome], name: str) -> float:
    """How many of something a second of the measured window; 0 where a scenario has no such window."""
    span_s = max(outcome.span_s for outcome in outcomes)
    return sum(getattr(outcome, name) for outcome in outcomes) / span_s if span_s else 0.0


def entries_per_packet(outcomes: Sequence[Outcome]) -> float | None:
    """How many entries and receipts shared a packet on their way to a client: what batching saved."""
    packets = sum(outcome.packets for outcome in outcomes)
    pushed = sum(
        last - first + 1 for one in outcomes for arrivals in one.observed.arrivals for first, last in arrivals.runs
    )
    receipts = sum(len(sent.receipt_seqs) for one in outcomes for sent in one.observed.sent)
    return (pushed + receipts) / packets if packets else None


def over_the_wire(work: Coroutine[Any, Any, T]) -> T:
    """What some work of the run itself gave. Raises CannotRunError for whatever went wrong."""
    try:
        return uvloop.run(work)
    except Exception as error:  # the edge of the run: a group of a connection's errors, told in a sentence
        raise CannotRunError(reason_of(error)) from error


def joined(outcomes: Sequence[Outcome]) -> Observed:
    """What all processes saw."""
    whole = Observed()
    for outcome in outcomes:
        whole.sent += outcome.observed.sent
        whole.arrivals += outcome.observed.arrivals
        whole.namings += outcome.observed.namings
    return whole


def joined_series(outcomes: Sequence[Outcome]) -> list[tuple[float, int, int]]:
    """The series of all processes, added step by step."""
    longest = max((outcome.series for outcome in outcomes), key=len, default=[])
    rows = []
    for index, (second, _, _) in enumerate(longest):
        here = [outcome.series[index] for outcome in outcomes if index < len(outcome.series)]
        rows.append((second, sum(row[1] for row in here), sum(row[2] for row in here)))
    return rows


def troubles_of(outcomes: Sequence[Outcome]) -> Troubles:
    """The troubles of all processes."""
    return Troubles(
        unanswered=sum(outcome.unanswered for outcome in outcomes),
        refused=added(outcome.refused for outcome in outcomes),
        closed=added(outcome.closed for outcome in outcomes),
        resent=added(outcome.resent for outcome in outcomes),
        overrun=sum(outcome.overrun for outcome in outcomes),
        abandoned=sum(outcome.abandoned for outcome in outcomes),
        retried=sum(outcome.retries for outcome in outcomes),
    )


def added(counts: Iterator[Mapping[str, int]]) -> dict[str, int]:
    """Counts by name, added."""
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total


async def make_group(url: str, accounts: Sequence[Account]) -> str:
    """A group of all accounts, made by the first; its conversation. Raises RefusedError."""
    owner = Client(accounts[0], Faults())
    await owner.open(url)
    users = [UserId(account.user_id) for account in accounts[1:]]
    create = CreateGroup("bench", tuple(users[:GROUP_STEP]), limit=0)
    made = await owner.ask(Submit(ConversationId(""), ClientMsgId("create"), create))
    conversation_id = ConversationId(made.receipt.conversation_id)
    for first in range(GROUP_STEP, len(users), GROUP_STEP):
        add = AddMembers(tuple(users[first : first + GROUP_STEP]), limit=0)
        await owner.ask(Submit(conversation_id, ClientMsgId(f"add-{first}"), add))
    owner.cut()
    return conversation_id
