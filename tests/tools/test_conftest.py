"""The promises of tests/conftest.py."""

import asyncio
import time
from pathlib import Path

import pytest
import uvloop
from blockbuster import BlockingError

import hongyan
from tools.lint.source import read_sources


async def test_async_tests_run_on_the_loop_of_production() -> None:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)


def code_of_the_product(source: str, **names: object) -> dict[str, object]:
    """Run a piece of code as if it stood in the package `hongyan`."""
    namespace: dict[str, object] = dict(names)
    exec(compile(source, str(Path(hongyan.__file__).parent / "piece.py"), "exec"), namespace)
    return namespace


async def test_code_of_the_product_may_not_block_the_loop() -> None:
    with pytest.raises(BlockingError):
        code_of_the_product("time.sleep(0.001)", time=time)


async def test_code_of_the_product_may_not_use_sqlite_on_the_loop() -> None:
    with pytest.raises(BlockingError):
        code_of_the_product("import sqlite3; sqlite3.connect(':memory:').execute('select 1')")


@pytest.mark.blocks("shows that the marker lifts the guard")
async def test_the_marker_lifts_the_guard() -> None:
    code_of_the_product("time.sleep(0.001)", time=time)


async def test_a_test_itself_may_read_files(data_dir: Path) -> None:
    (data_dir / "note").write_text("kept")
    assert (data_dir / "note").read_text() == "kept"


def test_the_sources_of_this_repository_are_found() -> None:
    root = Path(__file__).parents[2]
    assert any(source.path.name == "conftest.py" for source in read_sources(root))
