"""`hongyan doctor` looks at everything and says what follows."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hongyan.cli import build_app

FREE = [f"--set=listen.{name}=127.0.0.1:0" for name in ("http", "ws", "tcp")]


def run(data: Path, *words: str) -> Result:
    """Runs it on a data directory, with free ports unless they are given."""
    return CliRunner().invoke(build_app(), ["doctor", "--data", str(data), *FREE, "--set=limits.connections=5", *words])


@pytest.fixture(autouse=True)
def _closed(data_dir: Path) -> None:
    data_dir.chmod(0o700)


def test_a_healthy_place_is_said_to_be_so_and_nothing_is_left_in_it(data_dir: Path) -> None:
    result = run(data_dir)
    assert result.exit_code == 0, result.output
    assert "A server will work here." in result.output
    for name in ("python", "clock", "open files", "data directory", "room", "disk speed", "listen.ws"):
        assert name in result.output
    assert list(data_dir.iterdir()) == []


def test_a_port_that_is_held_is_the_cause_of_exit_code_1(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        result = run(data_dir, f"--set=listen.ws=127.0.0.1:{port}", "--json")
    report = json.loads(result.output)
    assert (result.exit_code, report["healthy"]) == (1, False)
    assert [found["name"] for found in report["findings"] if found["level"] == "bad"] == ["listen.ws"]
    assert all(found["cure"] for found in report["findings"] if found["level"] != "ok")


def test_a_wrong_setting_is_a_finding_among_others(data_dir: Path) -> None:
    result = run(data_dir, "--set=limits.page_entrees=5")
    assert result.exit_code == 1
    assert "did you mean limits.page_entries?" in result.output
    assert "config doc" in result.output


def test_one_who_is_strict_is_not_content_with_advice(data_dir: Path) -> None:
    data_dir.chmod(0o755)
    assert (run(data_dir).exit_code, run(data_dir, "--strict").exit_code) == (0, 1)
