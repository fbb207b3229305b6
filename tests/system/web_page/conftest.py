"""A browser, a server and people at the page, for every test in this folder."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.system.web_page.browsing import Complaints, Person, Server, Visit, browsing

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("page") / "data")
    yield found
    found.stop()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What no test may leave behind."""
    found = Complaints()
    yield found
    assert found == []


@pytest.fixture
def visit(browser: Browser, server: Server, complaints: Complaints) -> Iterator[Visit]:
    """Makes somebody with a browser of their own; the tests share a server, so everybody has a number."""
    contexts = []

    def make(name: str, *, locale: str = "en-US", **options: Any) -> Person:
        context = browser.new_context(locale=locale, **options)
        contexts.append(context)
        return Person(context, server.url, f"{name}-{next(NUMBERS)}", complaints)

    yield make
    for context in contexts:
        context.close()
