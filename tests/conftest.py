"""What holds for every test: the event loop of production, no blocking of it, and a folder of one's own."""

from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import uvloop
from blockbuster import BlockBuster, blockbuster_ctx
from structlog.testing import capture_logs

SYSTEM = Path(__file__).parent / "system"
SYSTEM_TIMEOUT_S = 300
PROPERTY_TIMEOUT_S = 120
"""A property runs hundreds of examples: it is many tests in one."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the one marker that is ours."""
    config.addinivalue_line("markers", "blocks(reason): this test's subject may block the loop, and the reason why")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """System tests start processes: they have longer, and one worker runs them all, one after another."""
    for item in items:
        if item.path.is_relative_to(SYSTEM):
            item.add_marker(pytest.mark.xdist_group("system"))
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(SYSTEM_TIMEOUT_S))
        elif "property" in item.path.parts and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PROPERTY_TIMEOUT_S))


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], uvloop.Loop]]:
    """Run every async test on the loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def _loop_is_never_blocked(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """Raise BlockingError where the product blocks a running loop: files, sleeps, SQLite, sockets, held locks."""
    if request.node.get_closest_marker("blocks") is not None or request.path.is_relative_to(SYSTEM):
        yield None
        return
    with blockbuster_ctx(["hongyan", "hongyan_client"]) as guard:
        yield guard


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the product logs in this test, instead of writing it."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty folder for what a server keeps."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
