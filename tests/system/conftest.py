"""What system tests share: servers that are gone when the test is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.system.servers import Server


class MakeServer(Protocol):
    """Makes a server that is killed at the end of the test, if it still runs then."""

    def __call__(self, *settings: str, data: Path | None = None) -> Server:
        """Not started yet. `data`: its directory, by default an empty one."""
        ...


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[MakeServer]:
    """Servers of one test."""
    made: list[Server] = []

    def make(*settings: str, data: Path | None = None) -> Server:
        number = len(made)
        server = Server(data or tmp_path / f"data-{number}", tmp_path / f"server-{number}.log", settings)
        made.append(server)
        return server

    try:
        yield make
    finally:
        for server in made:
            server.kill()
