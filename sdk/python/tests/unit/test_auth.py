"""Tokens are had with a password once, renewed in time, and stored before they are used."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hongyan.model.codes import ErrorCode
from hongyan_client import HttpError, Login, Session, SessionEndedError, TokenFile, Tokens, register
from hongyan_client.auth import find_endpoint

PASSWORD = "correct horse battery"


class Accounts(ThreadingHTTPServer):
    """The HTTP side of a server with one user: a refresh token is good for one use."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.expires_in_s = 900
        self.generation = 0
        self.revoked = False
        self.ws = "ws://127.0.0.1:1"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        self.asked.append(path)
        match path:
            case "/api/v1/sessions":
                return self.grant() if body["password"] == PASSWORD else problem(401, ErrorCode.WRONG_CREDENTIALS)
            case "/api/v1/sessions/refresh":
                good = body["refresh_token"] == f"refresh-{self.generation}" and not self.revoked
                return self.grant() if good else problem(401, ErrorCode.REFRESH_REUSED)
            case "/api/v1/users":
                return problem(409, ErrorCode.USER_EXISTS) if body["user_id"] == "alice" else (201, body)
            case "/api/v1/endpoints":
                return 200, {"ws": self.ws, "tcp": "", "newer": 1}
            case "/api/v1/sessions/current":
                return 204, None
            case _:
                return 503, {"title": "Service Unavailable"}

    def grant(self) -> tuple[int, dict[str, Any]]:
        self.generation += 1
        self.revoked = False
        return 201, {
            "user_id": "alice",
            "device_id": "phone",
            "access_token": f"access-{self.generation}",
            "token_type": "Bearer",
            "expires_in_s": self.expires_in_s,
            "refresh_token": f"refresh-{self.generation}",
        }


class Handler(BaseHTTPRequestHandler):
    server: Accounts

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        status, answer = self.server.answer(self.path, body)
        encoded = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    do_GET = do_DELETE = do_POST  # noqa: N815 - as http.server names them

    def log_message(self, *_arguments: object) -> None:
        """A test prints nothing."""


def problem(status: int, code: ErrorCode) -> tuple[int, dict[str, Any]]:
    return status, {"title": "No", "detail": f"No: {code.name}.", "code": int(code), "status": status}


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with Accounts() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_one_log_in_lasts_and_a_refused_token_is_renewed(accounts: Accounts) -> None:
    session = Session(accounts.url, Login("alice", PASSWORD))
    assert [await session.token(), await session.token()] == ["access-1", "access-1"]
    assert await session.token("access-1") == "access-2"
    assert await session.token("access-1") == "access-2", "the refused one is not the one in use"
    assert accounts.asked == ["/api/v1/sessions", "/api/v1/sessions/refresh"]


async def test_a_token_that_ends_soon_is_renewed_before_it_is_used(accounts: Accounts) -> None:
    accounts.expires_in_s = 10
    session = Session(accounts.url, Login("alice", PASSWORD))
    assert await session.token() == "access-2"


async def test_kept_tokens_make_the_password_unnecessary_and_each_rotation_is_stored(
    accounts: Accounts, tmp_path: Path
) -> None:
    kept = TokenFile(tmp_path / "deep" / "tokens.json")
    await Session(accounts.url, Login("alice", PASSWORD, tokens=kept)).token()
    session = Session(accounts.url, Login("alice", tokens=kept))
    assert await session.token() == "access-1"
    assert await session.token("access-1") == "access-2"
    stored = await kept.load()
    assert stored is not None
    assert (stored.access_token, stored.refresh_token, stored.device_id) == ("access-2", "refresh-2", "phone")
    assert (tmp_path / "deep" / "tokens.json").stat().st_mode & 0o777 == 0o600
    assert "access-2" not in repr(stored)


async def test_tokens_are_stored_before_they_are_used(accounts: Accounts) -> None:
    class FullDisk:
        async def load(self) -> Tokens | None:
            return None

        async def save(self, tokens: Tokens) -> None:
            raise OSError("no space left")

    session = Session(accounts.url, Login("alice", PASSWORD, tokens=FullDisk()))
    with pytest.raises(OSError, match="no space"):
        await session.token()


async def test_tokens_of_another_user_are_not_used(accounts: Accounts, tmp_path: Path) -> None:
    kept = TokenFile(tmp_path / "tokens.json")
    await kept.save(Tokens("bob", "d", "a", "r", 1 << 60))
    with pytest.raises(SessionEndedError, match="log in first"):
        await Session(accounts.url, Login("alice", tokens=kept)).token()


@pytest.mark.parametrize("text", ["", "{", '{"user_id": "alice"}', "\x00"])
async def test_a_spoilt_token_file_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    assert await TokenFile(path).load() is None


async def test_when_the_refresh_token_is_void_the_password_helps_and_without_one_the_session_has_ended(
    accounts: Accounts, tmp_path: Path
) -> None:
    kept = TokenFile(tmp_path / "tokens.json")
    with_password = Session(accounts.url, Login("alice", PASSWORD, tokens=kept))
    first = await with_password.token()
    accounts.revoked = True
    assert await with_password.token(first) == "access-2"
    without = Session(accounts.url, Login("alice", tokens=kept))
    second = await without.token()
    accounts.revoked = True
    with pytest.raises(SessionEndedError, match="REFRESH_REUSED"):
        await without.token(second)


async def test_a_wrong_password_ends_and_a_server_in_trouble_is_another_matter(accounts: Accounts) -> None:
    with pytest.raises(SessionEndedError, match="WRONG_CREDENTIALS"):
        await Session(accounts.url, Login("alice", "wrong")).token()
    with pytest.raises(HttpError, match="Service Unavailable") as caught:
        await Session(f"{accounts.url}/elsewhere", Login("alice", PASSWORD)).token()
    assert caught.value.status == 503
    with pytest.raises(HttpError, match="cannot be reached") as caught:
        await Session("http://127.0.0.1:1", Login("alice", PASSWORD)).token()
    assert caught.value.status == 0


async def test_registering_and_finding_the_socket(accounts: Accounts) -> None:
    await register(accounts.url, "carol", PASSWORD)
    with pytest.raises(HttpError) as caught:
        await register(accounts.url, "alice", PASSWORD)
    assert caught.value.code == ErrorCode.USER_EXISTS
    assert await find_endpoint(accounts.url + "/") == "ws://127.0.0.1:1"
    accounts.ws = ""
    with pytest.raises(HttpError, match="no connections yet"):
        await find_endpoint(accounts.url)


async def test_logging_out_forgets_the_tokens(accounts: Accounts) -> None:
    session = Session(accounts.url, Login("alice", PASSWORD))
    await session.token()
    await session.log_out()
    await session.log_out()
    assert accounts.asked == ["/api/v1/sessions", "/api/v1/sessions/current"]


def test_a_login_does_not_show_its_password() -> None:
    login = Login("alice", PASSWORD)
    assert PASSWORD not in repr(login)
    assert PASSWORD not in str(msgspec.structs.replace(login, device_id="phone"))
