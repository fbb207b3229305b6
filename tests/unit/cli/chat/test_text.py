"""Nothing that others write acts upon a terminal, and long text is shortened honestly."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.cli.chat.text import SHOWN_CHARS, SHOWN_LINES, clean, clean_line, preview, shorten

ATTACKS = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x1bP+q\x1b\\",
    "gone\x08\x08\x08\x08",
    "a\x00b\x7fc",
    "\x0e\x0f",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_escape_sequences_lose_what_makes_them_act(attack: str) -> None:
    assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in clean(attack))
    assert not {"\u202e", "\u2066", "\u2069"} & set(clean(attack))


@given(st.text(st.characters(codec=None), max_size=200))
def test_only_newline_and_tab_are_left_of_all_control_characters(text: str) -> None:
    cleaned = clean(text)
    assert {char for char in cleaned if unicodedata.category(char) in ("Cc", "Cs")} <= {"\n", "\t"}
    assert clean(cleaned) == cleaned
    cleaned.encode()


@pytest.mark.parametrize(
    "text", ["高并发的即时通讯", "👨‍👩‍👧 👍🏽 🇨🇳", "مرحبا كيف حالك؟", "שלום עולם", "a\tb\nc", "naïve e\u0301"]
)
def test_text_of_every_script_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_every_kind_of_line_end_is_a_newline() -> None:
    assert clean("a\r\nb\rc\x85d\u2028e\u2029f\x0bg") == "a\nb\nc\nd\ne\nf\ng"
    assert clean_line(" a\r\n\tb ") == "a b"


@given(st.text(max_size=3 * SHOWN_CHARS))
def test_a_shortened_text_is_the_beginning_and_says_how_much_is_left(text: str) -> None:
    shown = shorten(text)
    assert text.startswith(shown.text)
    assert len(shown.text) + shown.left_chars == len(text)
    assert len(shown.text) <= SHOWN_CHARS
    assert shown.text.count("\n") < SHOWN_LINES


def test_a_text_of_normal_length_is_not_shortened() -> None:
    assert shorten("hello\nworld").left_chars == 0
    assert shorten("x" * SHOWN_CHARS).left_chars == 0
    assert shorten("x" * (SHOWN_CHARS + 1)).left_chars == 1
    assert shorten("\n".join("x" * SHOWN_LINES)).left_chars == 0
    assert shorten("\n".join("x" * (SHOWN_LINES + 1))).left_chars == 2


def test_a_preview_is_one_short_line() -> None:
    assert preview("one\ntwo") == "one two"
    assert preview("字" * 100, 10) == "字" * 9 + "…"
    assert len(preview("x" * 1_000_000)) <= 48
