"""ETags of everything that is read: whoever has an answer already is told so instead of getting it again (RFC 9110, 13.1.2)."""

import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ETAG = re.compile(r'(?:W/)?("[^"]*")')


def etag_of(body: bytes) -> str:
    """The name of an answer's bytes."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def names_etag(header: str, etag: str) -> bool:
    """Whether a list of ETags holds this one, or all (`*`); weak or not is all the same."""
    return header.strip() == "*" or etag in _ETAG.findall(header)


class Tagged:
    """ASGI middleware: a whole answer to a GET of the API gets its ETag, or becomes a 304. What comes in parts passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        wanted = Headers(scope=scope).get("if-none-match", "")
        held: list[Message] = []

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                held.append(message)
                return
            if held:
                start = held.pop()
                if not message.get("more_body", False):
                    start, message = _tagged(start, message, wanted)
                await send(start)
            await send(message)

        await self._app(scope, receive, send_tagged)


def _tagged(start: Message, body: Message, wanted: str) -> tuple[Message, Message]:
    headers = MutableHeaders(raw=list(start["headers"]))
    etag = headers["ETag"] = etag_of(body.get("body", b""))
    if not names_etag(wanted, etag):
        return {**start, "headers": headers.raw}, body
    for name in ("content-length", "content-type"):
        del headers[name]
    return {**start, "status": 304, "headers": headers.raw}, {**body, "body": b""}
