"""What one user may ask of the gateway beside submissions, which admission counts."""

from typing import Any

import msgspec

from hongyan.app.overload import Level, Overload
from hongyan.config import Limits
from hongyan.gateway.gateway import Cast, Handler, Uplink
from hongyan.model.ids import UserId
from hongyan.model.rate import Buckets, Rate
from hongyan.ports.clock import Clock
from hongyan.ports.link import Identity
from hongyan.protocol import frames
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
