"""Words are found as people read them, all in one pass."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.model.codes import ContentRefused, InvalidField
from hongyan.ports.admin import WordRow
from hongyan.services.admin.words import MASK, REFUSE, WordFilter, Words, check_words, words_in


def masking(*words: str) -> WordFilter:
    return WordFilter([WordRow(word, MASK) for word in words])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the casino is open", "the ****** is open"),
        ("CaSiNo", "******"),
        ("ｃａｓｉｎｏ", "******"),
        ("cas\u200bino", "*******"),
        ("casinos", "casinos"),
        ("occasino", "occasino"),
        ("casino2", "casino2"),
        ("去casino玩", "去******玩"),
        ("casino,casino", "******,******"),
        ("我们去赌博吧", "我们去**吧"),
        ("赌\u200d博", "***"),
        ("賭博", "賭博"),
        ("straße", "******"),
        ("", ""),
        ("🎲 casino 🎲", "🎲 ****** 🎲"),
    ],
)
def test_a_word_is_masked_however_it_is_written_and_only_where_it_stands(text: str, expected: str) -> None:
    assert masking("casino", "赌博", "strasse").apply(text) == expected


def test_words_that_overlap_are_all_found() -> None:
    assert masking("赌博", "博彩网").apply("看赌博彩网站") == "看****站"


def test_one_word_to_refuse_among_words_to_mask_refuses() -> None:
    words = WordFilter([WordRow("casino", MASK), WordRow("赌博", REFUSE)])
    assert words.apply("casino") == "******"
    with pytest.raises(ContentRefused):
        words.apply("casino 赌博")


def test_without_words_nothing_is_looked_at() -> None:
    text = "casino"
    assert WordFilter().apply(text) is text


@given(st.lists(st.text("abc赌博 ", min_size=1, max_size=4), max_size=5), st.text("abc赌博 .", max_size=30))
def test_it_finds_what_a_slow_search_finds(words: list[str], text: str) -> None:
    words = [word for word in words if word.strip()]
    expected = list(text)
    for word in words:
        for start in range(len(text) - len(word) + 1):
            end = start + len(word)
            before = start > 0 and _latin(text[start]) and _latin(text[start - 1])
            after = end < len(text) and _latin(text[end - 1]) and _latin(text[end])
            if text[start:end] == word and not before and not after:
                expected[start:end] = "*" * len(word)
    assert masking(*words).apply(text) == "".join(expected)


def _latin(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def test_a_file_has_a_word_a_line_and_says_which_are_refused() -> None:
    text = "# ours\ncasino\n\n[refuse]\n 赌博 \n[mask]\nbingo\ncasino\n"
    assert words_in(text) == [WordRow("casino", MASK), WordRow("赌博", REFUSE), WordRow("bingo", MASK)]


@pytest.mark.parametrize(
    "row", [WordRow("", MASK), WordRow("x" * 129, MASK), WordRow("x", "burn"), WordRow("\u200b", MASK)]
)
def test_what_cannot_be_filtered_is_refused(row: WordRow) -> None:
    with pytest.raises(InvalidField):
        check_words([row])


async def test_words_of_the_store_and_of_the_file_hold_together(tmp_path: Path) -> None:
    words = Words(MemoryAdminStore(), tmp_path / "words.txt")
    changes: list[int] = []
    words.changed = lambda: changes.append(words.filter.count)
    await words.load()
    words.reload("casino")
    await words.set([WordRow("bingo", MASK)])
    assert words.filter.apply("casino bingo") == "****** *****"
    with pytest.raises(InvalidField):
        words.reload("x" * 129)
    assert words.filter.apply("casino bingo") == "****** *****", "the old ones hold"
    words.reload("")
    assert words.filter.apply("casino bingo") == "casino *****"
    assert changes == [0, 1, 2, 1]
