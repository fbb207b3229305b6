"""Each contract of .importlinter stops the import it is about, and lets the right ones pass."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("src/hongyan", "sdk/python/src/hongyan_client")
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The packages of this repository, each empty, under the contracts of this repository."""
    for package in PACKAGES:
        for init in (ROOT / package).rglob("__init__.py"):
            copy = tmp_path / init.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    for module in ("config.py", "telemetry.py"):
        (tmp_path / "src/hongyan" / module).touch()
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def broken_contracts(skeleton: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=skeleton,
        env={"PYTHONPATH": ":".join(str((skeleton / package).parent) for package in PACKAGES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    broken = {line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if line.endswith(" BROKEN")}
    assert (done.returncode != 0) == bool(broken)
    return broken


def write(skeleton: Path, module: str, line: str) -> None:
    root = PACKAGES[1] if module.startswith("hongyan_client") else PACKAGES[0]
    file = skeleton / Path(root).parent / f"{module.replace('.', '/')}.py"
    for folder in reversed(file.relative_to(skeleton).parents):
        if str(folder).startswith(PACKAGES):
            (skeleton / folder).mkdir(exist_ok=True)
            (skeleton / folder / "__init__.py").touch()
    file.write_text(line + "\n")


RIGHT = {
    "hongyan.protocol.codec": "from hongyan.protocol.wire import frames_pb2",
    "hongyan.protocol.wire.frames_pb2": "from hongyan.protocol.wire import common_pb2",
    "hongyan.protocol.wire.common_pb2": "from google.protobuf import message",
    "hongyan.gateway.listener": "import picows; from hongyan.protocol import codec",
    "hongyan.telemetry": "import structlog, prometheus_client",
    "hongyan.rest.routes": "import fastapi; from hongyan.services.users import service",
    "hongyan.services.users.service": "import argon2, joserfc.jwt; from hongyan.ports import log",
    "hongyan.ports.log": "from hongyan.model import ids",
    "hongyan.model.ids": "import msgspec",
    "hongyan.adapters.store.sqlite": "import sqlite3, sqlalchemy; from hongyan.ports import log",
    "hongyan.adapters.log.memory": "from hongyan.ports import log",
    "hongyan.app.run": "import uvicorn, uvloop; from hongyan.adapters.log import memory",
    "hongyan.cli.send": "import typer, rich.table, hongyan_client; from hongyan.app import run",
    "hongyan.services.groups.service": "from hongyan.services.users import service",
    "hongyan_client.session": "import picows; from hongyan.protocol import codec",
}

TREE = "The tree points one way"
ROOMS = "Libraries of infrastructure stay in their rooms"
LIGHT = "The base distribution and the SDK need none of the server's libraries"
WRONG = [
    ("hongyan.gateway.a", "from hongyan.admission import b", {TREE}),
    ("hongyan.delivery.a", "from hongyan.app import b", {TREE}),
    ("hongyan.ports.a", "import hongyan.telemetry", {TREE}),
    ("hongyan.services.users.a", "from hongyan.adapters import b", {TREE}),
    ("hongyan.utils", "", {TREE}),
    ("hongyan.services.chat.a", "", {"Services form a declared order, never a cycle"}),
    (
        "hongyan.services.groups.a",
        "from hongyan.services.relations import b",
        {"Services form a declared order, never a cycle"},
    ),
    ("hongyan.adapters.log.a", "from hongyan.adapters.state import b", {"Adapter families do not know each other"}),
    ("hongyan.protocol.a", "import asyncio", {"The core does no I/O, keeps no clock and writes no logs"}),
    ("hongyan.model.a", "import time", {"The core does no I/O, keeps no clock and writes no logs"}),
    ("hongyan.rest.a", "from hongyan.adapters import b", {"The HTTP edge talks to services only"}),
    ("hongyan.gateway.a", "from hongyan.protocol.wire import b", {"Generated code is imported by the codec only"}),
    (
        "hongyan_client.a",
        "from hongyan.gateway import b",
        {"The Python SDK sees the vocabulary and the protocol, not the server"},
    ),
    ("hongyan_client.a", "import structlog", {LIGHT, ROOMS}),
    ("hongyan.delivery.a", "import sqlite3", {ROOMS}),
    ("hongyan.services.groups.a", "import argon2", {ROOMS}),
    ("hongyan.admission.a", "import picows", {ROOMS}),
    ("hongyan.gateway.a", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import prometheus_client", {ROOMS}),
]


def test_the_right_imports_pass_together(skeleton: Path) -> None:
    for module, line in RIGHT.items():
        write(skeleton, module, line)
    assert broken_contracts(skeleton) == set()


@pytest.mark.parametrize(("module", "line", "contracts"), WRONG, ids=[f"{module}: {line}" for module, line, _ in WRONG])
def test_a_wrong_import_breaks_its_contract_and_no_other(
    skeleton: Path, module: str, line: str, contracts: set[str]
) -> None:
    for target in ("hongyan.services.relations.b", "hongyan.adapters.state.b"):
        write(skeleton, target, "")
    write(skeleton, module, line)
    assert broken_contracts(skeleton) == contracts
