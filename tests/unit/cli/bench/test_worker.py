"""Every scenario against a small server: a clean run is clean, and a fault planted in the server is seen."""

import time
from typing import TypeVar

import msgspec
import pytest

from hongyan.cli.bench.audit import Audit
from hongyan.cli.bench.checker import Verdict, check
from hongyan.cli.bench.histogram import merge
from hongyan.cli.bench.messages import Account, Finish, FromWorker, Outcome, Ready, Settled, Start, Task, ToWorker
from hongyan.cli.bench.parent import Parent
from hongyan.cli.bench.plan import Plan, Scenario
from hongyan.cli.bench.run import make_group
from hongyan.cli.bench.worker import SCENARIOS
from hongyan.model.ids import UserId
from hongyan.protocol.codec import decode_entry, encode_entry
from tests.unit.cli.bench.small_server import Mischief, SmallServer, serving

M = TypeVar("M")

PLANS = {
    Scenario.ONE_TO_ONE: Plan(Scenario.ONE_TO_ONE, clients=6, seconds=0.2, warmup_s=0.05),
    Scenario.GROUP: Plan(Scenario.GROUP, clients=6, seconds=0.2, warmup_s=0.05, senders=2),
    Scenario.STORM: Plan(Scenario.STORM, clients=6, seconds=0.2, warmup_s=0),
    Scenario.IDLE: Plan(Scenario.IDLE, clients=12, seconds=0.3, warmup_s=0),
    Scenario.CATCH_UP: Plan(Scenario.CATCH_UP, clients=2, entries=350, repeats=2),
}


class Script(Parent):
    """Plays the run for a lone process: it may start at once, and finish when it has settled."""

    def __init__(self) -> None:
        self.told: list[FromWorker] = []

    def tell(self, message: FromWorker) -> None:
        self.told.append(msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=FromWorker))

    async def hear(self, kind: type[M]) -> M:
        message: ToWorker = Start(time.monotonic_ns())
        if kind is Finish:
            message = Finish(sum(one.receipts for one in self.told if isinstance(one, Settled)))
        assert isinstance(message, kind)
        return message

    @property
    def outcome(self) -> Outcome:
        assert isinstance(self.told[-1], Outcome)
        return self.told[-1]


async def play(plan: Plan, server: SmallServer) -> tuple[Script, Verdict]:
    """A whole run in this process: what the generator told, and the verdict."""
    accounts = [Account(f"u{k:02d}", f"u{k:02d}") for k in range(plan.clients)]
    async with serving(server):
        is_group = plan.scenario is Scenario.GROUP
        conversation_id = await make_group(server.url, accounts) if is_group else ""
        task = Task(plan, server.url, accounts, 0, plan.senders or plan.clients, conversation_id)
        script = Script()
        await SCENARIOS[plan.scenario](task).run(script)
        observed = script.outcome.observed
        seen = {arrivals.user_id for arrivals in observed.arrivals}
        audit = Audit(server.url, [account for account in accounts if account.user_id in seen])
        await audit.read()
    observed.stored, observed.heads = list(audit.stored.values()), audit.heads
    return script, check(observed)


@pytest.mark.parametrize("scenario", list(Scenario))
async def test_a_run_against_an_honest_server_is_clean(scenario: Scenario) -> None:
    script, verdict = await play(PLANS[scenario], SmallServer())
    outcome = script.outcome
    assert verdict.samples == {}
    assert (outcome.unanswered, outcome.refused, outcome.closed) == (0, {}, {})
    assert outcome.observed.stored, "the verdict is about something"
    assert [type(message) for message in script.told if isinstance(message, Ready)] == [Ready]


@pytest.mark.parametrize("scenario", [Scenario.ONE_TO_ONE, Scenario.GROUP])
async def test_a_talk_measures_both_latencies_and_its_rate(scenario: Scenario) -> None:
    outcome = (await play(PLANS[scenario], SmallServer()))[0].outcome
    assert outcome.sent > 0
    assert outcome.delivered > 0
    assert merge([outcome.delivery]).get_total_count() > 0
    assert merge([outcome.receipt]).get_total_count() == outcome.sent
    assert sum(delivered for _, _, delivered in outcome.series) >= outcome.delivered


async def test_everybody_in_a_group_is_counted() -> None:
    outcome = (await play(PLANS[Scenario.GROUP], SmallServer()))[0].outcome
    receipts = sum(len(sent.receipt_seqs) for sent in outcome.observed.sent)
    pushed = sum(last - first + 1 for arrivals in outcome.observed.arrivals for first, last in arrivals.runs)
    assert pushed == receipts * 5


async def test_an_open_loop_sends_what_was_scheduled() -> None:
    plan = msgspec.structs.replace(PLANS[Scenario.ONE_TO_ONE], rate_per_s=400.0)
    outcome = (await play(plan, SmallServer()))[0].outcome
    assert sum(len(sent.ids) for sent in outcome.observed.sent) == 100
    assert merge([outcome.lag]).get_total_count() == 100
    assert outcome.overrun == 0


async def test_a_storm_tells_how_long_each_took_and_comes_again_when_refused() -> None:
    outcome = (await play(PLANS[Scenario.STORM], SmallServer(busy=4)))[0].outcome
    assert merge([outcome.back]).get_total_count() == 6
    assert outcome.retries == 4


async def test_what_is_refused_for_the_moment_is_sent_again_under_the_same_id() -> None:
    script, verdict = await play(PLANS[Scenario.ONE_TO_ONE], SmallServer(full=5))
    assert script.outcome.resent == {"overloaded": 5}
    assert script.outcome.unanswered == 0
    assert verdict.is_clean


async def test_what_is_still_refused_when_the_load_is_over_is_given_up_and_counted() -> None:
    script, verdict = await play(PLANS[Scenario.ONE_TO_ONE], SmallServer(full=1_000_000))
    assert script.outcome.abandoned == 6 * 5
    assert (script.outcome.unanswered, script.outcome.refused) == (0, {})
    assert verdict.is_clean


async def test_idle_clients_ping_and_every_pong_is_counted() -> None:
    outcome = (await play(PLANS[Scenario.IDLE], SmallServer()))[0].outcome
    assert outcome.heartbeats >= 6
    assert outcome.unanswered == 0


async def test_each_returning_device_is_timed() -> None:
    outcome = (await play(PLANS[Scenario.CATCH_UP], SmallServer()))[0].outcome
    assert len(outcome.samples_ms) == 2
    devices = [arrivals for arrivals in outcome.observed.arrivals if arrivals.connection.startswith("device")]
    assert [device.runs for device in devices] == [[(1, 350)]] * 2


def drop(_user_id: UserId, encoded: bytes, seq: int) -> list[bytes]:
    return [] if seq == 4 else [encoded]


def double(_user_id: UserId, encoded: bytes, seq: int) -> list[bytes]:
    return [encoded, encoded] if seq == 4 else [encoded]


def renumber(_user_id: UserId, encoded: bytes, seq: int) -> list[bytes]:
    wrong = msgspec.structs.replace(decode_entry(encoded), seq=seq + 1_000_000)
    return [encode_entry(wrong)] if seq == 4 else [encoded]


class Delay:
    """Pushes an entry after the one that follows it."""

    def __init__(self) -> None:
        self.held: dict[UserId, bytes] = {}

    def __call__(self, user_id: UserId, encoded: bytes, seq: int) -> list[bytes]:
        if seq == 4:
            self.held[user_id] = encoded
            return []
        held = self.held.pop(user_id, None)
        return [encoded] if held is None else [encoded, held]


@pytest.mark.parametrize("scenario", [Scenario.ONE_TO_ONE, Scenario.GROUP])
@pytest.mark.parametrize(
    ("mischief", "found"), [(double, {"duplicated"}), (renumber, {"duplicated", "lost"}), (Delay(), {"misordered"})]
)
async def test_a_fault_of_the_server_is_seen(scenario: Scenario, mischief: Mischief, found: set[str]) -> None:
    _, verdict = await play(PLANS[scenario], SmallServer(mischief))
    assert found <= set(verdict.samples)
    assert not verdict.is_clean


async def test_a_push_that_never_comes_is_lost() -> None:
    impatient = msgspec.structs.replace(PLANS[Scenario.ONE_TO_ONE], patience_s=0.1)
    _, verdict = await play(impatient, SmallServer(drop))
    assert set(verdict.samples) == {"lost"}
    assert verdict.lost == 3
