"""`hongyan demo`: options, a bar while the story is played, and how to look at it afterwards."""

import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer

from hongyan.model.errors import SetupError

if TYPE_CHECKING:
    from rich.console import Console

    from hongyan.cli.demo.play import Played
    from hongyan.cli.demo.story import Story

PASSWORD_VARIABLE = "HONGYAN_PASSWORD"  # noqa: S105 - the name of a variable


def demo(
    url: Annotated[str, typer.Option(help="The server's HTTP address.")] = "http://127.0.0.1:8080",
    password_file: Annotated[
        Path | None,
        typer.Option(
            help=f"A file with the password of all its people; else {PASSWORD_VARIABLE}, or one is made and kept."
        ),
    ] = None,
) -> None:
    """Fill an installation with people, groups and a day of talk, in Chinese and English.

    Run again, it makes what is missing and changes nothing else.
    """
    import asyncio

    from rich.console import Console

    from hongyan.cli.chat.account import check_url
    from hongyan.cli.demo.play import play
    from hongyan.cli.demo.story import load_story

    place, story = check_url(url), load_story()
    password = _password(place, password_file)
    try:
        with Bar(Console(stderr=True)) as bar:
            played = asyncio.run(play(place, password, story, bar))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    is_given = password_file is not None or bool(os.environ.get(PASSWORD_VARIABLE))
    _tell(place, story, played, "" if is_given else password)


def _password(url: str, file: Path | None) -> str:
    """What was given, or the one that was made for this server. Raises SetupError."""
    from hongyan.cli.chat.account import server_folder

    given = os.environ.get(PASSWORD_VARIABLE, "")
    if file is None:
        return given or _made_password(server_folder(url, os.environ) / "demo-password")
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error


def _made_password(path: Path) -> str:
    """Made once a server, and kept where only its owner reads: run again, the people are the same."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(12))
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SetupError(f"{path} cannot be read or written: {error.strerror}.") from error


def _tell(url: str, story: "Story", played: "Played", password: str) -> None:
    for sentence in played.refused:
        typer.echo(f"hongyan: not done: {sentence}", err=True)
    people, pairs = len(story.people), len(story.pairs)
    made = f"{played.registered} new" if played.registered else "all known already"
    typer.echo(f"{people} people ({made}), {len(story.groups)} groups, {pairs} pairs, {played.lines} lines.")
    first = next(iter(story.people))
    typer.echo(
        f"Look at it: {url}, as {first} or another, with the password {password}; or hongyan chat --url {url} --user {first}"
    )
    typer.echo("The people: " + ", ".join(f"{user_id} ({name})" for user_id, name in story.people.items()))


class Bar:
    """Implements `play.Progress`: a bar on a terminal, nothing where nobody watches. Use as a context."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def phase(self, name: str, total: int) -> None:
        """A bar of its own for each."""
        self._task = self._progress.add_task(name, total=total)

    def step(self) -> None:
        """One further."""
        self._progress.advance(self._task)
