"""Asks an ASGI application without sockets."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.types import ASGIApp, Message


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Asker:
    """A client at an address. `token` is sent as Bearer."""

    def __init__(self, app: ASGIApp, address: str = "192.0.2.1") -> None:
        self.app, self.address = app, address

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str = "",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One request. A body that is no bytes is sent as JSON; bytes are sent as they are, in two pieces."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = [("host", "hongyan.test"), *headers]
        if body is not None and not any(name == "content-type" for name, _ in headers):
            sent.append(("content-type", "application/json"))
        if token:
            sent.append(("authorization", f"Bearer {token}"))
        half = len(raw) // 2
        pieces = [
            {"type": "http.request", "body": raw[:half], "more_body": True},
            {"type": "http.request", "body": raw[half:], "more_body": False},
        ]
        messages: list[Message] = []

        async def receive() -> Message:
            return pieces.pop(0) if pieces else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            messages.append(message)

        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},  # an answer in pieces is not cut when the question ends
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent],
            "client": (self.address, 1234),
            "server": ("127.0.0.1", 8080),
        }
        await self.app(scope, receive, send)
        answer = b"".join(message.get("body", b"") for message in messages[1:])
        found = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        return Answer(messages[0]["status"], found, answer)
