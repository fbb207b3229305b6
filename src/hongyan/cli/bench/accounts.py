"""Users for a run: written straight into a data directory that no server holds yet, or registered over HTTP."""

import asyncio
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hongyan.adapters.store.database import Database
from hongyan.adapters.store.migrate import database_file
from hongyan.adapters.store.users_sqlite import SqliteUserStore
from hongyan.cli.bench.messages import Account
from hongyan.cli.bench.troubles import RegistrationError
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.users import UserRow
from hongyan.services.users.secrets import open_secrets
from hongyan.services.users.tokens import AccessTokens, Claims

TOKEN_TTL_S = 86_400
MAX_REGISTERED = 2_000
"""Registering costs the server a password hash each; more than so many takes minutes."""

LONGEST_WAIT_S = 120.0
TOO_MANY = 429

_NO_PASSWORD = "!"  # noqa: S105 - no hash is equal to it: these users cannot log in
_DEVICE = DeviceId("bench")

Progress = Callable[[int], None]
"""Told how many are done."""


def names(count: int) -> list[UserId]:
    """User ids that no earlier run has used."""
    run = secrets.token_hex(3)
    return [UserId(f"b{run}-{k:05d}") for k in range(count)]


def plant(data_dir: Path, count: int) -> list[Account]:
    """Users in a data directory without a server, with tokens of its own secret; it is made when it is not there.

    Raises SetupError when a server holds the directory.
    """
    from hongyan.app.serve import prepare_data_dir  # the whole server: a run with --url never needs it

    lock = prepare_data_dir(data_dir)
    try:
        users = names(count)
        asyncio.run(_add(data_dir, users))
        tokens = AccessTokens(open_secrets(data_dir), TOKEN_TTL_S, _now_ms)
        return [Account(user, tokens.issue(Claims(user, _DEVICE, secrets.token_urlsafe(16)))) for user in users]
    finally:
        lock.close()


async def _add(data_dir: Path, users: list[UserId]) -> None:
    database = Database(database_file(data_dir, "user"), "accounts")
    store, now_ms = SqliteUserStore(database), _now_ms()
    try:
        for user in users:
            await store.add(UserRow(user, _NO_PASSWORD, now_ms))
    finally:
        await database.close()


def register(http_url: str, count: int, progress: Progress) -> list[Account]:
    """Users registered and logged in over HTTP, a few at a time. Raises RegistrationError.

    A server's limits for one address (`users.registrations_per_hour`, `users.log_ins_per_minute`) hold here too.
    """
    if count > MAX_REGISTERED:
        raise RegistrationError(f"{count} users are too many to register; {MAX_REGISTERED} are the most.")
    accounts = []
    with ThreadPoolExecutor(4, thread_name_prefix="register") as pool:
        for account in pool.map(lambda user: _register(http_url, user), names(count)):
            accounts.append(account)
            progress(len(accounts))
    return accounts


def websocket_url(http_url: str) -> str:
    """Where a server says that it takes WebSocket connections. Raises RegistrationError."""
    found = _ask(f"{http_url}/api/v1/endpoints").get("ws")
    if not isinstance(found, str) or not found:
        raise RegistrationError(f"{http_url} does not say where it takes WebSocket connections; give --ws.")
    return found


def _register(http_url: str, user_id: UserId) -> Account:
    password = secrets.token_urlsafe(18)
    _ask(f"{http_url}/api/v1/users", {"user_id": user_id, "password": password})
    asked = {"user_id": user_id, "password": password, "device_id": _DEVICE}
    grant = _ask(f"{http_url}/api/v1/sessions", asked)
    return Account(user_id, str(grant["access_token"]))


def _ask(url: str, body: dict[str, str] | None = None) -> dict[str, object]:
    """A GET, or a POST of a body; asks again after a 429 that says how long to wait."""
    if not url.startswith(("http://", "https://")):
        raise RegistrationError(f"{url} is not an HTTP address.")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - checked above
    deadline = time.monotonic() + LONGEST_WAIT_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310 - checked above
                found = json.loads(reply.read() or b"{}")
                return found if isinstance(found, dict) else {}
        except urllib.error.HTTPError as error:
            told = error.read(500).decode(errors="replace")
            wait_s = float(error.headers.get("Retry-After") or LONGEST_WAIT_S)
            if error.code != TOO_MANY or time.monotonic() + wait_s > deadline:
                raise RegistrationError(f"{url} answered {error.code}: {told}") from error
            time.sleep(wait_s)
        except (OSError, ValueError) as error:
            raise RegistrationError(f"{url} cannot be asked: {error}") from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
