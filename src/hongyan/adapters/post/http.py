"""POSTs over HTTP/1.1 with connections kept open between calls; no redirects, no proxies, a bound of what is read."""

import asyncio
import ipaddress
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import httpcore2

from hongyan.adapters.post.guard import GuardedBackend, Refused
from hongyan.model.codes import AddressRefused, Unavailable
from hongyan.model.errors import SetupError
from hongyan.ports.webhooks import Call, Reply

_REPLY_BYTES = 262_144
_CONNECTIONS = 256
_CONNECT_SHARE = 0.9


class HttpPost:
    """A `ports.webhooks.Post`, closed by leaving it. `allowed` are networks that may be called though they are private.

    So may the host and port of `trusted`, an address that the operator himself chose.
    """

    def __init__(self, allowed: Iterable[str] = (), trusted: str = "") -> None:
        """Raises SetupError for what is no network."""
        try:
            networks = [ipaddress.ip_network(text) for text in allowed]
        except ValueError as error:
            raise SetupError(f"hooks.allowed_networks: {error}.") from error
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpcore2.default_ssl_context(),  # else every connection would read the roots again
            max_connections=_CONNECTIONS,
            max_keepalive_connections=64,
            keepalive_expiry=30.0,
            network_backend=GuardedBackend(networks, [_origin(trusted)] if trusted else ()),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def __call__(self, call: Call) -> Reply:
        """See the port."""
        try:
            # One deadline for all of it: httpcore's own are per read, and a byte now and then would never end.
            async with asyncio.timeout(call.timeout_s):
                return await self._call(call)
        except TimeoutError as error:
            raise Unavailable(what=f"{call.url}: no answer in {call.timeout_s:g} s; it") from error
        except Refused as error:
            raise AddressRefused(url=call.url, reason=str(error)) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise Unavailable(what=f"{call.url}: {str(error) or type(error).__name__}; it") from error

    async def _call(self, call: Call) -> Reply:
        headers = list(call.headers.items())
        # A handshake that is cancelled leaves its socket behind, so it gives up by itself, a little earlier.
        patience = {"timeout": {"connect": _CONNECT_SHARE * call.timeout_s}}
        async with self._pool.stream(
            "POST", call.url, headers=headers, content=call.body, extensions=patience
        ) as response:
            body = bytearray()
            async for part in response.aiter_stream():
                body += part
                if len(body) > _REPLY_BYTES:
                    raise Unavailable(what=f"{call.url}: an answer of more than {_REPLY_BYTES} bytes; it")
            return Reply(response.status, _retry_after_s(response.headers), bytes(body))


def _origin(url: str) -> tuple[str, int]:
    origin = httpcore2.URL(url).origin
    return origin.host.decode(), origin.port or 0


def _retry_after_s(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """The seconds of a header Retry-After; one with a date is passed over."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 8:
            return int(value)
    return 0
