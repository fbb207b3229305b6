"""Which addresses may be called. A name is resolved once, every address is looked at, and one of these is connected to.

So it does not matter how an address is written (decimal, octal, mapped into IPv6), nor whether a name means another
address a moment later: what is connected to is what was looked at.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence

from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The host means an address that may not be called."""


def may_call(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address is out in the world, or the operator said that it may be called."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return all(_is_public(form) or any(form in network for network in allowed) for form in _forms(parsed))


def _forms(address: Address) -> list[Address]:
    """The address, or where it leads to: IPv6 carries IPv4 addresses in several ways."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    inner: list[Address] = [form for form in (address.sixtofour, *(address.teredo or ())) if form is not None]
    packed = address.packed
    if address in _NAT64 or not any(packed[:12]):
        inner.append(ipaddress.IPv4Address(packed[12:]))
    return [address, *inner] if address not in _NAT64 else inner


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


class GuardedBackend(AsyncNetworkBackend):
    """Opens connections for httpcore; TLS goes by the name, as ever. A `trusted` host and port is not looked at."""

    def __init__(self, allowed: Sequence[Network], trusted: Sequence[tuple[str, int]] = ()) -> None:
        self._allowed, self._trusted = allowed, trusted
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Raises Refused, or httpcore's ConnectError and ConnectTimeout."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ConnectError(f"{host} is not known") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if (host, port) not in self._trusted and not may_call(address, self._allowed):
                raise Refused(f"it leads to {address}")
        problem = ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except ConnectError as error:
                problem = error
        raise problem

    async def sleep(self, seconds: float) -> None:
        """See the base."""
        await asyncio.sleep(seconds)
