"""What a run is asked to do: read once from the command line, then handed to every process."""

import itertools
from enum import StrEnum

import msgspec

MAX_SECONDS = 600.0
MAX_CLIENTS = 200_000
MAX_ENTRIES = 1_000_000
MAX_PROCESSES = 64


class Scenario(StrEnum):
    """The kinds of load."""

    IDLE = "idle"
    ONE_TO_ONE = "one-to-one"
    GROUP = "group"
    STORM = "storm"
    CATCH_UP = "catch-up"


class Plan(msgspec.Struct, frozen=True):
    """One run's load.

    `clients` is the number of connections: pairs in one-to-one, members online in group. `rate_per_s` 0 means a closed
    loop of `window` open submissions a sender; above 0 it is the sends a second of all senders together, on a schedule.
    What is still on its way `patience_s` after the load is lost.
    """

    scenario: Scenario
    clients: int
    seconds: float = 8.0
    warmup_s: float = 2.0
    size_bytes: int = 100
    window: int = 5
    rate_per_s: float = 0.0
    senders: int = 0
    entries: int = 0
    repeats: int = 7
    processes: int = 1
    patience_s: float = 15.0

    @property
    def is_open_loop(self) -> bool:
        """Whether sends follow a schedule instead of receipts."""
        return self.rate_per_s > 0


CLIENTS = {
    Scenario.IDLE: 15_000,
    Scenario.ONE_TO_ONE: 200,
    Scenario.GROUP: 500,
    Scenario.STORM: 5_000,
    Scenario.CATCH_UP: 2,
}
"""How many clients a scenario has unless told."""


def check_plan(plan: Plan) -> list[str]:
    """What is wrong with a plan, as sentences; empty when it can run."""
    bounds = (
        ("--seconds", plan.seconds, 0.1, MAX_SECONDS),
        ("--warmup", plan.warmup_s, 0, MAX_SECONDS),
        ("clients", plan.clients, 2, MAX_CLIENTS),
        ("--size", plan.size_bytes, 20, 65_536),
        ("--window", plan.window, 1, 127),
        ("--rate", plan.rate_per_s, 0, 10_000_000),
        ("--senders", plan.senders, 0, plan.clients),
        ("--entries", plan.entries, 0, MAX_ENTRIES),
        ("--repeats", plan.repeats, 1, 1_000),
        ("--processes", plan.processes, 1, MAX_PROCESSES),
    )
    wrong = [
        f"{name} is {value:g}; {low:g} to {high:g} is allowed."
        for name, value, low, high in bounds
        if not low <= value <= high
    ]
    if plan.scenario in (Scenario.ONE_TO_ONE, Scenario.STORM) and plan.clients % 2:
        wrong.append(f"{plan.scenario} pairs its clients: {plan.clients} is odd.")
    return wrong


def share(total: int, parts: int, step: int = 1) -> list[range]:
    """`total` things as `parts` consecutive ranges with bounds at multiples of `step`: 2 keeps pairs together."""
    units = total // step
    bounds = [units * part // parts * step for part in range(parts)] + [total]
    return [range(low, high) for low, high in itertools.pairwise(bounds)]
