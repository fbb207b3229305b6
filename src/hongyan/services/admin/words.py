"""The keyword filter: words that messages may not hold, found all in one pass (Aho-Corasick).

Letters are compared as people read them: case, full width and invisible characters make no other word. A word of Latin
letters or digits counts where it stands alone, others anywhere.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import ahocorasick
import msgspec

from hongyan.model.codes import ContentRefused, InvalidField
from hongyan.ports.admin import BotStore, WordRow

REFUSE, MASK = "refuse", "mask"
ACTIONS = (MASK, REFUSE)
_WORDS = 100_000
_WORD_CHARACTERS = 128


class Found(msgspec.Struct, frozen=True):
    """A word in a text: from `start` to before `end`."""

    start: int
    end: int
    action: str


class WordFilter:
    """Words, ready to be looked for. An empty one finds nothing."""

    def __init__(self, words: Iterable[WordRow] = ()) -> None:
        self._automaton = ahocorasick.Automaton()
        self.count = 0
        for row in words:
            folded, _ = _fold(row.word)
            if folded:
                self._automaton.add_word(folded, (len(folded), row.action))
                self.count += 1
        if self.count:
            self._automaton.make_automaton()

    def apply(self, text: str) -> str:
        """The text with masked words as stars. Raises ContentRefused for a word that is refused."""
        if not self.count:
            return text
        found = list(self._found(text))
        if not found:
            return text
        if any(one.action == REFUSE for one in found):
            raise ContentRefused(reason="it holds a word that is not allowed")
        letters = list(text)
        for one in found:
            for place in range(one.start, one.end):
                letters[place] = "*"
        return "".join(letters)

    def _found(self, text: str) -> Iterator[Found]:
        folded, places = _fold(text)
        for last, (length, action) in self._automaton.iter(folded):
            first = last - length + 1
            if _stands_alone(folded, first, last + 1):
                yield Found(places[first], places[last] + 1, action)


def _stands_alone(folded: str, start: int, end: int) -> bool:
    glued_before = start > 0 and _is_latin(folded[start]) and _is_latin(folded[start - 1])
    glued_after = end < len(folded) and _is_latin(folded[end - 1]) and _is_latin(folded[end])
    return not (glued_before or glued_after)


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, and for each of its letters the place it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if unicodedata.category(letter) == "Cf":
            continue  # invisible: a joiner between two letters hides no word
        for folded in unicodedata.normalize("NFKC", letter).casefold():
            letters.append(folded)
            places.append(place)
    return "".join(letters), places


def words_in(text: str) -> list[WordRow]:
    """The words of a file: one a line, masked, or refused below a line `[refuse]`; `#` begins a comment line.

    Raises InvalidField.
    """
    rows: dict[str, WordRow] = {}
    action = MASK
    for line in text.splitlines():
        word = line.strip()
        if word in {f"[{known}]" for known in ACTIONS}:
            action = word[1:-1]
        elif word and not word.startswith("#"):
            rows[word] = WordRow(word, action)
    check_words(list(rows.values()))
    return list(rows.values())


def check_words(words: Sequence[WordRow]) -> None:
    """Raises InvalidField for words that cannot be filtered."""
    if len(words) > _WORDS:
        raise InvalidField(field="words", reason=f"at most {_WORDS} are allowed")
    for row in words:
        if not 0 < len(row.word) <= _WORD_CHARACTERS or not _fold(row.word)[0].strip():
            raise InvalidField(field="words", reason=f"a word has 1 to {_WORD_CHARACTERS} characters")
        if row.action not in ACTIONS:
            raise InvalidField(field="words", reason=f"an action is one of {', '.join(ACTIONS)}")


class Words:
    """The words in force: those of the store, and those of a file if the operator named one."""

    def __init__(self, store: BotStore, file: Path | None = None) -> None:
        self._store, self._file = store, file
        self._of_file: list[WordRow] = []
        self._of_store: list[WordRow] = []
        self.filter = WordFilter()
        self.changed: Callable[[], None] = _nobody_listens

    async def load(self) -> None:
        """Learns the words of the store; the file is read by `reload`."""
        self._of_store = list(await self._store.words())
        self._build()

    def list(self) -> Sequence[WordRow]:
        """The words of the store, ascending."""
        return self._of_store

    async def set(self, words: Sequence[WordRow]) -> None:
        """Replaces the words of the store; in force when this returns. Raises InvalidField."""
        check_words(words)
        await self._store.set_words(words)
        self._of_store = sorted(words, key=lambda row: row.word)
        self._build()

    def read_file(self) -> str:
        """The file's text; "" without a file. Blocks; raises OSError, UnicodeDecodeError."""
        return self._file.read_text(encoding="utf-8") if self._file is not None else ""

    def reload(self, text: str) -> None:
        """Takes the words of the file's text in place of those it had. Raises InvalidField; then the old ones hold."""
        self._of_file = words_in(text)
        self._build()

    def _build(self) -> None:
        self.filter = WordFilter([*self._of_file, *self._of_store])
        self.changed()


def _nobody_listens() -> None:
    """Until somebody does."""
