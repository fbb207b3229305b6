"""The page at /, and what it may do."""

import base64
import hashlib
from pathlib import Path

import pytest
from fastapi import FastAPI

from hongyan.model.codes import PathUnknown
from hongyan.rest.page import page_router, read_page
from tests.unit.rest.asking import Asker


def page_of(folder: Path, text: str) -> Path:
    """A page."""
    path = folder / "index.html"
    path.write_text(text)
    return path


async def test_the_page_is_served_and_known_again(tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(page_router(page_of(tmp_path, "<h1>鸿雁</h1>")))
    client = Asker(app)
    first = await client.ask("GET", "/")
    assert (first.status, first.body.decode()) == (200, "<h1>鸿雁</h1>")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    again = await client.ask("GET", "/", headers=[("if-none-match", first.headers["etag"])])
    assert (again.status, again.body) == (304, b"")


async def test_without_a_page_there_is_nothing_at_the_root(tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(page_router(tmp_path / "none.html"))
    with pytest.raises(PathUnknown):
        await Asker(app).ask("GET", "/")


def test_inline_blocks_of_the_page_may_run_and_no_other_may(tmp_path: Path) -> None:
    text = '<style>a{}</style><script type="module">\nlet x = 1\n</script><script src="/x.js"></script>'
    policy = read_page(page_of(tmp_path, text)).policy
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    expected = base64.b64encode(hashlib.sha256(b"\nlet x = 1\n").digest()).decode()
    assert f"'sha256-{expected}'" in directives["script-src"]
    assert "unsafe" not in policy
    assert directives["default-src"] == "'none'"
