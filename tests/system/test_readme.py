"""What the README shows works, word for word, against a server started as it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
HONGYAN = Path(sys.executable).parent / "hongyan"
ANYWHERE = "127.0.0.1:0"


def example(language: str) -> str:
    """The one block of code in a language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.fixture
def addresses(data_dir: Path) -> Iterator[dict[str, str]]:
    """A server of one's own, and where it is reached."""
    command: list[str | Path] = [HONGYAN, "serve", "--data", data_dir, "--ready-json"]
    listen = ["--http", ANYWHERE, "--ws", ANYWHERE, "--tcp", ANYWHERE]
    with subprocess.Popen([*command, *listen], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()
            server.wait(timeout=30)


def run_python(addresses: dict[str, str]) -> str:
    program = example("python").replace("http://127.0.0.1:8080", addresses["http"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_prints_the_number_and_what_bob_reads(addresses: dict[str, str]) -> None:
    assert run_python(addresses) == "durable, as number 1\nalice wrote 你好, Bob\n"


def node_with_websocket() -> list[str]:
    """The command of a Node that knows WebSocket; empty where there is none."""
    node = shutil.which("node")
    if node is None:
        return []
    for flags in ([], ["--experimental-websocket"]):
        probe = subprocess.run(
            [node, *flags, "-e", "new WebSocket('ws://127.0.0.1:9')"], capture_output=True, check=False
        )
        if b"ReferenceError" not in probe.stderr and b"bad option" not in probe.stderr:
            return [node, *flags]
    return []


def test_the_json_example_is_a_whole_client(addresses: dict[str, str]) -> None:
    node = node_with_websocket()
    if not node:
        pytest.skip("no Node that knows WebSocket")
    run_python(addresses)
    (log_in,) = re.findall(r"^curl .*/api/v1/sessions$", README, re.MULTILINE)
    granted = subprocess.run(
        ["bash", "-c", log_in.replace("http://127.0.0.1:8080", addresses["http"])],
        capture_output=True,
        timeout=30,
        check=True,
    )
    program = example("js").replace("ws://127.0.0.1:8081", addresses["ws"])
    token = json.dumps(json.loads(granted.stdout)["access_token"])
    environment = {**os.environ, "NODE_NO_WARNINGS": "1"}
    with subprocess.Popen(
        [*node, "-e", f"const token = {token};\n{program}"], stdout=subprocess.PIPE, text=True, env=environment
    ) as client:
        try:
            assert client.stdout is not None
            assert client.stdout.readline() == "durable, as number 2\n"
        finally:
            client.kill()
