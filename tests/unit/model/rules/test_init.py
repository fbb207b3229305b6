"""The table of rules."""

from hongyan.model.commands import (
    AnyCommand,
)
from hongyan.model.rules import RULES


def test_every_command_has_its_rule() -> None:
    assert set(RULES) == set(AnyCommand.__args__)
