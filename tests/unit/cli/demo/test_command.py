"""`hongyan demo` begins with a server and a password."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hongyan.cli import build_app
from hongyan.model.errors import SetupError


@pytest.fixture(autouse=True)
def _no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HONGYAN_PASSWORD", raising=False)


def run(*words: str) -> Result:
    return CliRunner().invoke(build_app(), ["demo", *words])


def test_without_a_server_it_says_how_to_start_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    result = run("--url", f"http://127.0.0.1:{port}")
    assert isinstance(result.exception, SetupError)
    assert "hongyan serve" in str(result.exception)


def test_a_server_that_others_reach_gets_no_password_that_everybody_knows() -> None:
    result = run("--url", "https://chat.example.org")
    assert isinstance(result.exception, SetupError)
    assert "HONGYAN_PASSWORD" in str(result.exception)


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run("--password-file", str(tmp_path / "none"))
    assert isinstance(result.exception, SetupError)
    assert str(tmp_path / "none") in str(result.exception)
