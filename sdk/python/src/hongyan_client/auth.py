"""Who this client is: a password or kept tokens, and getting fresh ones in time."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from hongyan_client.errors import HttpError, SessionEndedError
from hongyan_client.http import call

EARLY_S = 30
"""An access token is refreshed so long before its end."""


class Tokens(msgspec.Struct, frozen=True):
    """What a device was given. `expires_ms` is when the access token ends, by this machine's clock."""

    user_id: str
    device_id: str
    access_token: str
    refresh_token: str
    expires_ms: int

    def __repr__(self) -> str:
        return f"Tokens(user_id={self.user_id!r}, device_id={self.device_id!r})"


class TokenStore(Protocol):
    """Where tokens are kept between two runs."""

    async def load(self) -> Tokens | None:
        """The last that were saved."""
        ...

    async def save(self, tokens: Tokens) -> None:
        """Keeps new ones. They are used only after this returned: a refresh token is good for one use."""
        ...


class TokenFile:
    """Tokens in a file that only its owner may read."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    async def load(self) -> Tokens | None:
        """What is in the file; None when there is none, or nothing of use."""
        return await asyncio.to_thread(self._load)

    async def save(self, tokens: Tokens) -> None:
        """Replaces the file as a whole."""
        await asyncio.to_thread(self._save, tokens)

    def _load(self) -> Tokens | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Tokens)
        except (OSError, msgspec.MsgspecError):
            return None

    def _save(self, tokens: Tokens) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_name(self._path.name + ".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(msgspec.json.encode(tokens))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


class Login(msgspec.Struct, frozen=True):
    """A user and, unless tokens are kept that are still good, the password.

    `device_id` names this installed client; left out, the server makes one up. With `tokens`, logging in once is enough
    for as long as the device comes back now and then. `platform` is phone, tablet, desktop or web: a server may bound how many
    of each a user has, and a newer one then replaces the oldest.
    """

    user_id: str
    password: str = ""
    device_id: str = ""
    device_name: str = ""
    tokens: TokenStore | None = None
    platform: str = ""

    def __repr__(self) -> str:
        return f"Login(user_id={self.user_id!r}, device_id={self.device_id!r})"


TokenSource = Callable[[str | None], Awaitable[str]]
"""Gives a token to connect with. The argument is the one that the server would not take any more, if that was so.

Raises SessionEndedError when there is none to be had, HttpError when it cannot be asked for now.
"""


class Session:
    """A TokenSource over a server's HTTP interface."""

    def __init__(self, http_url: str, login: Login) -> None:
        self._url, self._login = http_url.rstrip("/"), login
        self._tokens: Tokens | None = None
        self._lock = asyncio.Lock()

    async def token(self, refused: str | None = None) -> str:
        """An access token that should be good now. Raises SessionEndedError, HttpError."""
        async with self._lock:
            if self._tokens is None:
                self._tokens = await self._kept() or await self._log_in()
            due = self._tokens.expires_ms - 1000 * EARLY_S < _now_ms()
            if due or refused == self._tokens.access_token:
                self._tokens = await self._refresh(self._tokens)
            return self._tokens.access_token

    async def log_in(self) -> None:
        """Logs in with the password, whatever tokens there are. Raises SessionEndedError, HttpError."""
        async with self._lock:
            self._tokens = await self._log_in()

    async def log_out(self) -> None:
        """Ends this device's session on the server. Raises HttpError."""
        async with self._lock:
            tokens, self._tokens = self._tokens or await self._kept(), None
            if tokens is not None:
                await call("DELETE", f"{self._url}/api/v1/sessions/current", type(None), token=tokens.access_token)

    async def _kept(self) -> Tokens | None:
        store = self._login.tokens
        tokens = await store.load() if store is not None else None
        return tokens if tokens is not None and tokens.user_id == self._login.user_id else None

    async def _log_in(self) -> Tokens:
        login = self._login
        if not login.password:
            raise SessionEndedError("No password and no kept tokens: log in first.")
        asked = AskedSession(login.user_id, login.password, login.device_id, login.device_name, login.platform)
        return await self._granted("/api/v1/sessions", asked)

    async def _refresh(self, tokens: Tokens) -> Tokens:
        try:
            return await self._granted("/api/v1/sessions/refresh", AskedRefresh(tokens.refresh_token))
        except SessionEndedError:
            if not self._login.password:
                raise
            return await self._log_in()

    async def _granted(self, path: str, asked: msgspec.Struct) -> Tokens:
        try:
            grant = await call("POST", self._url + path, Grant, asked)
        except HttpError as error:
            if 400 <= error.status < 500 and error.status != 429:
                raise SessionEndedError(str(error)) from error
            raise
        expires_ms = _now_ms() + 1000 * grant.expires_in_s
        tokens = Tokens(grant.user_id, grant.device_id, grant.access_token, grant.refresh_token, expires_ms)
        if self._login.tokens is not None:
            await self._login.tokens.save(tokens)
        return tokens


class AskedSession(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a log in."""

    user_id: str
    password: str
    device_id: str = ""
    device_name: str = ""
    platform: str = ""


class AskedRegistration(msgspec.Struct, frozen=True):
    """The body of a registration."""

    user_id: str
    password: str


class AskedRefresh(msgspec.Struct, frozen=True):
    """The body of a refresh."""

    refresh_token: str


class Grant(msgspec.Struct, frozen=True):
    """The answer to a log in or a refresh."""

    user_id: str
    device_id: str
    access_token: str
    refresh_token: str
    expires_in_s: int


class Registered(msgspec.Struct, frozen=True):
    """The answer to a registration."""

    user_id: str


class Endpoints(msgspec.Struct, frozen=True):
    """Where a server takes connections."""

    ws: str = ""


async def register(http_url: str, user_id: str, password: str) -> None:
    """Makes an account. Raises HttpError, with the code USER_EXISTS when there is one of this name."""
    url = f"{http_url.rstrip('/')}/api/v1/users"
    await call("POST", url, Registered, AskedRegistration(user_id, password))


async def find_endpoint(http_url: str) -> str:
    """The WebSocket address of the server behind an HTTP address. Raises HttpError, also while it is starting."""
    found = await call("GET", f"{http_url.rstrip('/')}/api/v1/endpoints", Endpoints)
    if not found.ws:
        raise HttpError("the server takes no connections yet")
    return found.ws


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
