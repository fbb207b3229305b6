"""The page at /, if this distribution carries one: one file, read once, and a policy that lets it run and nothing else."""

import asyncio
import base64
import hashlib
import re
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request, Response

from hongyan.model.codes import PathUnknown

PAGE = Path(__file__).parent / "static" / "index.html"

_INLINE = re.compile(rb"<(script|style)\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)


class Page(msgspec.Struct, frozen=True):
    """The file, and the Content-Security-Policy under which its own inline blocks run."""

    content: bytes
    etag: str
    policy: str


def read_page(path: Path = PAGE) -> Page:
    """The page, empty when there is none."""
    content = path.read_bytes() if path.exists() else b""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, block in _INLINE.findall(content):
        hashes[kind.decode().lower()].append(f"'sha256-{base64.b64encode(hashlib.sha256(block).digest()).decode()}'")
    policy = "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *hashes["script"])),
            " ".join(("style-src 'self'", *hashes["style"])),
            "img-src 'self' data:",
            "connect-src 'self' ws: wss:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
    return Page(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', policy)


def page_router(path: Path = PAGE) -> APIRouter:
    """GET /; the file is read when somebody asks for the first time."""
    router = APIRouter()
    reading: list[Page] = []

    @router.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        if not reading:
            reading.append(await asyncio.to_thread(read_page, path))
        page = reading[0]
        if not page.content:
            raise PathUnknown(path="/")
        headers = {"ETag": page.etag, "Cache-Control": "no-cache", "Content-Security-Policy": page.policy}
        if request.headers.get("if-none-match") == page.etag:
            return Response(status_code=304, headers=headers)
        return Response(page.content, headers=headers, media_type="text/html; charset=utf-8")

    return router
