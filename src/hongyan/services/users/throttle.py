"""How often somebody may try. Kept in memory: after a restart everybody begins anew."""

import ipaddress
from itertools import islice

import msgspec

from hongyan.model.codes import RateLimited
from hongyan.ports.clock import Clock


class Rate(msgspec.Struct, frozen=True):
    """So many tries in a window, all at once if need be. `what` names them in the refusal."""

    what: str
    tries: int
    window_ms: int


class Throttle:
    """Counts tries by rate and key, as the generic cell rate algorithm does: one number a key, when its tries are paid.

    Of more than `capacity` keys those that tried longest ago are forgotten.
    """

    def __init__(self, clock: Clock, capacity: int = 100_000) -> None:
        self._clock, self._capacity = clock, capacity
        self._paid_ms: dict[tuple[str, str], float] = {}

    def spend(self, rate: Rate, key: str) -> None:
        """Takes a try. Raises RateLimited with the time after which the next one is free."""
        now_ms = self._clock()
        cost_ms = rate.window_ms / rate.tries
        paid_ms = max(self._paid_ms.pop((rate.what, key), 0.0), now_ms)
        wait_ms = paid_ms + cost_ms - now_ms - rate.window_ms
        if wait_ms > 1e-6:  # less is what adding fractions leaves over
            self._paid_ms[rate.what, key] = paid_ms
            raise RateLimited(what=rate.what, retry_after_ms=int(wait_ms) + 1)
        if len(self._paid_ms) >= self._capacity:
            self._make_room()
        self._paid_ms[rate.what, key] = paid_ms + cost_ms

    def give_back(self, rate: Rate, key: str) -> None:
        """Takes a try back: it was no guess."""
        paid_ms = self._paid_ms.get((rate.what, key))
        if paid_ms is not None:
            self._paid_ms[rate.what, key] = paid_ms - rate.window_ms / rate.tries

    def _make_room(self) -> None:
        # A tenth at once, so that a flood of keys does not pay for this at every try.
        for key in list(islice(self._paid_ms, self._capacity // 10 + 1)):
            del self._paid_ms[key]


def network_of(address: str) -> str:
    """What one person holds: an IPv4 address, or the /64 of an IPv6 address. Anything else is its own."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
