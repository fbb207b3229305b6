"""A running server for each flow, on memory and on SQLite, over memory and over real sockets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.node import MemoryEngines, Node, SqliteEngines

WORLDS = ("memory-memory", "memory-json", "sqlite-memory", "sqlite-ws", "sqlite-json", "sqlite-tcp")


@pytest.fixture(params=WORLDS)
async def node(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Node]:
    """A server that has started."""
    engine, _, wire = str(request.param).partition("-")
    if request.param == "memory-json":
        wire = "memory-json"
    node = Node(MemoryEngines() if engine == "memory" else SqliteEngines(tmp_path), wire)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


@pytest.fixture(params=["memory", "sqlite"])
async def plain(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Node]:
    """A server on either engine over memory: for what has nothing to do with sockets."""
    node = Node(MemoryEngines() if request.param == "memory" else SqliteEngines(tmp_path), "memory")
    await node.start()
    try:
        yield node
    finally:
        await node.stop()
