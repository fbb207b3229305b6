"""`hongyan chat`: options, the person at the keyboard, and how a session ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import msgspec
import typer

from hongyan.model.errors import SetupError

if TYPE_CHECKING:
    from hongyan.cli.chat.account import Desk
    from hongyan.cli.chat.screen import Screen
    from hongyan.model.ids import UserId

PASSWORD_VARIABLE = "HONGYAN_PASSWORD"  # noqa: S105 - the name of a variable


class Means(msgspec.Struct, frozen=True):
    """How a password comes here: whether a person can be asked, the file that has it, and whether to make an account."""

    asks: bool
    password_file: Path | None
    register: bool


def chat(
    url: Annotated[str, typer.Option(help="The server's HTTP address.")] = "http://127.0.0.1:8080",
    user: Annotated[str, typer.Option(help="Who you are; asked for the first time.")] = "",
    with_: Annotated[str, typer.Option("--with", metavar="NAME", help="Open this chat: bob, or #team.")] = "",
    password_file: Annotated[
        Optional[Path], typer.Option(help=f"A file with the password; else {PASSWORD_VARIABLE}, else it is asked for.")  # noqa: UP045 - typer reads it
    ] = None,
    register: Annotated[bool, typer.Option("--register", help="Make the account when there is none, unasked.")] = False,
) -> None:
    """Chat in this terminal; through pipes, line by line. Logging in once is enough: tokens are kept, not the password."""
    import asyncio

    from hongyan.cli.chat.account import check_url

    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    means = Means(sys.stdin.isatty(), password_file, register)
    try:
        desk = _desk(check_url(url), user, asks=means.asks)
        asyncio.run(_chat(desk, means, first=with_, at_terminal=at_terminal))
    except BrokenPipeError:
        # Nobody reads any more; what Python would flush at the end has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _chat(desk: "Desk", means: Means, *, first: str, at_terminal: bool) -> None:
    """From the door to the end of the session. Raises SetupError, BrokenPipeError, and Exit when the server ended it."""
    from hongyan.cli.chat.account import is_overheard, log_in
    from hongyan.cli.chat.session import Chat
    from hongyan_client import Client, ClientError, ClientOptions

    desk.make()
    if is_overheard(desk.url):
        typer.echo(f"hongyan: {desk.url} is not encrypted: whoever sits in between can read along.", err=True)
    login = await log_in(desk, _Keyboard(desk.url, means))
    try:
        with _screen(desk, at_terminal=at_terminal) as screen:
            options = ClientOptions(client_name="hongyan chat", backoff_last_s=10.0)
            async with Client(desk.url, login, store=desk.store, options=options) as client:
                await Chat(client, screen).run(first)
    except* (ClientError, BrokenPipeError) as group:
        raise _ending(desk, _first(group)) from None


def _ending(desk: "Desk", error: Exception) -> Exception:
    """How the program ends after what ended the session."""
    from hongyan.cli.chat.words import sentence_of
    from hongyan_client import CloseCode, SessionEndedError

    if isinstance(error, BrokenPipeError):
        return error
    if not isinstance(error, SessionEndedError):
        return SetupError(sentence_of(error))
    again = error.close_code in (0, CloseCode.NOT_AUTHENTICATED, CloseCode.LOGGED_OUT, CloseCode.REPLACED)
    if again:
        desk.forget_tokens()
    typer.echo(f"hongyan: {sentence_of(error)}{' Start again to log in.' if again else ''}", err=True)
    return typer.Exit(1)


@contextmanager
def _screen(desk: "Desk", *, at_terminal: bool) -> "Iterator[Screen]":
    from hongyan.cli.chat.screen import PlainScreen

    if not at_terminal:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace")
        yield PlainScreen(sys.stdin.fileno(), sys.stdout)
        return
    from prompt_toolkit.patch_stdout import patch_stdout

    from hongyan.cli.chat.terminal import TerminalScreen

    server = desk.url.partition("://")[2]
    # Raw: the colours are ours; what others wrote has lost its control characters before.
    with patch_stdout(raw=True):
        screen = TerminalScreen(desk.user_id, server)
        screen.notice(f"鸿雁 hongyan: {desk.user_id} on {server}. /help says what can be typed, Ctrl-D ends.")
        yield screen


def _desk(url: str, user: str, *, asks: bool) -> "Desk":
    """The user's folder; the one who was here last, or the one who is asked. Raises SetupError, InvalidField."""
    from hongyan.cli.chat.account import desk_at, known_users

    known = known_users(url, os.environ)
    if not user and asks:
        user = str(typer.prompt("Your name", default=known[0] if known else None)).strip()
    if not user:
        raise SetupError("Say who you are with --user NAME.")
    return desk_at(url, user, os.environ)


class _Keyboard:
    """The person at the keyboard, or what was given for one."""

    def __init__(self, url: str, means: Means) -> None:
        self._url, self._means = url, means
        self._password = ""

    def password(self, user_id: "UserId") -> str:
        self._password = self._given() or self._ask(f"Password of {user_id}")
        return self._password

    def wants_account(self, user_id: "UserId") -> bool:
        if self._means.register:
            return True
        if not self._means.asks:
            return False
        typer.echo(f"{self._url} does not know {user_id} with this password.")
        if not typer.confirm(f"Make a new account {user_id} there?"):
            return False
        if not self._given() and self._ask("The password again") != self._password:
            raise SetupError("The two passwords differ; nothing was made.")
        return True

    def _given(self) -> str:
        path = self._means.password_file
        if path is None:
            return os.environ.get(PASSWORD_VARIABLE, "")
        try:
            return path.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{path} cannot be read: {error}.") from error

    def _ask(self, question: str) -> str:
        if not self._means.asks:
            raise SetupError(f"A password is needed: set {PASSWORD_VARIABLE}, or give --password-file.")
        return str(typer.prompt(question, hide_input=True))


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
