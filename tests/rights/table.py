"""Reads the tables of docs/rights.md: what people review is what runs."""

from pathlib import Path

import msgspec

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"


class Cell(msgspec.Struct, frozen=True):
    """What `actor` hears who asks for `command` about something: `ok` or the name of a code."""

    command: str
    about: str
    actor: str
    expected: str

    @property
    def name(self) -> str:
        """As a test is named."""
        return " ".join(filter(None, (self.actor, self.command, self.about))).replace(" ", "-")


def cells(section: str) -> list[Cell]:
    """The cells of the table under a heading; what is left empty cannot happen."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    about_columns = 1 if rows[0][1] in {"about", "scope"} else 0
    actors = rows[0][1 + about_columns :]
    return [
        Cell(command, rest[0] if about_columns else "", actor, expected)
        for command, *rest in rows[2:]
        for actor, expected in zip(actors, rest[about_columns:], strict=True)
        if expected
    ]
