"""`hongyan user`: accounts and devices of a data directory that no server holds."""

import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from hongyan.config import Config
    from hongyan.services.users.service import Users

app = typer.Typer(
    help="Add and delete users, set passwords, list users and devices, log devices out; while no server runs on the directory.",
    no_args_is_help=True,
)

R = TypeVar("R")

UserName = Annotated[str, typer.Argument(metavar="USER", help="The user's id.")]
Data = Annotated[Path | None, typer.Option(help="The data directory.")]
File = Annotated[Path | None, typer.Option("--config", envvar="HONGYAN_CONFIG", help="A TOML file.")]


@app.command()
def add(user: UserName, data: Data = None, config: File = None) -> None:
    """Add a user. The password is asked for, or read from standard input when that is no terminal."""
    from hongyan.model.ids import parse_user_id
    from hongyan.services.users.records import Registration

    registration = Registration(parse_user_id(user), _ask_password(user))
    _run(_config(data, config), lambda users: users.register(registration))
    typer.echo(f"{user} can log in.")


@app.command()
def password(user: UserName, data: Data = None, config: File = None) -> None:
    """Set a new password and log out every device. It is asked for as by `add`."""
    from hongyan.model.ids import parse_user_id

    settings = _config(data, config, existing=True)
    user_id, new = parse_user_id(user), _ask_password(user)
    _run(settings, lambda users: users.set_password(user_id, new))
    typer.echo(f"The password of {user} is set; every device is logged out.")


@app.command("list")
def list_users(data: Data = None, config: File = None) -> None:
    """List the users: id and since when, a line each."""

    async def print_all(users: "Users") -> None:
        after = ""
        while page := await users.page(after):
            for user in page:
                typer.echo(f"{user.user_id}\t{_moment(user.created_ms)}")
            after = page[-1].user_id

    _run(_config(data, config, existing=True), print_all)


@app.command()
def devices(user: UserName, data: Data = None, config: File = None) -> None:
    """List the devices on which a user is logged in: id, since when, last seen, name."""
    from hongyan.model.ids import parse_user_id

    user_id = parse_user_id(user)

    async def print_all(users: "Users") -> None:
        await users.user(user_id)
        for device in await users.devices(user_id):
            since, seen = _moment(device.created_ms), _moment(device.refreshed_ms)
            typer.echo(f"{device.device_id}\t{since}\t{seen}\t{device.name}")

    _run(_config(data, config, existing=True), print_all)


@app.command()
def logout(
    user: UserName,
    device: Annotated[str, typer.Argument(metavar="[DEVICE]", help="Only this one; else all.")] = "",
    data: Data = None,
    config: File = None,
) -> None:
    """Log a user's device out, or all of them."""
    from hongyan.model.ids import parse_device_id, parse_user_id

    user_id = parse_user_id(user)
    chosen = [parse_device_id(device)] if device else []

    async def log_out(users: "Users") -> int:
        await users.user(user_id)
        device_ids = chosen or [found.device_id for found in await users.devices(user_id)]
        for device_id in device_ids:
            await users.log_out_device(user_id, device_id)
        return len(device_ids)

    count = _run(_config(data, config, existing=True), log_out)
    typer.echo(f"{count} {'device' if count == 1 else 'devices'} of {user} logged out.")


@app.command()
def delete(
    user: UserName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
    config: File = None,
) -> None:
    """Delete an account. Its id stays taken; what it is in, it leaves when the server runs again."""
    from hongyan.model.ids import parse_user_id

    settings = _config(data, config, existing=True)
    user_id = parse_user_id(user)
    if not yes:
        typer.confirm(f"Delete {user}? This cannot be undone.", abort=True)
    _run(settings, lambda users: users.remove(user_id))
    typer.echo(f"{user} is deleted.")


def _config(data: Path | None, file: Path | None, *, existing: bool = False) -> "Config":
    """The configuration of these options. With `existing` there has to be something already."""
    from hongyan.adapters.store.migrate import database_file
    from hongyan.config.load import load
    from hongyan.model.errors import SetupError

    config = load(file, os.environ, [f"data_dir={data}"] if data else ())
    if existing and not database_file(config.data_dir, "user").exists():
        raise SetupError(f"{config.data_dir} holds no users; say which data directory with --data.")
    return config


def _run(config: "Config", work: "Callable[[Users], Awaitable[R]]") -> R:
    """Does something with the users service on a directory that nobody else holds. Raises SetupError, HongyanError."""
    import asyncio

    from hongyan.app.node import now_ms
    from hongyan.app.serve import prepare_data_dir
    from hongyan.app.users import open_users

    async def run() -> R:
        async with open_users(config, config.data_dir, now_ms) as users:
            return await work(users)

    lock = prepare_data_dir(config.data_dir)
    try:
        return asyncio.run(run())
    finally:
        lock.close()


def _ask_password(user: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(f"Password of {user}", hide_input=True, confirmation_prompt=True))


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1_000, UTC).isoformat().replace("+00:00", "Z")
