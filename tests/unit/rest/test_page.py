"""The page at /, the files beside it, and what they may do."""

import asyncio
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette

from hongyan.model.codes import PathUnknown
from hongyan.rest.page import POLICY, PageRoute, read_static
from tests.unit.rest.asking import Asker
from tests.unit.rest.conftest import Edge


@pytest.fixture
def client(tmp_path: Path) -> Asker:
    """Only a page, with files of its own."""
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text("<h1>鸿雁</h1>")
    (tmp_path / "js" / "main.js").write_text("export {}")
    (tmp_path / "notes.txt").write_text("not for the world")
    (tmp_path / ".env").write_text("nor this")
    return Asker(Starlette(routes=[PageRoute(tmp_path)]))


async def test_the_page_is_served_and_known_again(client: Asker) -> None:
    first = await client.ask("GET", "/")
    assert (first.status, first.body.decode()) == (200, "<h1>鸿雁</h1>")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    again = await client.ask("GET", "/", headers=[("if-none-match", first.headers["etag"])])
    assert (again.status, again.body) == (304, b"")


async def test_its_files_are_served_with_their_kinds(client: Asker) -> None:
    script = await client.ask("GET", "/js/main.js")
    assert (script.body, script.headers["content-type"]) == (b"export {}", "text/javascript; charset=utf-8")


@pytest.mark.parametrize(
    "path", ["/notes.txt", "/.env", "/js", "/js/", "/js/../index.html", "/%2e%2e/page.py", "//", "/x"]
)
async def test_nothing_else_is(client: Asker, path: str) -> None:
    with pytest.raises(PathUnknown):
        await client.ask("GET", path)


async def test_the_page_does_not_stand_in_the_way_of_the_api(edge: Edge) -> None:
    for method, path in (("GET", "/api/v1/nothing"), ("POST", "/nothing"), ("POST", "/api/nothing")):
        answer = await edge.client.ask(method, path)
        assert (answer.status, answer.json["name"]) == (404, "path_unknown")
    assert (await edge.client.ask("GET", "/healthz")).json == {"status": "ok"}


async def test_our_own_page_is_there_with_all_that_stands_beside_it(edge: Edge) -> None:
    files = await asyncio.to_thread(read_static)
    assert "/" in files
    for path, file in files.items():
        answer = await edge.client.ask("GET", path)
        assert (answer.status, answer.body) == (200, file.content)
        assert answer.headers["content-security-policy"] == POLICY


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    assert read_static(tmp_path / "none") == {}


def test_the_policy_lets_nothing_run_that_stands_in_the_page() -> None:
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["form-action"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in POLICY


def test_nothing_stands_inline_in_our_own_page() -> None:
    html = read_static()["/"].content.decode()
    assert re.findall(r"<script[^>]*>[^<]*", html) == ['<script type="module" src="js/main.js">']
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html, re.IGNORECASE)


def test_no_script_of_our_own_page_makes_html_of_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|DOMParser|createContextualFragment|\beval\("
    )
    for path, file in read_static().items():
        if path.endswith(".js"):
            assert not forbidden.search(file.content.decode()), path
