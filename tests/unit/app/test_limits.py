import asyncio
from typing import Any

import pytest

from hongyan.app.limits import Addresses, AddressQuota, Quotas
from hongyan.app.overload import Level, Overload
from hongyan.config import Config, Limits, Listen
from hongyan.gateway.gateway import Uplink
from hongyan.model.codes import RateLimited
from hongyan.model.ids import ConversationId, DeviceId, UserId
from hongyan.ports.link import Identity, Submission
from hongyan.protocol import frames
from hongyan.telemetry import Metrics

AB = ConversationId("s:alice:bob")
ALICE, BOB = (Identity(UserId(name), DeviceId("phone")) for name in ("alice", "bob"))
SIGNAL, MARK, READ = frames.SignalRequest(AB, "typing"), frames.MarkRequest(AB, 1), frames.GetEntries(AB)


class World:
    """An uplink that notes what passes."""

    def __init__(self) -> None:
        self.passed: list[tuple[Identity, Any]] = []
        self.now_ms = 1_000_000
        self.metrics, self.overload = Metrics(), Overload([])
        limits = Limits(signals_per_s=1, marks_per_s=2, reads_per_s=3)
        quotas = Quotas(limits, lambda: self.now_ms, self.overload, self.metrics)
        casts = {frames.SignalRequest: self._cast, frames.MarkRequest: self._cast}
        plain = Uplink(self._authenticate, self._admit, self._sync, {frames.GetEntries: self._answer}, casts)
        self.uplink = quotas.bound(plain)

    def cast(self, identity: Identity, request: Any) -> None:
        self.uplink.casts[type(request)](identity, request)

    def _cast(self, identity: Identity, request: Any) -> None:
        self.passed.append((identity, request))

    async def _answer(self, identity: Identity, request: Any) -> frames.ServerEvent:
        self.passed.append((identity, request))
        return frames.Pong(0)

    async def _sync(self, _identity: Identity, _request: frames.Sync) -> frames.SyncPage:
        return frames.SyncPage()

    async def _authenticate(self, _token: str) -> Identity:
        return ALICE

    def _admit(self, _submission: Submission) -> None:
        return None


def test_signals_that_are_too_many_are_dropped_without_a_word_and_counted() -> None:
    world = World()
    for _ in range(15):
        world.cast(ALICE, SIGNAL)
    world.cast(BOB, SIGNAL)
    assert world.passed == [(ALICE, SIGNAL)] * 10 + [(BOB, SIGNAL)]
    assert world.metrics.signals_dropped == 5
    world.now_ms += 1_000
    world.cast(ALICE, SIGNAL)
    assert world.passed[-1] == (ALICE, SIGNAL)


def test_under_load_all_signals_are_dropped_and_marks_are_not() -> None:
    world = World()
    world.overload.level = Level.SIGNALS_DROPPED
    world.cast(ALICE, SIGNAL)
    world.cast(ALICE, MARK)
    assert world.passed == [(ALICE, MARK)]
    assert world.metrics.signals_dropped == 1


def test_marks_that_are_too_many_are_refused() -> None:
    world = World()
    for _ in range(20):
        world.cast(ALICE, MARK)
    with pytest.raises(RateLimited, match="marks"):
        world.cast(ALICE, MARK)
    assert len(world.passed) == 20


async def test_reads_that_are_too_many_are_refused_and_others_are_not_concerned() -> None:
    world = World()
    read = world.uplink.handlers[frames.GetEntries]
    answers = await asyncio.gather(*(read(ALICE, READ) for _ in range(32)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [frames.Pong] * 30 + [RateLimited] * 2
    assert await read(BOB, READ) == frames.Pong(0)


@pytest.mark.parametrize(
    ("peer", "forwarded", "key"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        ("127.0.0.1", "", ""),
        ("::1", "", ""),
        ("", "", ""),
        ("127.0.0.1", "198.51.100.7", ""),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("10.0.0.1", "", ""),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "192.0.2.66, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("10.0.0.1", "nonsense", ""),
        ("10.0.0.1", "10.0.0.1", ""),
    ],
)
def test_an_address_is_counted_unless_it_stands_for_many(peer: str, forwarded: str, key: str) -> None:
    assert Addresses(["10.0.0.1", "10.1.0.0/16", "proxy.example"]).key(peer, forwarded) == key


def test_where_all_are_proxies_the_last_one_named_is_counted() -> None:
    assert Addresses(["*"]).key("198.51.100.7", "192.0.2.66, 203.0.113.9") == "203.0.113.9"
    assert Addresses(["*"]).key("198.51.100.7") == "198.51.100.7"


def test_an_address_may_ask_so_often_and_a_proxy_is_not_counted() -> None:
    config = Config(listen=Listen(trusted_proxies=("10.0.0.1",)), limits=Limits(http_requests_per_s=1))
    quota = AddressQuota(config, lambda: 1_000_000)
    waits = [quota.wait_ms("192.0.2.1") for _ in range(12)]
    assert waits[:10] == [0] * 10
    assert all(0 < wait_ms <= 1_001 for wait_ms in waits[10:])
    assert not any(quota.wait_ms(address) for address in ("10.0.0.1", "127.0.0.1") for _ in range(50))
    assert quota.wait_ms("192.0.2.2") == 0
