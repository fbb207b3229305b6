"""The page at / and the files beside it: read once, into memory, and run under a policy that allows them and nothing else."""

import asyncio
import base64
import hashlib
import re
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
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_INLINE = re.compile(rb"<(script|style)\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)


class StaticFile(msgspec.Struct, frozen=True):
    """One file, its name for caches, and the Content-Security-Policy it is sent with."""

    content: bytes
    media_type: str
    etag: str
    policy: str


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
    return StaticFile(content, _MEDIA_TYPES[path.suffix], etag, policy_of(content if path.suffix == ".html" else b""))


def policy_of(page: bytes) -> str:
    """A Content-Security-Policy under which a page's own files and inline blocks run, and no others."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, block in _INLINE.findall(page):
        if block:
            digest = base64.b64encode(hashlib.sha256(block).digest()).decode()
            hashes[kind.decode().lower()].append(f"'sha256-{digest}'")
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *hashes["script"])),
            " ".join(("style-src 'self'", *hashes["style"])),
            "img-src 'self' data:",
            "font-src 'self'",
            "manifest-src 'self'",
            "connect-src 'self' ws: wss:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


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
        headers = {"ETag": file.etag, "Cache-Control": "no-cache", "Content-Security-Policy": file.policy}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)
