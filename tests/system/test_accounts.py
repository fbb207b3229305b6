"""Accounts on a real server process: who gets in, what is written down, and what keeps a server from starting."""

import base64
import json
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "canary horse 正确的马"
FREE_PORTS = [word for name in ("http", "ws", "tcp") for word in (f"--{name}", "127.0.0.1:0")]


def command(data: Path, *words: str) -> list[str]:
    """A server on a directory, cheap in passwords and talkative in its log."""
    said = ["users.argon2_memory_kib=64", "users.argon2_iterations=1", "logging.level=debug", *words]
    settings = [word for assignment in said for word in ("--set", assignment)]
    program = "from hongyan.cli import main; main()"
    return [sys.executable, "-c", program, "serve", "--data", str(data), *FREE_PORTS, "--ready-json", *settings]


class Server:
    """A running one."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, raw, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def grant(self, device_id: str = "phone") -> Any:
        """Tokens for alice."""
        return self.ask("POST", "/api/v1/sessions", {"user_id": "alice", "password": PASSWORD, "device_id": device_id})[
            1
        ]


@contextmanager
def serving(data: Path, log: Path) -> Iterator[Server]:
    """A server until the block ends; then it has to stop by itself. All it writes goes to `log`."""
    with log.open("a") as written:
        process = subprocess.Popen(command(data), stdout=subprocess.PIPE, stderr=written, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            with log.open("a") as written:
                written.write(line)
            yield Server(process, json.loads(line)["http"])
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()


def refusal(data: Path) -> str:
    """The sentence with which a server refuses to start."""
    done = subprocess.run(command(data), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


def test_tokens_and_passwords_are_in_no_log_and_no_file_may_be_read_by_others(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    with serving(data, log) as server:
        assert server.ask("POST", "/api/v1/users", {"user_id": "alice", "password": PASSWORD})[0] == 201
        first = server.grant()
        second = server.ask("POST", "/api/v1/sessions/refresh", {"refresh_token": first["refresh_token"]})[1]
        token = second["access_token"]
        assert server.ask("GET", "/api/v1/users/me", token=token)[1]["user_id"] == "alice"
        assert server.ask("GET", f"/api/v1/nothing?token={token}", token=token)[0] == 404
        assert server.ask("GET", "/api/v1/devices", token=first["refresh_token"])[0] == 401
        assert server.ask("POST", "/api/v1/sessions", {"user_id": "alice", "password": PASSWORD + "?"})[0] == 401
        assert server.ask("POST", "/api/v1/users", {"user_id": PASSWORD, "password": [PASSWORD]})[0] == 422
        assert server.ask("DELETE", "/api/v1/sessions/current", token=token)[0] == 204
        assert server.ask("GET", "/api/v1/users/me", token=token)[1]["name"] == "token_revoked"
    secrets = (data / "secrets" / "tokens.json").read_text()
    key = json.loads(secrets)["access_keys"][0]["secret"]
    written = log.read_text()
    canaries = [PASSWORD, key, base64.b64decode(key).hex()]
    for grant in (first, second):
        canaries += [grant["access_token"], grant["refresh_token"]]
    for canary in canaries:
        assert canary not in written
    assert {path.stat().st_mode & 0o777 for path in data.rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (data, data / "secrets")} == {0o700}


def test_accounts_sessions_and_log_outs_outlive_the_process(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    with serving(data, log) as server:
        server.ask("POST", "/api/v1/users", {"user_id": "alice", "password": PASSWORD})
        phone, laptop = server.grant("phone"), server.grant("laptop")
        assert server.ask("DELETE", "/api/v1/devices/phone", token=laptop["access_token"])[0] == 204
    with serving(data, log) as server:
        assert server.ask("GET", "/api/v1/users/me", token=phone["access_token"])[1]["name"] == "token_revoked"
        refreshed = server.ask("POST", "/api/v1/sessions/refresh", {"refresh_token": laptop["refresh_token"]})[1]
        devices = server.ask("GET", "/api/v1/devices", token=refreshed["access_token"])[1]["devices"]
        assert [device["device_id"] for device in devices] == ["laptop"]


def test_of_a_hundred_parallel_refreshes_of_one_token_one_wins(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tmp_path / "log") as server, ThreadPoolExecutor(20) as pool:
        server.ask("POST", "/api/v1/users", {"user_id": "alice", "password": PASSWORD})
        body = {"refresh_token": server.grant()["refresh_token"]}
        answers = list(pool.map(lambda _: server.ask("POST", "/api/v1/sessions/refresh", body), range(100)))
        assert sorted({status for status, _ in answers}) == [200, 401]
        assert sum(status == 200 for status, _ in answers) == 1
        winner = next(answer for status, answer in answers if status == 200)
        assert server.ask("GET", "/api/v1/users/me", token=winner["access_token"])[1]["name"] == "token_revoked"


@pytest.mark.parametrize(
    ("path", "mode", "sentence"),
    [("secrets/tokens.json", 0o644, "close it: chmod 600"), ("secrets", 0o755, "close it: chmod 700")],
)
def test_a_secret_that_others_can_read_keeps_the_server_from_starting(
    tmp_path: Path, path: str, mode: int, sentence: str
) -> None:
    data = tmp_path / "data"
    with serving(data, tmp_path / "log"):
        pass
    (data / path).chmod(mode)
    said = refusal(data)
    assert sentence in said
    assert said.count("\n") == 1, "one sentence, no traceback"


def test_a_known_secret_keeps_the_server_from_starting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, tmp_path / "log"):
        pass
    path = data / "secrets" / "tokens.json"
    found = json.loads(path.read_text())
    found["access_keys"][0]["secret"] = base64.b64encode(b"changeme" * 5).decode()
    path.write_text(json.dumps(found))
    assert "is a known sample" in refusal(data)


def test_two_servers_do_not_share_a_directory(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tmp_path / "log") as server:
        said = refusal(tmp_path / "data")
        assert f"is in use by another hongyan (process {server.process.pid})" in said
        assert server.ask("GET", "/readyz")[0] == 200


def test_a_newer_schema_keeps_the_server_from_starting(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, tmp_path / "log"):
        pass
    with closing(sqlite3.connect(data / "user.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'user_9999'")
        connection.commit()
    assert "was written by a newer hongyan (schema user_9999" in refusal(data)
