"""`hongyan key` and `hongyan token`: what an integrator begins with. They work beside a running server too."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from hongyan.config import Config
    from hongyan.services.admin.keys import Keys
    from hongyan.services.users.records import Grant

app = typer.Typer(
    help="Make, list and revoke server keys, with which integrators call /api/v1/server.", no_args_is_help=True
)

R = TypeVar("R")

Data = Annotated[Path | None, typer.Option(help="The data directory.")]
File = Annotated[Path | None, typer.Option("--config", envvar="HONGYAN_CONFIG", help="A TOML file.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="For people: what uses the key.")],
    scopes: Annotated[
        str, typer.Option(help="What it may, separated by commas; see the page on integrators. Empty: everything.")
    ] = "",
    data: Data = None,
    config: File = None,
) -> None:
    """Make a server key. It is printed once, alone on standard output, and kept nowhere."""
    from hongyan.services.admin.keys import SCOPES

    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()] or list(SCOPES)
    made = _with_keys(_config(data, config), lambda keys: keys.create(name, wanted))
    typer.echo(f"The key {made.row.key_id} may: {', '.join(made.row.scopes)}. It is not shown again.", err=True)
    typer.echo(made.text)


@app.command("list")
def list_keys(data: Data = None, config: File = None) -> None:
    """List the server keys: id, since when, until when, scopes, name; a line each."""
    for row in _with_keys(_config(data, config), lambda keys: keys.list()):
        until = _moment(row.revoked_ms) if row.revoked_ms else "-"
        typer.echo(f"{row.key_id}\t{_moment(row.created_ms)}\t{until}\t{','.join(row.scopes)}\t{row.name}")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `hongyan key list` shows it.")],
    data: Data = None,
    config: File = None,
) -> None:
    """Revoke a server key; a running server refuses it within a second."""
    _with_keys(_config(data, config), lambda keys: keys.revoke(key_id))
    typer.echo(f"{key_id} is revoked.")


def token(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    device: Annotated[str, typer.Option(help="The device that gets the tokens; empty: a new one.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print the refresh token too, as JSON.")] = False,
    data: Data = None,
    config: File = None,
) -> None:
    """Mint an access token for a user without his password; for trying things out. It works beside a running server."""
    import json

    grant = _mint(_config(data, config), user, device)
    if not json_:
        typer.echo(grant.access_token)
        return
    said = {
        "user_id": grant.user_id,
        "device_id": grant.device_id,
        "access_token": grant.access_token,
        "expires_in_s": grant.expires_in_s,
        "refresh_token": grant.refresh_token,
    }
    typer.echo(json.dumps(said))


def _mint(config: "Config", user: str, device: str) -> "Grant":
    import asyncio

    from hongyan.app.node import now_ms
    from hongyan.app.users import open_users
    from hongyan.model.ids import DeviceId, parse_device_id, parse_user_id

    user_id = parse_user_id(user)
    device_id = parse_device_id(device) if device else DeviceId("")
    _prepare(config)

    async def mint() -> "Grant":
        async with open_users(config, config.data_dir, now_ms) as users:
            return await users.mint(user_id, device_id, "hongyan token")

    return asyncio.run(mint())


def _config(data: Path | None, file: Path | None) -> "Config":
    from hongyan.config.load import load

    return load(file, os.environ, [f"data_dir={data}"] if data else ())


def _prepare(config: "Config") -> None:
    """Brings the files to this version, unless a server holds them, which has done so. Raises SetupError."""
    from hongyan.adapters.store.migrate import REVISIONS, database_file, revision_of
    from hongyan.app.serve import prepare_data_dir

    files = {name: database_file(config.data_dir, name) for name in ("admin", "user")}
    if any(revision_of(path, name) != REVISIONS[name][-1] for name, path in files.items()):
        prepare_data_dir(config.data_dir).close()


def _with_keys(config: "Config", work: "Callable[[Keys], Awaitable[R]]") -> R:
    """Does something with the server keys of a data directory. Raises SetupError, HongyanError."""
    import asyncio

    from hongyan.adapters.store.admin_sqlite import SqliteAdminStore
    from hongyan.adapters.store.database import Database
    from hongyan.adapters.store.migrate import database_file
    from hongyan.app.node import now_ms
    from hongyan.services.admin.keys import Keys

    _prepare(config)

    async def run() -> R:
        database = Database(database_file(config.data_dir, "admin"), "keys")
        try:
            return await work(Keys(SqliteAdminStore(database), now_ms))
        finally:
            await database.close()

    return asyncio.run(run())


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1_000, UTC).isoformat().replace("+00:00", "Z")
