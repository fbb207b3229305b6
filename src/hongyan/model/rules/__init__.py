"""One rule a command: who may, and what happens then. `RULES` is the table that `apply` asks."""

from hongyan.model.rules import groups, messages, positions, singles
from hongyan.model.state import Rule

RULES: dict[type, Rule] = {**messages.RULES, **singles.RULES, **groups.RULES, **positions.RULES}
