"""How much the property tests try: little in every run, and HONGYAN_PROPERTY_SCALE times as much when asked."""

import os

import hypothesis
import pytest

SCALE = int(os.environ.get("HONGYAN_PROPERTY_SCALE", "1"))


def settings(examples: int, *, steps: int = 50) -> hypothesis.settings:
    """So many examples, of at most so many steps where a test is a machine."""
    return hypothesis.settings(max_examples=examples * SCALE, stateful_step_count=steps, deadline=None)


def timeout() -> pytest.MarkDecorator:
    """Ten seconds, and as many more as were asked for."""
    return pytest.mark.timeout(10 * SCALE)
