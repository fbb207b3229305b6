"""`hongyan demo`: options, a bar while the story is played, and how to look at it afterwards."""

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import urlsplit

import typer

from hongyan.model.errors import SetupError

if TYPE_CHECKING:
    from rich.console import Console

    from hongyan.cli.demo.play import Played
    from hongyan.cli.demo.story import Story

PASSWORD_VARIABLE = "HONGYAN_PASSWORD"  # noqa: S105 - the name of a variable
PASSWORD = "greenhill-tea"  # noqa: S105 - known to everybody on purpose, and used on this machine only
LOCAL = ("localhost", "127.0.0.1", "::1")


def demo(
    url: Annotated[str, typer.Option(help="The server's HTTP address.")] = "http://127.0.0.1:8080",
    password_file: Annotated[
        Path | None, typer.Option(help=f"A file with the password of all its people; else {PASSWORD_VARIABLE}.")
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
    _tell(place, story, played, known=password == PASSWORD)


def _password(url: str, file: Path | None) -> str:
    """What was given, or on this machine the demo's own. Raises SetupError."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{file} cannot be read: {error}.") from error
    given = os.environ.get(PASSWORD_VARIABLE, "")
    if not given and urlsplit(url).hostname not in LOCAL:
        reason = "others can reach this server, and the demo's usual password is known to everybody"
        raise SetupError(f"Set {PASSWORD_VARIABLE}, or give --password-file: {reason}.")
    return given or PASSWORD


def _tell(url: str, story: "Story", played: "Played", *, known: bool) -> None:
    for sentence in played.refused:
        typer.echo(f"hongyan: not done: {sentence}", err=True)
    people, pairs = len(story.people), len(story.pairs)
    made = f"{played.registered} new" if played.registered else "all known already"
    typer.echo(f"{people} people ({made}), {len(story.groups)} groups, {pairs} pairs, {played.lines} lines.")
    with_password = f" with the password {PASSWORD}" if known else ""
    first = next(iter(story.people))
    typer.echo(f"Look at it: {url}, as {first} or another{with_password}; or hongyan chat --url {url} --user {first}")
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
