"""What a person sees at a terminal."""

import re

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text

from hongyan.cli.chat.screen import Status
from hongyan.cli.chat.terminal import TerminalScreen
from hongyan.cli.chat.words import Line, Row

EVIL = "x\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202e"
UNWANTED = set("\x1b\x07\r\x9b\u202e")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> TerminalScreen:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TZ", "UTC")
    # Without colours nothing is written but what was given.
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    return TerminalScreen("alice", "127.0.0.1:8080")


def test_a_message_stands_beside_its_number_and_its_sender_with_its_lines_aligned(
    screen: TerminalScreen, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.entry(Line(12, 1_790_000_000_000, "bob", "你好 😀\nשלום", own=False, spoken=True))
    day, first, second = capsys.readouterr().out.rstrip("\n").split("\n")
    assert "2026" in day
    assert first.split() == ["12", first.split()[1], "bob", "你好", "😀"]
    assert second.strip() == "שלום"
    assert len(second) - len(second.lstrip()) == first.index("你")


def test_the_day_is_told_once(screen: TerminalScreen, capsys: pytest.CaptureFixture[str]) -> None:
    for seq in (1, 2):
        screen.entry(Line(seq, 1_790_000_000_000, "bob", "x", own=False, spoken=True))
    assert capsys.readouterr().out.count("2026") == 1


def test_an_own_message_has_its_mark(screen: TerminalScreen, capsys: pytest.CaptureFixture[str]) -> None:
    screen.entry(Line(1, 0, "alice", "hi", own=True, spoken=True, mark="✓✓ read"))
    assert "you hi  ✓✓ read" in capsys.readouterr().out


def test_markup_and_names_of_emoji_are_text(screen: TerminalScreen, capsys: pytest.CaptureFixture[str]) -> None:
    screen.entry(Line(1, 0, "bob", "[bold]x[/bold] :smile:", own=False, spoken=True))
    screen.notice("[red]x")
    out = capsys.readouterr().out
    assert "[bold]x[/bold] :smile:" in out
    assert "[red]x" in out


def test_nothing_of_others_steers_the_terminal(screen: TerminalScreen, capsys: pytest.CaptureFixture[str]) -> None:
    screen.entry(Line(1, 0, EVIL, EVIL, own=False, spoken=True))
    screen.entry(Line(1, 0, EVIL, EVIL * 1_000, own=False, spoken=True))
    screen.entry(Line(1, 0, EVIL, EVIL, own=False, spoken=False), whole=True)
    screen.chats([Row(EVIL, 3, 0, EVIL)])
    screen.notice(EVIL)
    screen.problem(EVIL)
    screen.status(Status("online", EVIL, 1, "✓ delivered", (EVIL,), 2, 1))
    bars = fragment_list_to_text(screen._toolbar()) + fragment_list_to_text(screen._prompt())
    out = capsys.readouterr().out
    assert "owned" in out
    assert not UNWANTED & set(out + bars)


def test_the_bar_says_all_that_changes(screen: TerminalScreen) -> None:
    screen.status(Status("reconnecting in 3 s", "bob", 4, "✓✓ read", ("bob",), 2, 1))
    assert fragment_list_to_text(screen._toolbar()) == (
        " ○ reconnecting in 3 s │ bob typing… │ 1 being sent │ your 4: ✓✓ read │ 2 unread elsewhere "
        "│ alice on 127.0.0.1:8080 "
    )
    assert fragment_list_to_text(screen._prompt()) == "bob> "


def test_a_narrow_list_keeps_the_time_and_cuts_the_preview(
    screen: TerminalScreen, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.chats([Row("bob", 3, 86_400_000_000, "x" * 100)])
    (line,) = capsys.readouterr().out.splitlines()
    assert len(line) <= 60
    assert "…" in line
    assert re.search(r"1972-09-2\d *$", line)


def test_tab_completes_commands_and_the_names_of_chats(screen: TerminalScreen) -> None:
    screen.attach(lambda: None, lambda: ["bob", "#team"])

    def completed(text: str) -> list[str]:
        found = screen._completions.get_completions(Document(text), CompleteEvent())
        return [completion.text for completion in found]

    assert completed("/le") == ["/leave"]
    assert completed("/open ") == ["bob", "#team"]
    assert completed("/open #") == ["#team"]
    assert completed("hello b") == []
