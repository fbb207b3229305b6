"""What the two of a single conversation are to each other."""

from hongyan.model import commands as ask
from hongyan.model.rules.answers import not_written_yet
from hongyan.model.state import Rule

RULES: dict[type, Rule] = {
    ask.Block: not_written_yet("block"),
    ask.Befriend: not_written_yet("befriend"),
    ask.Unfriend: not_written_yet("unfriend"),
}
