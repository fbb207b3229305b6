"""Who is at the screen: where tokens and the local copy are kept, logging in, and making an account."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import msgspec

from hongyan.model.codes import ErrorCode
from hongyan.model.errors import SetupError
from hongyan.model.ids import UserId, parse_user_id
from hongyan_client import HttpError, Login, SessionEndedError, SqliteStore, TokenFile, register
from hongyan_client.auth import Registered, Session
from hongyan_client.http import call


class Person(Protocol):
    """What is asked of the person before there is a session. Raises SetupError where nobody can be asked."""

    def password(self, user_id: UserId) -> str:
        """The password of an account, or of one to be made."""
        ...

    def wants_account(self, user_id: UserId) -> bool:
        """Whether an account shall be made, now that nobody could log in; asks for the password again if need be."""
        ...


class Desk(msgspec.Struct, frozen=True):
    """A user on a server as kept on this machine: one folder that only its owner may enter."""

    url: str
    user_id: UserId
    folder: Path

    @property
    def store(self) -> SqliteStore:
        """The local copy of the conversations."""
        return SqliteStore(self.folder / "store.sqlite")

    @property
    def tokens(self) -> TokenFile:
        """The tokens of this device."""
        return TokenFile(self.folder / "tokens.json")

    def forget_tokens(self) -> None:
        """They are not taken any more: the next start asks for the password."""
        (self.folder / "tokens.json").unlink(missing_ok=True)

    def make(self) -> None:
        """Makes the folder. Raises SetupError."""
        try:
            for folder in (self.folder.parent.parent, self.folder.parent, self.folder):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.chmod(0o700)
        except OSError as error:
            raise SetupError(f"{self.folder} cannot be made: {error.strerror}.") from error

    def device_id(self) -> str:
        """This device's id, made the first time. Raises SetupError."""
        path = self.folder / "device"
        try:
            if not path.exists():
                with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
                    file.write(f"chat-{secrets.token_hex(6)}")
            return path.read_text().strip()
        except OSError as error:
            raise SetupError(f"{path} cannot be read or written: {error.strerror}.") from error


def check_url(url: str) -> str:
    """A server's HTTP address, without a slash at its end. Raises SetupError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SetupError(f"{url} is no address of a server; it looks like http://127.0.0.1:8080.")
    return url.rstrip("/")


def is_overheard(url: str) -> bool:
    """Whether passwords and messages travel to another machine as they are."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def desk_at(url: str, user_id: str, environment: Mapping[str, str]) -> Desk:
    """Where a user of a server is kept. Raises InvalidField for what is no user id."""
    return Desk(url, parse_user_id(user_id), server_folder(url, environment) / user_id)


def known_users(url: str, environment: Mapping[str, str]) -> list[str]:
    """Who has been here before, the last first."""
    found = sorted(server_folder(url, environment).glob("*/tokens.json"), key=_changed_ns, reverse=True)
    return [path.parent.name for path in found]


async def log_in(desk: Desk, person: Person) -> Login:
    """A login with tokens that are good, as far as can be told; asks the person where none are kept.

    Raises SetupError when the person is not let in.
    """
    login = Login(
        desk.user_id, device_id=desk.device_id(), device_name="hongyan chat", tokens=desk.tokens, platform="desktop"
    )
    try:
        await _check_tokens(desk, login)
        return login
    except SessionEndedError:
        # No tokens, or none that are taken: the password is asked for.
        pass
    except HttpError:
        # The server is away; the client goes on trying and shows what is kept.
        return login
    await _log_in(desk, login, person)
    return login


async def _check_tokens(desk: Desk, login: Login) -> None:
    """Asks the server whether the kept tokens are taken still, and refreshes them. Raises SessionEndedError, HttpError."""
    session = Session(desk.url, login)
    token = await session.token()
    try:
        await call("GET", f"{desk.url}/api/v1/users/me", Registered, token=token)
    except HttpError as error:
        if error.status != 401:
            raise
        await session.token(refused=token)


async def _log_in(desk: Desk, login: Login, person: Person) -> None:
    password = person.password(desk.user_id)
    with_password = msgspec.structs.replace(login, password=password)
    desk.forget_tokens()
    try:
        await Session(desk.url, with_password).token()
        return
    except SessionEndedError as error:
        if not isinstance(error.__cause__, HttpError) or error.__cause__.code != ErrorCode.WRONG_CREDENTIALS:
            raise SetupError(str(error)) from error
    except HttpError as error:
        raise SetupError(str(error)) from error
    if not person.wants_account(desk.user_id):
        raise SetupError(
            f"{desk.user_id} has another password on {desk.url}, or there is no such user; --register makes one."
        )
    await _register(desk, with_password)


async def _register(desk: Desk, login: Login) -> None:
    try:
        await register(desk.url, desk.user_id, login.password)
        await Session(desk.url, login).token()
    except HttpError as error:
        if error.code == ErrorCode.USER_EXISTS:
            raise SetupError(f"{desk.user_id} has another password on {desk.url}.") from error
        raise SetupError(str(error)) from error
    except SessionEndedError as error:
        raise SetupError(str(error)) from error


def server_folder(url: str, environment: Mapping[str, str]) -> Path:
    """Where what belongs to one server is kept on this machine."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    place = quote(f"{parts.hostname}:{port}{parts.path}", safe=":")
    state = Path(environment.get("XDG_STATE_HOME", ""))
    # A path that is not absolute is to be passed over, says the XDG base directory specification.
    base = state if state.is_absolute() else Path.home() / ".local" / "state"
    return base / "hongyan" / place


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
