"""The screen of a person: lines scroll by above one line of input and a status bar."""

import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from hongyan.cli.chat.screen import Status
from hongyan.cli.chat.text import clean, clean_line, readable_chars, shorten
from hongyan.cli.chat.typed import COMMANDS
from hongyan.cli.chat.words import Line, Row

COLOURS = ("cyan", "magenta", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta", "bright_yellow")
LIST_CELLS = 100
STYLE = {
    "bottom-toolbar": "noreverse bg:#303030 #d0d0d0",
    "online": "#87d787",
    "offline": "#ffaf5f bold",
    "accent": "#ffffff bold",
    "prompt": "bold",
}


class TerminalScreen:
    """A terminal, drawn with rich and read with prompt_toolkit."""

    def __init__(self, me: str, server: str) -> None:
        self._me, self._server = clean_line(me), clean_line(server)
        self._status = Status()
        self._console = Console(highlight=False, emoji=False, markup=False)
        self._day = ""
        self._on_typing: Callable[[], None] = _nothing
        self._completions = _Completions()
        self._session: PromptSession[str] | None = None

    def attach(self, on_typing: Callable[[], None], names: Callable[[], Sequence[str]]) -> None:
        self._on_typing, self._completions.names = on_typing, names

    async def lines(self) -> AsyncIterator[str]:
        """Lines that the person enters, until Ctrl-D, or Ctrl-C on an empty line."""
        session = self._session = self._make_session()
        while True:
            try:
                yield await session.prompt_async()
            except KeyboardInterrupt:
                if not session.default_buffer.text:
                    return
            except EOFError:
                return

    def entry(self, line: Line, *, whole: bool = False) -> None:
        self._tell_day(line.time_ms)
        shown = shorten(clean(line.text))
        text = Text(clean(line.text) if whole else shown.text)
        if shown.left_chars and not whole:
            text.append(f"\n… {readable_chars(shown.left_chars)} more: /show {line.seq}", style="dim italic")
        if line.mark:
            text.append(f"  {line.mark}", style="dim green" if "✓✓" in line.mark else "dim")
        if not line.spoken:
            text.stylize("dim italic")
        name = Text("you" if line.own else clean_line(line.sender_id), style=_colour(line.sender_id, own=line.own))
        self._print(_row(str(line.seq), _clock(line.time_ms), name if line.spoken else Text("·", style="dim"), text))

    def chats(self, rows: Sequence[Row]) -> None:
        table = Table.grid(padding=(0, 2), expand=True)
        table.width = min(self._console.width, LIST_CELLS)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        table.add_column(style="dim", no_wrap=True)
        for row in rows:
            title = Text(("▸ " if row.open else "  ") + clean_line(row.title), style="bold" if row.unread else "")
            unread = Text(str(row.unread) if row.unread else "", style="bold black on yellow")
            table.add_row(title, unread, Text(clean_line(row.preview)), Text(_moment(row.time_ms)))
        self._print(table)

    def notice(self, text: str) -> None:
        self._print(Text(clean(text), style="dim cyan"))

    def problem(self, text: str) -> None:
        self._print(Text(f"! {clean_line(text)}", style="bold red"))

    def status(self, status: Status) -> None:
        self._status = status
        if self._session is not None:
            self._session.app.invalidate()

    def _make_session(self) -> PromptSession[str]:
        session: PromptSession[str] = PromptSession(
            message=self._prompt,
            bottom_toolbar=self._toolbar,
            completer=self._completions,
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            # The bar stands right below the line, not below room for a menu.
            reserve_space_for_menu=0,
            erase_when_done=True,
            key_bindings=_keys(),
            style=Style.from_dict(STYLE),
        )
        session.default_buffer.on_text_changed += self._typed
        return session

    def _typed(self, _buffer: object) -> None:
        text = self._session.default_buffer.text if self._session is not None else ""
        if text and not text.startswith("/"):
            self._on_typing()

    def _prompt(self) -> StyleAndTextTuples:
        return [("class:prompt", f"{clean_line(self._status.title)}> ")]

    def _toolbar(self) -> StyleAndTextTuples:
        status = self._status
        online = status.connection == "online"
        parts: StyleAndTextTuples = [
            ("class:online" if online else "class:offline", f" {'●' if online else '○'} {status.connection} "),
        ]
        if status.typing:
            parts.append(("class:accent", f"│ {', '.join(map(clean_line, status.typing))} typing… "))
        if status.waiting:
            parts.append(("class:offline", f"│ {status.waiting} being sent "))
        if status.mark:
            parts.append(("", f"│ your {status.mark_seq}: {status.mark} "))
        if status.unread:
            parts.append(("class:accent", f"│ {status.unread} unread elsewhere "))
        # Last, for a narrow terminal cuts the end off.
        parts.append(("", f"│ {self._me} on {self._server} "))
        return parts

    def _tell_day(self, time_ms: int) -> None:
        day = f"{datetime.fromtimestamp(time_ms / 1000).astimezone():%A, %d %B %Y}"
        if day != self._day:
            self._day = day
            self._console.rule(Text(day, style="dim"), style="dim")

    def _print(self, what: RenderableType) -> None:
        self._console.print(what)


class _Completions(Completer):
    """Commands behind a `/`, and names behind `/open`."""

    def __init__(self) -> None:
        self.names: Callable[[], Sequence[str]] = tuple

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002 - prompt_toolkit gives it
        text = document.text_before_cursor
        if text.startswith("/open "):
            begun = text.removeprefix("/open ")
            yield from (Completion(name, -len(begun)) for name in self.names() if name.startswith(begun))
        elif text.startswith("/") and " " not in text:
            for word, usage in COMMANDS.items():
                if f"/{word}".startswith(text):
                    yield Completion(f"/{word}", -len(text), display_meta=usage.meaning)


def _keys() -> KeyBindings:
    """Alt-Enter begins a new line in a message."""
    keys = KeyBindings()

    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    keys.add("escape", "enter")(new_line)
    return keys


def _row(seq: str, clock: str, name: Text, text: Text) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(justify="right", style="dim", width=4, no_wrap=True)
    row.add_column(style="dim", width=5)
    row.add_column(justify="right", min_width=8, no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(seq, clock, name, text)
    return row


def _colour(user_id: str, *, own: bool) -> str:
    return "bold green" if own else f"bold {COLOURS[zlib.crc32(user_id.encode()) % len(COLOURS)]}"


def _clock(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000).astimezone():%H:%M}"


def _moment(time_ms: int) -> str:
    if not time_ms:
        return ""
    then, now = datetime.fromtimestamp(time_ms / 1000).astimezone(), datetime.now().astimezone()
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%d %b}" if then.year == now.year else f"{then:%Y-%m-%d}"


def _nothing() -> None:
    return None
