"""One timer for all connections: who never authenticated, who fell silent, who reads too slowly."""

import asyncio
from typing import TYPE_CHECKING

from hongyan.gateway.connection import Connection
from hongyan.model.codes import CloseCode

if TYPE_CHECKING:
    from hongyan.gateway.gateway import Gateway

_SLOTS = 128
_TICK_S = 1.0


class Wheel:
    """A slot a second; a connection sits in the slot in which it has to be looked at next.

    A connection that was heard from is not moved at once but when its slot comes up, so hearing costs one assignment.
    """

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._slots: list[set[Connection]] = [set() for _ in range(_SLOTS)]
        self._hand = 0

    def add(self, connection: Connection, after_s: float) -> None:
        """Looks at the connection in so many seconds, at most a turn of the wheel."""
        steps = min(_SLOTS - 1, max(1, int(after_s / _TICK_S) + 1))
        self._slots[(self._hand + steps) % _SLOTS].add(connection)

    async def run(self) -> None:
        """Turns until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_S)
            self.turn(loop.time())

    def turn(self, now_s: float) -> None:
        """One tick."""
        gateway = self._gateway
        gateway.now_s = now_s
        self._hand = (self._hand + 1) % _SLOTS
        due, self._slots[self._hand] = self._slots[self._hand], set()
        for connection in due:
            if connection.id in gateway.connections:
                self._look_at(connection, now_s)
        self._cut_slow(now_s)
        self._drop_lingering(now_s)

    def _look_at(self, connection: Connection, now_s: float) -> None:
        gateway = self._gateway
        if connection.user_id is None:
            gateway.close(connection, CloseCode.CONNECT_TIMEOUT)
            return
        bound_s = 2.5 * gateway.options.heartbeat_ms / 1000
        left_s = connection.heard_at_s + bound_s - now_s
        if left_s <= 0:
            gateway.close(connection, CloseCode.SILENT)
        else:
            self.add(connection, left_s)

    def _cut_slow(self, now_s: float) -> None:
        gateway, options = self._gateway, self._gateway.options
        for connection, waiting in list(gateway.paused.items()):
            if now_s - connection.paused_at_s <= options.slow_consumer_s:
                continue
            left = connection.wire.buffered_bytes()
            if waiting - left < options.write_buffer_bytes // 4:
                gateway.close(connection, CloseCode.SLOW_CONSUMER)
            else:
                gateway.paused[connection], connection.paused_at_s = left, now_s

    def _drop_lingering(self, now_s: float) -> None:
        """Ends sockets that we closed, gone ones mostly, a while later: a peer that does not read would keep its buffer."""
        lingering, linger_s = self._gateway.lingering, self._gateway.options.slow_consumer_s
        for wire in list(lingering):
            if now_s - lingering[wire] <= linger_s:
                # They are in order of time.
                break
            del lingering[wire]
            wire.abort()
