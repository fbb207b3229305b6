"""What holds for every test of the client: the loop of production, never blocked."""

from collections.abc import Callable, Iterator

import pytest
import uvloop
from blockbuster import BlockBuster, blockbuster_ctx


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], uvloop.Loop]]:
    """Run every async test on the faster of the two loops."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def _loop_is_never_blocked() -> Iterator[BlockBuster]:
    """Raise BlockingError where the client blocks a running loop: files, sleeps, SQLite, sockets, held locks."""
    with blockbuster_ctx(["hongyan", "hongyan_client"]) as guard:
        yield guard
