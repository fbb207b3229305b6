"""The page at /, and what it may do."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from hongyan.model.codes import PathUnknown
from hongyan.rest.page import POLICY, page_router, read_assets
from tests.unit.rest.asking import Asker


def page_in(folder: Path) -> Asker:
    """Somebody who asks for a small page."""
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>鸿雁</h1>")
    (folder / "style.css").write_text("h1 { margin: 0 }")
    (folder / "js" / "main.js").write_text("export {};")
    (folder / "notes.txt").write_text("not for everybody")
    app = FastAPI()
    app.include_router(page_router(folder))
    return Asker(app)


async def test_the_page_is_served_and_known_again(tmp_path: Path) -> None:
    client = page_in(tmp_path / "static")
    first = await client.ask("GET", "/")
    assert (first.status, first.body.decode()) == (200, "<h1>鸿雁</h1>")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    again = await client.ask("GET", "/", headers=[("if-none-match", first.headers["etag"])])
    assert (again.status, again.body) == (304, b"")


async def test_what_the_page_loads_comes_with_its_type_and_the_policy(tmp_path: Path) -> None:
    client = page_in(tmp_path / "static")
    script = await client.ask("GET", "/js/main.js")
    assert (script.status, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    style = await client.ask("GET", "/style.css")
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert script.headers["content-security-policy"] == style.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("path", ["/js/none.js", "/js/..%2fnotes.txt", "/js/%2e%2e%2findex.html", "/favicon.svg"])
async def test_what_is_no_file_of_the_page_is_not_there(tmp_path: Path, path: str) -> None:
    client = page_in(tmp_path / "static")
    with pytest.raises(PathUnknown):
        await client.ask("GET", path)


async def test_without_a_page_there_is_nothing_at_the_root(tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(page_router(tmp_path / "none"))
    with pytest.raises(PathUnknown):
        await Asker(app).ask("GET", "/")


def test_the_policy_lets_nothing_run_that_stands_in_the_page() -> None:
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["form-action"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in POLICY


def test_the_page_that_is_shipped_has_nothing_inline() -> None:
    assets = read_assets()
    html = assets["/"].content.decode()
    assert "<style" not in html
    assert " style=" not in html
    assert " on" + "click=" not in html
    assert html.count("<script") == html.count('<script type="module" src="js/main.js"></script>') == 1
    assert "/js/main.js" in assets


def test_no_script_of_the_page_makes_html_of_text() -> None:
    for path, asset in read_assets().items():
        if path.startswith("/js/"):
            source = asset.content.decode()
            for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
                assert forbidden not in source, path
