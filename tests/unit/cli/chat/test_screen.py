"""The screen of pipes: a line is a message or a command, and what comes out can be read by a program."""

import io
import os
from collections.abc import Iterator
from typing import Protocol

import pytest

from hongyan.cli.chat.screen import LINE_BYTES, PlainScreen, Status
from hongyan.cli.chat.words import Line, Row


class Pipe(Protocol):
    def __call__(self, content: bytes) -> PlainScreen: ...


@pytest.fixture
def typed(tmp_path: object) -> Iterator[Pipe]:
    """A screen whose input holds these bytes and then ends."""
    opened: list[int] = []

    def make(content: bytes) -> PlainScreen:
        fd = os.memfd_create("input")
        opened.append(fd)
        os.write(fd, content)
        os.lseek(fd, 0, os.SEEK_SET)
        return PlainScreen(fd, io.StringIO())

    yield make
    for fd in opened:
        os.close(fd)


def shown(out: io.StringIO) -> list[str]:
    return out.getvalue().splitlines()


async def test_lines_come_one_by_one_with_or_without_a_last_newline(typed: Pipe) -> None:
    assert [line async for line in typed("你好\r\n\n😀\nlast".encode()).lines()] == ["你好", "", "😀", "last"]
    assert [line async for line in typed(b"").lines()] == []


async def test_a_long_line_comes_whole_and_a_monstrous_one_in_pieces(typed: Pipe) -> None:
    assert [line async for line in typed("字".encode() * 20_000 + b"\n").lines()] == ["字" * 20_000]
    pieces = [line async for line in typed(b"x" * (3 * LINE_BYTES)).lines()]
    assert "".join(pieces) == "x" * (3 * LINE_BYTES)
    assert len(pieces) > 1


async def test_bytes_that_are_no_text_do_not_end_the_input(typed: Pipe) -> None:
    assert [line async for line in typed(b"\xff\xfe\nok\n").lines()] == ["\ufffd\ufffd", "ok"]


def test_a_message_is_its_number_its_sender_and_its_text() -> None:
    out = io.StringIO()
    PlainScreen(0, out).entry(Line(12, 0, "bob", "one\ntwo", own=False, spoken=True))
    assert shown(out) == ["12 bob: one", "    two"]


def test_a_long_message_is_shortened_and_shown_whole_when_asked_for() -> None:
    out, long = io.StringIO(), "\n".join(str(number) for number in range(1_000))
    screen = PlainScreen(0, out)
    screen.entry(Line(3, 0, "bob", long, own=False, spoken=True))
    assert len(shown(out)) < 30
    assert shown(out)[-1].endswith("characters more: /show 3")
    out.truncate(0)
    screen.entry(Line(3, 0, "bob", long, own=False, spoken=True), whole=True)
    assert out.getvalue().strip("\0\n").replace("\n    ", "\n") == f"3 bob: {long}"


def test_nothing_of_others_brings_a_control_character_or_a_false_line() -> None:
    out, evil = io.StringIO(), "x\x1b[2J\r9 bob: forged\x9b"
    screen = PlainScreen(0, out)
    screen.entry(Line(1, 0, "carol", evil, own=False, spoken=True))
    screen.entry(Line(1, 0, "carol", evil, own=False, spoken=True), whole=True)
    screen.entry(Line(1, 0, "carol", evil, own=False, spoken=False))
    screen.notice(evil)
    screen.problem(evil)
    screen.chats([Row(evil, 1, 0, evil)])
    screen.status(Status("online", evil, 3, "✓✓ read", (evil,)))
    assert not {"\x1b", "\x9b", "\r"} & set(out.getvalue())
    assert not [line for line in shown(out) if line.startswith("9 bob")]


def test_of_the_status_what_is_new_is_told_once() -> None:
    out = io.StringIO()
    screen = PlainScreen(0, out)
    for status in (
        Status(),
        Status("online"),
        Status("online", "bob", 4, "sent"),
        Status("online", "bob", 4, "✓✓ read", ("bob",)),
        Status("online", "bob", 4, "✓✓ read"),
        Status("reconnecting in 3 s", "bob", 4, "✓✓ read"),
        Status("online", "bob", 4, "✓✓ read"),
    ):
        screen.status(status)
    assert shown(out) == ["* online", "* 4 sent", "* 4 ✓✓ read", "* online"]
