"""The page at /, the files beside it, and what they may do."""

import asyncio
import base64
import hashlib
from pathlib import Path

import pytest
from starlette.applications import Starlette

from hongyan.model.codes import PathUnknown
from hongyan.rest.page import PageRoute, policy_of, read_static
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
        assert answer.headers["content-security-policy"] == file.policy
        assert "unsafe" not in file.policy


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    assert read_static(tmp_path / "none") == {}


def test_inline_blocks_of_the_page_may_run_and_no_other_may() -> None:
    page = b'<style>a{}</style><script type="module">\nlet x = 1\n</script><script src="x.js"></script>'
    policy = policy_of(page)
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    expected = base64.b64encode(hashlib.sha256(b"\nlet x = 1\n").digest()).decode()
    assert directives["script-src"] == f"'self' 'sha256-{expected}'"
    assert directives["default-src"] == "'none'"
    assert "unsafe" not in policy
