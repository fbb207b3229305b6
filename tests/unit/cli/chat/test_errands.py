"""What is typed about friends is told in words."""

import pytest

from hongyan.cli.chat.errands import ERRANDS, Errand
from hongyan.cli.chat.typed import Mistake, parse_line


@pytest.mark.parametrize(
    "line", ["/befriend bob from the club", "/requests", "/accept bob", "/find @alice_1", "/name 小薇"]
)
def test_a_line_about_people_is_an_errand(line: str) -> None:
    assert isinstance(parse_line(line), Errand)


@pytest.mark.parametrize("line", ["/befriend", "/accept", "/refuse two people", "/find"])
def test_a_line_that_names_nobody_is_answered_with_how_it_is_typed(line: str) -> None:
    with pytest.raises(Mistake, match=f"Type it as {line.split(maxsplit=1)[0]}"):
        parse_line(line)


def test_no_word_is_taken_twice() -> None:
    from hongyan.cli.chat.deeds import FORMS
    from hongyan.cli.chat.typed import COMMANDS

    assert not set(FORMS) & set(ERRANDS)
    assert set(FORMS) | set(ERRANDS) <= set(COMMANDS)
