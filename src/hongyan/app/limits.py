"""What one user may ask of the gateway beside submissions, which admission counts; and what one address may."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hongyan.app.overload import Level, Overload
from hongyan.config import Config, Limits
from hongyan.gateway.gateway import Cast, Handler, Uplink
from hongyan.model.ids import UserId
from hongyan.model.rate import Buckets, Rate
from hongyan.ports.clock import Clock
from hongyan.ports.link import Identity
from hongyan.protocol import frames
from hongyan.services.users.throttle import network_of
from hongyan.telemetry import Metrics

_BURST_S = 10


class Quotas:
    """The buckets of users for signals, marks and reads."""

    def __init__(self, limits: Limits, clock: Clock, overload: Overload, metrics: Metrics) -> None:
        self._clock, self._overload, self._metrics = clock, overload, metrics
        self._signals = _buckets("signals", limits.signals_per_s)
        self._marks = _buckets("marks of positions", limits.marks_per_s)
        self._reads = _buckets("requests", limits.reads_per_s)

    def bound(self, uplink: Uplink) -> Uplink:
        """The uplink within these bounds."""
        casts = dict(uplink.casts)
        casts[frames.SignalRequest] = self._bound_signal(casts[frames.SignalRequest])
        casts[frames.MarkRequest] = self._bound_mark(casts[frames.MarkRequest])
        handlers = {kind: self._bound_read(handler) for kind, handler in uplink.handlers.items()}
        return msgspec.structs.replace(uplink, casts=casts, handlers=handlers)

    def _bound_signal(self, cast: Cast) -> Cast:
        """Signals are not answered: those that are too many are dropped, and when there is too much to do all of them."""

        def signal(identity: Identity, request: Any) -> None:
            is_busy = self._overload.level >= Level.SIGNALS_DROPPED
            if is_busy or self._signals.take(identity.user_id, self._clock()):
                self._metrics.signals_dropped += 1
                return
            cast(identity, request)

        return signal

    def _bound_mark(self, cast: Cast) -> Cast:
        def mark(identity: Identity, request: Any) -> None:
            self._marks.spend(identity.user_id, self._clock())
            cast(identity, request)

        return mark

    def _bound_read(self, handler: Handler) -> Handler:
        async def read(identity: Identity, request: Any) -> frames.ServerEvent:
            self._reads.spend(identity.user_id, self._clock())
            return await handler(identity, request)

        return read


def _buckets(what: str, per_s: int) -> Buckets[UserId]:
    return Buckets(Rate(what, per_s, _BURST_S * per_s))


class Addresses:
    """Under what addresses are counted: by what one person holds. This machine's own and trusted proxies stand for many.

    A proxy is believed what it says of its client: the last address in X-Forwarded-For that is no trusted proxy's.
    """

    def __init__(self, proxies: Sequence[str]) -> None:
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies if _is_network(proxy)]
        self._trusts_all = "*" in proxies
        self._key = lru_cache(maxsize=16_384)(self._key_of)

    def key(self, peer: str, forwarded: str = "") -> str:
        """The key of a socket's or a request's peer; empty where it stands for many."""
        if forwarded and self._is_proxy(peer):
            for address in reversed([part.strip() for part in forwarded.split(",")]):
                if not self._is_proxy(address) or self._trusts_all:
                    return self._key(address)
        return self._key(peer)

    def _key_of(self, address: str) -> str:
        parsed = _parsed(address)
        if parsed is None or parsed.is_loopback or self._listed(parsed):
            return ""
        return network_of(address)

    def _is_proxy(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and (self._trusts_all or self._listed(parsed))

    def _listed(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in proxy for proxy in self._proxies)


class AddressQuota:
    """How many HTTP requests an address may make."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._addresses, self._clock = Addresses(config.listen.trusted_proxies), clock
        per_s = config.limits.http_requests_per_s
        self._buckets: Buckets[str] = Buckets(Rate("requests", per_s, _BURST_S * per_s))

    def wait_ms(self, address: str) -> int:
        """Counts a request; 0, or the time after which there is room for one."""
        key = self._addresses.key(address)
        return self._buckets.take(key, self._clock()) if key else 0


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
