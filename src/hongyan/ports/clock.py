"""Time as an argument, so that rules and tests decide what it is."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970. May jump; whoever needs order uses seq."""
