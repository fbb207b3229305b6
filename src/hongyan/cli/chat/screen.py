"""What the session asks of a screen, and the screen of pipes: plain lines in and out."""

import asyncio
import codecs
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import CancelledError
from typing import Protocol, TextIO

import msgspec

from hongyan.cli.chat.text import clean, clean_line, readable_chars, shorten
from hongyan.cli.chat.words import Line, Row

LINE_BYTES = 1 << 20
READ_BYTES = 1 << 16
ONLINE = "online"


class Status(msgspec.Struct, frozen=True):
    """What is seen all the time.

    The connection; the open chat; the own last message there and its read mark; who is typing; how much is unread
    elsewhere; how many messages have no receipt yet.
    """

    connection: str = "connecting…"
    title: str = ""
    mark_seq: int = 0
    mark: str = ""
    typing: tuple[str, ...] = ()
    unread: int = 0
    waiting: int = 0


class Screen(Protocol):
    """Where a person reads and types. Every method takes text of others as it is, and shows it clean."""

    def attach(self, on_typing: Callable[[], None], names: Callable[[], Sequence[str]]) -> None:
        """Whom to tell that the person is writing a message, and whom to ask for the names that `/open` takes."""
        ...

    def lines(self) -> AsyncIterator[str]:
        """What the person enters, line by line, until there is no more."""
        ...

    def entry(self, line: Line, *, whole: bool = False) -> None:
        """Shows an entry; a long one shortened unless the `whole` is wanted."""
        ...

    def chats(self, rows: Sequence[Row]) -> None:
        """Shows the list of chats."""
        ...

    def notice(self, text: str) -> None:
        """Tells something in passing."""
        ...

    def problem(self, text: str) -> None:
        """Tells what went wrong, in a sentence."""
        ...

    def status(self, status: Status) -> None:
        """The status is this now."""
        ...


class PlainScreen:
    """Lines for pipes and tests.

    An entry is `SEQ NAME: text` with its further lines indented by four blanks; all else begins with `* `, and a
    problem with `! `.
    """

    def __init__(self, fd_in: int, out: TextIO) -> None:
        self._fd, self._out = fd_in, out
        self._status = Status()

    def attach(self, on_typing: Callable[[], None], names: Callable[[], Sequence[str]]) -> None:
        """Nobody types here."""

    async def lines(self) -> AsyncIterator[str]:
        """Lines of standard input, read by a thread that waits while the session is busy."""
        # A thread, for a pipe, a file and /dev/null alike; a daemon, for it may wait for input at the end.
        queue: asyncio.Queue[str | None] = asyncio.Queue(1)
        reader = threading.Thread(
            target=_read_lines, args=(self._fd, queue, asyncio.get_running_loop()), name="chat-input", daemon=True
        )
        reader.start()
        while (line := await queue.get()) is not None:
            yield line

    def entry(self, line: Line, *, whole: bool = False) -> None:
        shown = shorten(clean(line.text))
        text = clean(line.text) if whole else shown.text
        said = f"{line.seq} {clean_line(line.sender_id)}: {text}" if line.spoken else f"* {line.seq} {text}"
        self._write(said)
        if shown.left_chars and not whole:
            self._write(f"* … {readable_chars(shown.left_chars)} more: /show {line.seq}")

    def chats(self, rows: Sequence[Row]) -> None:
        for row in rows:
            unread = f" ({row.unread} unread)" if row.unread else ""
            self.notice(f"{row.title}{unread}: {row.preview}")

    def notice(self, text: str) -> None:
        for line in clean(text).split("\n"):
            self._write(f"* {line}")

    def problem(self, text: str) -> None:
        self._write(f"! {clean_line(text)}")

    def status(self, status: Status) -> None:
        before, self._status = self._status, status
        if status.connection == ONLINE != before.connection:
            self.notice(ONLINE)
        marked = (status.title, status.mark_seq, status.mark)
        if status.mark and marked != (before.title, before.mark_seq, before.mark):
            self.notice(f"{status.mark_seq} {status.mark}")

    def _write(self, text: str) -> None:
        self._out.write(text.replace("\n", "\n    ") + "\n")
        self._out.flush()


def _read_lines(fd: int, queue: "asyncio.Queue[str | None]", loop: asyncio.AbstractEventLoop) -> None:
    """Puts each line into the queue, and None at the end. A line longer than LINE_BYTES comes in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    try:
        # Not through sys.stdin: its lock would be held by this thread when the program ends.
        while read := os.read(fd, READ_BYTES):
            *lines, rest = (rest + decoder.decode(read)).split("\n")
            if len(rest) > LINE_BYTES:
                lines, rest = [*lines, rest], ""
            for line in lines:
                _put(line.removesuffix("\r"), queue, loop)
        for last in (rest,) if rest else ():
            _put(last, queue, loop)
        _put(None, queue, loop)
    except (OSError, RuntimeError, CancelledError):
        # The input is gone, or the session is: nobody waits for more.
        return


def _put(line: str | None, queue: "asyncio.Queue[str | None]", loop: asyncio.AbstractEventLoop) -> None:
    asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
