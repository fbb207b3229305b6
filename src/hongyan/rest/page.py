"""The page at /, if this distribution carries one: its files, read once, and the policy under which they run.

The policy lets the page's own files run and nothing else; with trusted types even a mistake in them cannot make HTML of a
string.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request, Response

from hongyan.model.codes import PathUnknown

STATIC = Path(__file__).parent / "static"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self' ws: wss:",
        "img-src 'self' data:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(msgspec.Struct, frozen=True):
    """A file of the page."""

    content: bytes
    etag: str
    media_type: str


def read_assets(folder: Path = STATIC) -> Mapping[str, Asset]:
    """The page's files by the path that they are asked for with; empty when there is no page."""
    found = {}
    for file in sorted(folder.rglob("*")):
        media_type = _MEDIA_TYPES.get(file.suffix)
        if media_type and file.is_file():
            content = file.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            path = "/" + file.relative_to(folder).as_posix()
            found["/" if path == "/index.html" else path] = Asset(content, etag, media_type)
    return found


def page_router(folder: Path = STATIC) -> APIRouter:
    """GET / and what the page loads; the files are read when somebody asks for the first time."""
    router = APIRouter()
    reading: list[Mapping[str, Asset]] = []

    @router.get("/js/{name}", include_in_schema=False)
    @router.get("/style.css", include_in_schema=False)
    @router.get("/favicon.svg", include_in_schema=False)
    @router.get("/", include_in_schema=False)
    async def asset(request: Request) -> Response:
        if not reading:
            reading.append(await asyncio.to_thread(read_assets, folder))
        # A path is looked up among the files that were found, and never becomes one.
        found = reading[0].get(request.url.path)
        if found is None:
            raise PathUnknown(path=request.url.path)
        headers = {"ETag": found.etag, "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
        if request.headers.get("if-none-match") == found.etag:
            return Response(status_code=304, headers=headers)
        return Response(found.content, headers=headers, media_type=found.media_type)

    return router
