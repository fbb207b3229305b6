"""The page at / and the files beside it: read once, into memory, and run under a policy that allows them and nothing else.

Nothing stands inline, so nothing inline runs; and where trusted types are known to the browser, even a mistake in the page's
own scripts cannot make HTML of a string.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from fastapi import Request, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from hongyan.model.codes import PathUnknown

STATIC = Path(__file__).parent / "static"

# What is not listed is not served.
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The Content-Security-Policy of the page."""


class StaticFile(msgspec.Struct, frozen=True):
    """One file, and its name for caches."""

    content: bytes
    media_type: str
    etag: str


def read_static(folder: Path = STATIC) -> Mapping[str, StaticFile]:
    """Every file by its path in a URL; `/` is index.html. Empty when there is no folder."""
    files = {
        f"/{path.relative_to(folder).as_posix()}": _read(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _MEDIA_TYPES and path.is_file()
    }
    if "/index.html" in files:
        files["/"] = files["/index.html"]
    return files


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return StaticFile(content, _MEDIA_TYPES[path.suffix], etag)


class PageRoute(Route):
    """GET of whatever no other route has; for the API, and for other methods, it is not there."""

    def __init__(self, folder: Path = STATIC) -> None:
        super().__init__("/{path:path}", self._answer, methods=["GET"], include_in_schema=False)
        self._folder = folder
        self._files: Mapping[str, StaticFile] | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or scope["path"].startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)

    async def _answer(self, request: Request) -> Response:
        if self._files is None:
            self._files = await asyncio.to_thread(read_static, self._folder)
        path = request.url.path
        file = self._files.get(path)
        if file is None:
            raise PathUnknown(path=path)
        headers = {"ETag": file.etag, "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)
