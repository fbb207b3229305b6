"""A listening socket and its address."""

import asyncio


class Listening:
    """What accepts connections of one kind until it is closed."""

    def __init__(self, server: asyncio.Server, scheme: str) -> None:
        self._server, self._scheme = server, scheme

    @property
    def url(self) -> str:
        """Where clients connect, with the port that was found free when 0 was asked."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def close(self) -> None:
        """Accepts no more; open connections stay."""
        self._server.close()


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The address at the other end; empty where it cannot be told."""
    found = transport.get_extra_info("peername")
    return str(found[0]) if isinstance(found, tuple) and found else ""
