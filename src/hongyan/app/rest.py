"""The HTTP edge inside the process: uvicorn on our loop, with our signals."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hongyan.config import Config
from hongyan.config.load import parse_address
from hongyan.model.errors import SetupError


class RestServer:
    """Binds at once, so that the port is known, and serves while it runs."""

    def __init__(self, config: Config, app: Any) -> None:
        host, port = parse_address(config.listen.http, "listen.http")
        try:
            self._socket = socket.create_server((host, port), family=_family(host), backlog=1024)
        except OSError as error:
            raise SetupError(f"listen.http: {config.listen.http} cannot be listened on: {reason_of(error)}.") from error
        self._app, self._proxies = app, config.listen.trusted_proxies
        self._grace_s = config.gateway.drain_s
        self._limits = config.limits

    @property
    def url(self) -> str:
        """Where it is reached."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def run(self) -> None:
        """Serves until cancelled."""
        # The rest of the program starts without it.
        import uvicorn  # noqa: PLC0415 - as above

        from hongyan.app.punctual import Patience, punctual_protocol  # noqa: PLC0415 - as above

        class Server(uvicorn.Server):
            """Without uvicorn's own signal handlers: the process has one way to stop."""

            @contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        config = uvicorn.Config(
            self._app,
            loop="none",
            http=punctual_protocol(Patience(self._limits.request_timeout_s, self._limits.http_connections)),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=bool(self._proxies),
            forwarded_allow_ips=list(self._proxies),
            server_header=False,
            timeout_graceful_shutdown=max(1, int(self._grace_s)),
        )
        server = Server(config)
        try:
            await server.serve(sockets=[self._socket])
        finally:
            # Cancelled, uvicorn leaves them open.
            for listening in getattr(server, "servers", ()):
                listening.close()
            self._socket.close()


def reason_of(error: OSError) -> str:
    """Why a socket cannot be had, in the system's own few words: the libraries put the address into theirs once more."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
