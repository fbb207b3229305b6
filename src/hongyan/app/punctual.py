"""HTTP connections with bounds. Imported when the server starts to serve, for uvicorn is.

Uvicorn ends connections that are idle after an answer, but it waits for ever for requests that never come whole, and takes
in a request's head however long it is.
"""

import asyncio
import secrets
from typing import ClassVar

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hongyan.model.codes import MalformedFrame, PacketTooLarge
from hongyan.model.errors import HongyanError
from hongyan.rest.problems import problem_response

HEAD_BYTES = 65_536
_UNDECLARED_BODY_BYTES = 1 << 20


class Patience(msgspec.Struct, frozen=True):
    """A request has to be there, whole, in `request_s`; of `connections` that are open at most."""

    request_s: float
    connections: int


class PunctualProtocol(HttpToolsProtocol):
    """One connection, with a timer and a bound of bytes while its request is on its way: then it is in `waiting`, by age.

    Over the bound of connections the one that has kept us waiting longest is ended, so that those who hold connections and
    never ask keep nobody out. What is no request is answered with a problem, as everything else is.
    """

    patience: ClassVar[Patience]
    waiting: ClassVar[dict["PunctualProtocol", asyncio.TimerHandle]]

    _bytes = 0
    _bound_bytes = HEAD_BYTES

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Somebody is there; a request should follow."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.patience.connections:
            next(iter(self.waiting)).give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request, or of several."""
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > self._bound_bytes and self in self.waiting:
            self._refuse(PacketTooLarge(size_bytes=self._bytes, limit_bytes=self._bound_bytes))

    def on_message_begin(self) -> None:
        """A request begins, the first on this connection or the next."""
        super().on_message_begin()
        self._bytes, self._bound_bytes = 0, HEAD_BYTES
        self._wait()

    def on_headers_complete(self) -> None:
        """The head is there. A body that is too large is refused elsewhere, with an answer that its sender may still read."""
        self._bound_bytes += _declared_bytes(self.headers)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there."""
        self._wait_no_more()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answers what is no request."""
        self._refuse(MalformedFrame(reason="they are no HTTP request"))

    def give_up(self) -> None:
        """Ends the connection without a word."""
        self._wait_no_more()
        self.transport.abort()

    def _refuse(self, error: HongyanError) -> None:
        self._wait_no_more()
        if not self.transport.is_closing():
            self.transport.write(_answer(error))
            self.transport.close()

    def _wait(self) -> None:
        self._wait_no_more()
        self.waiting[self] = self.loop.call_later(self.patience.request_s, self.give_up)

    def _wait_no_more(self) -> None:
        timer = self.waiting.pop(self, None)
        if timer is not None:
            timer.cancel()


def punctual_protocol(with_patience: Patience) -> type[asyncio.Protocol]:
    """The protocol for one server: uvicorn makes an object of it for each connection, and passes nothing of ours on."""

    class Protocol(PunctualProtocol):
        patience = with_patience
        waiting: ClassVar[dict[PunctualProtocol, asyncio.TimerHandle]] = {}

    return Protocol


def _declared_bytes(headers: list[tuple[bytes, bytes]]) -> int:
    """How long a body says that it is; one that does not say may have a mebibyte."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return _UNDECLARED_BODY_BYTES


def _answer(error: HongyanError) -> bytes:
    """A whole HTTP answer, after which the connection ends."""
    response = problem_response(error, secrets.token_hex(8))
    head = [f"HTTP/1.1 {response.status_code} Refused".encode(), b"connection: close"]
    head += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + bytes(response.body)
