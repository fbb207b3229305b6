"""What every request passes through: a name, a bound of its body, headers, and the last answer to what nobody foresaw."""

import re
import secrets
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hongyan.model.codes import Internal
from hongyan.model.errors import HongyanError
from hongyan.rest.problems import BODY_BYTES, problem_response
from hongyan.telemetry import Metrics, get_logger

logger = get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
# What a page may do is its own to say; every other answer is no page.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Gate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await Passage(self._app, self._metrics).run(scope, receive, send)


class Passage:
    """One request on its way through."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._started = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers."""
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)
        state: dict[str, Any] = scope.setdefault("state", {})
        state.update(request_id=request_id, refused=self._refused, body_bytes=0, headers={})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._started = True
                self._add_headers(message, scope, request_id)
            await send(message)

        try:
            await self._app(scope, _bounded(receive, scope, state), send_with_headers)
        except Exception as error:  # the edge of a request: others go on, this one gets an answer
            if self._started:
                raise
            logger.error("request failed", request_id=request_id, method=scope["method"], exc_info=error)
            ours = Internal(reference=request_id)
            self._refused(ours)
            await problem_response(ours, request_id)(scope, receive, send_with_headers)

    def _refused(self, error: HongyanError) -> None:
        self._metrics.refused(error.name)

    def _add_headers(self, message: Message, scope: Scope, request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-ID"] = request_id
        for name, value in scope["state"]["headers"].items():
            headers[name] = value
        if scope["path"].startswith("/api/"):
            headers["Cache-Control"] = "no-store"


def _bounded(receive: Receive, scope: Scope, state: dict[str, Any]) -> Receive:
    """Refuses a body as soon as it is, or says it will be, too large."""
    said = Headers(scope=scope).get("content-length", "")
    said_bytes = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0

    async def receive_within() -> Message:
        if said_bytes > BODY_BYTES:
            state["body_bytes"] = said_bytes
            raise HTTPException(413)
        message = await receive()
        if message["type"] == "http.request":
            state["body_bytes"] += len(message.get("body", b""))
            if state["body_bytes"] > BODY_BYTES:
                raise HTTPException(413)
        return message

    return receive_within
