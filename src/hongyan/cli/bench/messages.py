"""What the run and its generator processes tell each other; msgpack over a pipe."""

import msgspec

from hongyan.cli.bench.observed import Observed
from hongyan.cli.bench.plan import Plan


class Account(msgspec.Struct, frozen=True, array_like=True):
    """A user that a client speaks for."""

    user_id: str
    token: str


class Task(msgspec.Struct, frozen=True):
    """One process's part of a run.

    It is the `index`-th of the plan's processes; `senders` are those of the whole run. `conversation_id` is the group's.
    """

    plan: Plan
    url: str
    accounts: list[Account]
    index: int = 0
    senders: int = 0
    conversation_id: str = ""


# From a generator process


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Everybody is connected and synced; it took so long. `retries` are connects that had to be made again."""

    connections: int
    took_s: float
    retries: int = 0


class Tick(msgspec.Struct, frozen=True, tag=True):
    """How far the load is: totals since the start."""

    sent: int
    delivered: int


class Settled(msgspec.Struct, frozen=True, tag=True):
    """Nothing is sent any more; so many receipts came in all."""

    receipts: int


class Outcome(msgspec.Struct, tag=True):
    """What a process saw.

    Histograms are encoded. `sent` and `delivered` count the measured window of `span_s` alone, `packets` the whole load.
    `series` are (second of the window, sent, delivered). `samples_ms` are the scenario's own: catch-up times. `refused`,
    `resent` and `closed` count errors by name and closes by code; `unanswered` are submissions without any answer.
    """

    observed: Observed = msgspec.field(default_factory=Observed)
    delivery: bytes = b""
    receipt: bytes = b""
    lag: bytes = b""
    back: bytes = b""
    sent: int = 0
    delivered: int = 0
    packets: int = 0
    span_s: float = 0.0
    series: list[tuple[float, int, int]] = []
    samples_ms: list[float] = []
    refused: dict[str, int] = {}
    closed: dict[str, int] = {}
    resent: dict[str, int] = {}
    unanswered: int = 0
    overrun: int = 0
    abandoned: int = 0
    heartbeats: int = 0
    retries: int = 0


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The process cannot go on."""

    reason: str


FromWorker = Ready | Tick | Settled | Outcome | Failed

# To a generator process


class Start(msgspec.Struct, frozen=True, tag=True):
    """Begin at this moment of the monotonic clock."""

    at_ns: int


class Finish(msgspec.Struct, frozen=True, tag=True):
    """All processes settled, with so many receipts in all: wait for what is still on its way, then report."""

    receipts: int


ToWorker = Start | Finish
