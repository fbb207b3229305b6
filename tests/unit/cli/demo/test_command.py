"""`hongyan demo` begins with a server and a password."""

import socket
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hongyan.cli import build_app
from hongyan.cli.demo.command import _password
from hongyan.model.errors import SetupError


@pytest.fixture(autouse=True)
def _no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HONGYAN_PASSWORD", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def run(*words: str) -> Result:
    return CliRunner().invoke(build_app(), ["demo", *words])


def test_without_a_server_it_says_how_to_start_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    result = run("--url", f"http://127.0.0.1:{port}")
    assert isinstance(result.exception, SetupError)
    assert "hongyan serve" in str(result.exception)


def test_without_a_password_one_is_made_for_the_server_and_kept_for_its_owner(tmp_path: Path) -> None:
    places = ("http://127.0.0.1:8080", "https://chat.example.org")
    made = [_password(place, None) for place in places]
    assert [_password(place, None) for place in places] == made
    assert made[0] != made[1]
    assert all(len(password) >= 16 for password in made)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("demo-password")} == {0o600}


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run("--password-file", str(tmp_path / "none"))
    assert isinstance(result.exception, SetupError)
    assert str(tmp_path / "none") in str(result.exception)
