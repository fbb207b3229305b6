"""Keeps a connection up: connects, says who we are, serves it, and connects again after a random delay."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hongyan.model.codes import ErrorCode
from hongyan.protocol.client import AfterClose, Received
from hongyan.protocol.frames import Connect, Connected, GoAway
from hongyan_client.auth import TokenSource
from hongyan_client.catch_up import CatchUp
from hongyan_client.connection import Connection, Ending
from hongyan_client.device import Device
from hongyan_client.errors import ConnectionLostError, HttpError, RefusedError, SessionEndedError, session_ended
from hongyan_client.events import ConnectionChanged, ConnectionState
from hongyan_client.options import ClientOptions

TICK_S = 1.0
STEADY_S = 30.0
"""A connection that held so long counts as a success: the delays begin anew."""


class Backoff:
    """Delays with full jitter, so that a thousand clients that lost one server do not come back as one wave."""

    def __init__(self, options: ClientOptions, rng: random.Random) -> None:
        self._options, self._rng = options, rng
        self._failures = 0

    def reset(self) -> None:
        """It worked."""
        self._failures = 0

    def next_s(self) -> float:
        """How long to wait now, drawn from 0 to a bound that doubles."""
        bound_s = min(self._options.backoff_last_s, self._options.backoff_first_s * 2 ** min(self._failures, 32))
        self._failures += 1
        return self._rng.uniform(0, bound_s)

    def spread_s(self, within_s: float) -> float:
        """A moment within a bound that the server gave."""
        return self._rng.uniform(0, within_s)


class Attempt(msgspec.Struct):
    """What the next connection needs to know: the token that was refused last, and when to come back at the earliest."""

    token: str | None = None
    refused: bool = False
    not_before_s: float = 0.0


class Line:
    """The one task that owns the connection."""

    def __init__(
        self, find_url: Callable[[], Awaitable[str]], tokens: TokenSource, device: Device, options: ClientOptions
    ) -> None:
        self._find_url, self._tokens, self._device, self._options = find_url, tokens, device, options
        self._backoff = Backoff(options, random.Random())
        self._attempt = Attempt()
        self._early: list[Received] = []
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Works until cancelled. Raises SessionEndedError when the server will not have us back, StoreError."""
        while True:
            self._tell(ConnectionState.CONNECTING)
            try:
                reason = await self._once()
            except (ConnectionLostError, HttpError) as error:
                reason = str(error)
            delay_s = max(self._backoff.next_s(), self._attempt.not_before_s - self._loop.time())
            if self._attempt.refused:
                delay_s = 0.0
            self._attempt.not_before_s = 0.0
            self._tell(ConnectionState.WAITING, reason, delay_s)
            await asyncio.sleep(delay_s)

    async def _once(self) -> str:
        """One connection from its beginning to its end; gives the reason of the end."""
        attempt = self._attempt
        url = await self._find_url()
        was_refused = attempt.refused
        attempt.token = await self._tokens(attempt.token if was_refused else None)
        self._early.clear()
        connection = Connection(self._take, self._device.pump)
        connect = Connect(attempt.token, self._options.client_name, ("gzip",), self._device.cursor)
        try:
            await connection.open(url, connect, self._options.connect_timeout_s)
        except RefusedError as error:
            return self._refused(connection, error, again=was_refused)
        except BaseException:
            connection.abort("it did not come up")
            self._device.went_down()
            raise
        attempt.refused = False
        since_s = self._loop.time()
        ending = await self._serve(connection)
        if self._loop.time() - since_s >= STEADY_S:
            self._backoff.reset()
        if ending.after is AfterClose.STOP:
            raise session_ended(ending.code)
        attempt.refused = ending.after is AfterClose.REFRESH
        return ending.reason

    def _refused(self, connection: Connection, error: RefusedError, *, again: bool) -> str:
        """The server did not let us in: get another token, come back later, or give up."""
        if connection.ended.result().after is AfterClose.RESUME:
            self._attempt.not_before_s = self._loop.time() + error.retry_after_ms / 1000
            return error.sentence
        if again or error.code not in {ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID, ErrorCode.NOT_AUTHENTICATED}:
            raise SessionEndedError(error.sentence)
        self._attempt.refused = True
        return error.sentence

    async def _serve(self, connection: Connection) -> Ending:
        device = self._device
        try:
            self._tell(ConnectionState.ONLINE)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(CatchUp(device, connection, self._options).run()),
                    group.create_task(self._tick(connection)),
                ]
                await asyncio.wait([connection.ended])
                for task in tasks:
                    task.cancel()
            return connection.ended.result()
        finally:
            connection.close()
            device.went_down()

    async def _tick(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self._loop.time()
            connection.tick(now_s)
            self._device.tick(now_s)
            if 0 < self._attempt.not_before_s <= now_s:
                connection.close()

    def _take(self, connection: Connection, received: Sequence[Received]) -> None:
        if connection.end.welcome is None:
            # Pushes may overtake the welcome, which says who we are.
            self._early += received
            return
        for item in received:
            event = item.frame.event
            if isinstance(event, Connected):
                # Here and not after `open`: what is pushed right behind it must find the device ready.
                self._device.came_up(connection, event)
                received, self._early = [*self._early, *received], []
            elif isinstance(event, GoAway):
                within_s = event.retry_within_ms / 1000
                self._attempt.not_before_s = self._loop.time() + self._backoff.spread_s(within_s)
        self._device.take(received)

    def _tell(self, state: ConnectionState, reason: str = "", retry_in_s: float = 0.0) -> None:
        self._device.events.put(ConnectionChanged(state, reason, retry_in_s))
