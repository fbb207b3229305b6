"""The integrator's guide says what happens: every block of it is run, in its order, and prints what stands under it."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import playwright
import pytest

from tests.system.conftest import MakeServer
from tests.system.servers import Server

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = ("guide.md", "guide.zh-CN.md")
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
HERE, DATA = "http://127.0.0.1:8080", "--data data"


class Block(msgspec.Struct, frozen=True):
    """A block: shell, a file to be saved, or what the block before it prints."""

    kind: str
    file: str
    text: str


def blocks(guide: str) -> list[Block]:
    """All of a guide."""
    return [
        Block(match["kind"], match["file"] or "", match["text"]) for match in BLOCK.finditer((DOCS / guide).read_text())
    ]


def environment(folder: Path) -> dict[str, str]:
    """Where `hongyan`, `python` and `node` are those of these tests; playwright brings a Node."""
    tools = folder / "tools"
    tools.mkdir()
    node = Path(playwright.__file__).parent / "driver" / "node"
    (tools / "node").symlink_to(node)
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONUTF8": "1"}


class Reader:
    """Somebody who types what the guide says."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder, self._server = folder, server
        self._environment: Mapping[str, str] = environment(folder)
        self._functions = ""

    def save(self, block: Block) -> None:
        """Saves a file."""
        (self._folder / block.file).write_text(block.text)

    def run(self, block: Block) -> str:
        """Types a block of shell; what it printed. Variables and functions stay for the next."""
        typed = block.text.replace(HERE, self._server.http).replace(DATA, f"--data {self._server.data}")
        kept = self._folder / "kept"
        script = f"set -euo pipefail\n{self._functions}\n{typed}\nexec > {kept}\nexport -p\ndeclare -f\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (
            f"{block.text}\n{done.stdout}\n{done.stderr}\n{self._server.said.read_text()[-2000:]}"
        )
        self._functions = kept.read_text()
        return done.stdout


def as_pattern(expected: str) -> str:
    """What was printed, where `…` stands for anything."""
    return ".*".join(map(re.escape, expected.strip().split(ANYTHING)))


@pytest.mark.parametrize("guide", GUIDES)
async def test_every_block_of_the_guide_does_what_stands_under_it(
    guide: str, make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server("hooks.allowed_networks=127.0.0.0/8")
    server.spawn()
    await server.ready()
    folder = tmp_path / "reader"
    folder.mkdir()
    reader, printed, shown = Reader(folder, server), "", 0
    for block in blocks(guide):
        if block.kind == "text":
            assert re.fullmatch(as_pattern(block.text), printed.strip(), re.DOTALL), f"{block.text}\n---\n{printed}"
            shown += 1
        elif block.file:
            reader.save(block)
        else:
            assert block.kind == "sh"
            printed = reader.run(block)
    assert shown >= 8


def test_both_languages_have_the_same_blocks() -> None:
    english, chinese = map(blocks, GUIDES)
    assert english == chinese


@pytest.mark.parametrize("file", ["first.py", "first.mjs"])
def test_a_first_message_takes_about_ten_lines(file: str) -> None:
    (first,) = [block for block in blocks("guide.md") if block.file == file]
    assert len([line for line in first.text.splitlines() if line.strip()]) <= 12
