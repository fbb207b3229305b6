"""How often somebody may try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.model.codes import RateLimited
from hongyan.services.users.throttle import Rate, Throttle, network_of

RATE = Rate("tries", 3, 30_000)


class Stopwatch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def tries(throttle: Throttle, rate: Rate, key: str, count: int) -> int:
    """How many of so many tries pass."""
    passed = 0
    for _ in range(count):
        try:
            throttle.spend(rate, key)
            passed += 1
        except RateLimited:
            pass
    return passed


def test_a_burst_passes_and_then_one_try_at_a_time() -> None:
    clock = Stopwatch()
    throttle = Throttle(clock)
    assert tries(throttle, RATE, "a", 10) == 3
    with pytest.raises(RateLimited, match="Too many tries") as caught:
        throttle.spend(RATE, "a")
    clock.now_ms += caught.value.retry_after_ms
    assert tries(throttle, RATE, "a", 10) == 1
    clock.now_ms += 30_000
    assert tries(throttle, RATE, "a", 10) == 3


def test_keys_and_rates_do_not_touch_each_other() -> None:
    throttle = Throttle(Stopwatch())
    assert tries(throttle, RATE, "a", 10) == 3
    assert tries(throttle, RATE, "b", 10) == 3
    assert tries(throttle, Rate("others", 2, 30_000), "a", 10) == 2


def test_a_try_given_back_is_free_again() -> None:
    throttle = Throttle(Stopwatch())
    for _ in range(20):
        throttle.spend(RATE, "a")
        throttle.give_back(RATE, "a")
    assert tries(throttle, RATE, "a", 10) == 3
    throttle.give_back(RATE, "unknown")


def test_a_flood_of_keys_is_bounded_and_forgets_those_of_long_ago() -> None:
    throttle = Throttle(Stopwatch(), capacity=100)
    assert tries(throttle, RATE, "guesser", 3) == 3
    for number in range(85):
        throttle.spend(RATE, f"k{number}")
    assert tries(throttle, RATE, "guesser", 1) == 0, "whoever goes on trying is not of long ago"
    for number in range(10_000):
        throttle.spend(RATE, f"m{number}")
        assert len(throttle._paid_ms) <= 100
    assert tries(throttle, RATE, "k0", 10) == 3


@given(
    st.integers(1, 50),
    st.integers(1, 100_000),
    st.lists(st.integers(0, 5_000), max_size=60),
)
def test_no_window_ever_holds_twice_the_tries(count: int, window_ms: int, waits_ms: list[int]) -> None:
    clock, rate = Stopwatch(), Rate("tries", count, window_ms)
    throttle = Throttle(clock)
    passed_ms: list[int] = []
    for wait_ms in waits_ms:
        clock.now_ms += wait_ms
        passed_ms += [clock.now_ms] * tries(throttle, rate, "a", 5)
    for at_ms in passed_ms:
        assert sum(at_ms <= other_ms < at_ms + window_ms for other_ms in passed_ms) <= 2 * count


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("local", "local"),
        ("", ""),
    ],
)
def test_one_persons_addresses_are_one_network(address: str, network: str) -> None:
    assert network_of(address) == network
