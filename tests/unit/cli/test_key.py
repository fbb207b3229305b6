"""`hongyan key` and `hongyan token` work beside a running server."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hongyan.adapters.store.admin_sqlite import SqliteAdminStore
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.migrate import database_file
from hongyan.app.lock import DirectoryLock
from hongyan.app.node import now_ms
from hongyan.app.users import open_users
from hongyan.cli import build_app
from hongyan.config.load import load
from hongyan.model.codes import InvalidField, KeyUnknown, TokenInvalid, UserUnknown
from hongyan.model.ids import UserId
from hongyan.ports.admin import KeyRow
from hongyan.services.admin.keys import SCOPES, Keys


def run(data: Path, *words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(build_app(), [*words, "--data", str(data)])


def authenticated(data: Path, text: str, scope: str) -> KeyRow:
    """The key of a text, as a server finds it."""

    async def authenticate() -> KeyRow:
        database = Database(database_file(data, "admin"), "keys")
        try:
            return await Keys(SqliteAdminStore(database), now_ms).authenticate(text, scope)
        finally:
            await database.close()

    return asyncio.run(authenticate())


def test_a_key_is_printed_alone_and_opens_what_it_was_made_for(tmp_path: Path) -> None:
    made = run(tmp_path, "key", "create", "shop", "--scopes", "users, tokens")
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert authenticated(tmp_path, key, "tokens").scopes == ("users", "tokens")
    assert key.split("_", 2)[2] not in database_file(tmp_path, "admin").read_bytes().decode("latin-1")
    everything = run(tmp_path, "key", "create", "all").stdout.strip()
    assert authenticated(tmp_path, everything, "filter").scopes == SCOPES


def test_keys_are_listed_and_revoked_while_a_server_holds_the_directory(tmp_path: Path) -> None:
    key = run(tmp_path, "key", "create", "shop").stdout.strip()
    lock = DirectoryLock(tmp_path)
    try:
        key_id = run(tmp_path, "key", "list").stdout.split("\t")[0]
        assert authenticated(tmp_path, key, "keys").key_id == key_id
        assert run(tmp_path, "key", "revoke", key_id).exit_code == 0
        assert run(tmp_path, "key", "list").stdout.split("\t")[2] != "-"
    finally:
        lock.close()
    with pytest.raises(TokenInvalid):
        authenticated(tmp_path, key, "keys")


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path, "key", "create", "shop", "--scopes", "world").exception, InvalidField)
    assert isinstance(run(tmp_path, "key", "revoke", "0").exception, KeyUnknown)
    assert isinstance(run(tmp_path, "token", "nobody").exception, UserUnknown)


def test_a_token_is_minted_for_a_user_who_exists(tmp_path: Path) -> None:
    assert run(tmp_path, "key", "create", "x").exit_code == 0

    async def provide() -> None:
        async with open_users(load(environment={}), tmp_path, now_ms) as users:
            await users.provide(UserId("alice"))

    asyncio.run(provide())
    lock = DirectoryLock(tmp_path)
    try:
        minted = run(tmp_path, "token", "alice", "--device", "cli")
        grant = json.loads(run(tmp_path, "token", "alice", "--json").stdout)
    finally:
        lock.close()

    async def authenticate(token: str) -> tuple[str, str]:
        async with open_users(load(environment={}), tmp_path, now_ms) as users:
            identity = await users.authenticate(token)
            return identity.user_id, identity.device_id

    assert asyncio.run(authenticate(minted.stdout.strip())) == ("alice", "cli")
    assert asyncio.run(authenticate(grant["access_token"])) == ("alice", grant["device_id"])
