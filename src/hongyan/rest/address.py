"""How many requests one address may make: asked before anything else of a request is looked at."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from hongyan.model.codes import RateLimited
from hongyan.rest.problems import problem_response

AddressWait = Callable[[str], int]
"""Counts a request of an address; 0, or the time in milliseconds after which there is room for one."""


def everybody_passes(_address: str) -> int:
    """Where addresses are not counted."""
    return 0


class AddressGate:
    """ASGI middleware inside the gate, which has named the request."""

    def __init__(self, app: ASGIApp, wait: AddressWait) -> None:
        self._app, self._wait = app, wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what may be asked, and refuses the rest with the time to wait."""
        client = scope.get("client")
        wait_ms = self._wait(client[0]) if client and scope["type"] == "http" else 0
        if not wait_ms:
            await self._app(scope, receive, send)
            return
        error = RateLimited(what="requests", retry_after_ms=wait_ms)
        scope["state"]["refused"](error)
        await problem_response(error, scope["state"]["request_id"])(scope, receive, send)
