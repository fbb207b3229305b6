"""`hongyan user` works on a data directory that no server holds."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hongyan.app.lock import DirectoryLock
from hongyan.app.node import now_ms
from hongyan.app.users import open_users
from hongyan.cli import build_app
from hongyan.config.load import load
from hongyan.model.codes import DeviceUnknown, InvalidField, UserExists, UserUnknown, WrongCredentials
from hongyan.model.errors import SetupError
from hongyan.model.ids import DeviceId, UserId
from hongyan.services.users.records import Grant, LogIn

PASSWORD = "correct horse 正确的马"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with a user, and cheap passwords."""
    monkeypatch.setenv("HONGYAN_USERS_ARGON2_MEMORY_KIB", "64")
    monkeypatch.setenv("HONGYAN_USERS_ARGON2_ITERATIONS", "1")
    path = tmp_path / "data"
    assert run(path, "add", "alice", said=PASSWORD).exit_code == 0
    return path


def run(data: Path, *words: str, said: str = "") -> Result:
    """Runs a command; what is said comes on standard input."""
    return CliRunner().invoke(build_app(), ["user", *words, "--data", str(data)], input=f"{said}\n")


def log_in(data: Path, password: str, device: str) -> Grant:
    """Logs a device in as a server would."""
    config = load(environment={"HONGYAN_USERS_ARGON2_MEMORY_KIB": "64", "HONGYAN_USERS_ARGON2_ITERATIONS": "1"})

    async def logged_in() -> Grant:
        async with open_users(config, data, now_ms) as users:
            return await users.log_in(LogIn(UserId("alice"), password, DeviceId(device), f"the {device}"))

    return asyncio.run(logged_in())


def test_who_was_added_can_log_in_and_is_listed(data: Path) -> None:
    assert log_in(data, PASSWORD, "phone").user_id == "alice"
    listed = run(data, "list").output.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["alice"]


def test_a_user_is_added_once_and_rightly(data: Path) -> None:
    assert isinstance(run(data, "add", "alice", said=PASSWORD).exception, UserExists)
    assert isinstance(run(data, "add", "bob", said="short").exception, InvalidField)
    assert isinstance(run(data, "add", "a b", said=PASSWORD).exception, InvalidField)
    assert isinstance(run(data, "add", "system", said=PASSWORD).exception, InvalidField)


def test_users_are_added_even_where_registration_is_closed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONGYAN_USERS_REGISTRATION", "closed")
    assert run(data, "add", "bob", said=PASSWORD).exit_code == 0


def test_a_new_password_replaces_the_old_one_and_logs_out(data: Path) -> None:
    log_in(data, PASSWORD, "phone")
    assert run(data, "password", "alice", said="another password").exit_code == 0
    assert run(data, "devices", "alice").output == ""
    with pytest.raises(WrongCredentials):
        log_in(data, PASSWORD, "phone")
    log_in(data, "another password", "phone")


def test_devices_are_listed_and_logged_out(data: Path) -> None:
    for device in ("phone", "laptop", "tablet"):
        log_in(data, PASSWORD, device)
    rows = [line.split("\t") for line in run(data, "devices", "alice").output.splitlines()]
    assert [(row[0], row[3]) for row in rows] == [
        ("laptop", "the laptop"),
        ("phone", "the phone"),
        ("tablet", "the tablet"),
    ]
    assert "1 device of alice" in run(data, "logout", "alice", "phone").output
    assert isinstance(run(data, "logout", "alice", "phone").exception, DeviceUnknown)
    assert "2 devices of alice" in run(data, "logout", "alice").output
    assert run(data, "devices", "alice").output == ""


def test_a_deleted_user_is_gone_and_his_id_stays_taken(data: Path) -> None:
    log_in(data, PASSWORD, "phone")
    assert run(data, "delete", "alice", said="n").exit_code == 1
    assert "alice is deleted" in run(data, "delete", "alice", said="y").output
    assert "alice" not in run(data, "list").output
    with pytest.raises(WrongCredentials):
        log_in(data, PASSWORD, "phone")
    assert run(data, "add", "alice", said=PASSWORD).exit_code != 0


@pytest.mark.parametrize(
    "words", [("devices", "bob"), ("logout", "bob"), ("password", "bob"), ("delete", "bob", "--yes")]
)
def test_an_unknown_user_is_named(data: Path, words: tuple[str, ...]) -> None:
    assert isinstance(run(data, *words, said=PASSWORD).exception, UserUnknown)


def test_a_directory_that_a_server_holds_is_left_alone(data: Path) -> None:
    lock = DirectoryLock(data)
    try:
        for words in (("list",), ("add", "bob"), ("logout", "alice")):
            error = run(data, *words, said=PASSWORD).exception
            assert isinstance(error, SetupError)
            assert "is in use by another hongyan (process " in str(error)
    finally:
        lock.close()


def test_a_directory_without_users_is_not_made_by_looking(tmp_path: Path) -> None:
    error = run(tmp_path / "elsewhere", "list").exception
    assert isinstance(error, SetupError)
    assert "holds no users" in str(error)
    assert not (tmp_path / "elsewhere").exists()
