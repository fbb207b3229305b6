"""Who belongs to a circle."""

import pytest

from hongyan.model.privacy import Circle, is_open_to


@pytest.mark.parametrize(
    ("circle", "to_friends", "to_strangers"),
    [(Circle.NOBODY, False, False), (Circle.FRIENDS, True, False), (Circle.EVERYONE, True, True), (0, False, False)],
)
def test_a_circle_is_open_to_those_within_it(circle: int, to_friends: bool, to_strangers: bool) -> None:
    assert is_open_to(circle, friend=True) is to_friends
    assert is_open_to(circle, friend=False) is to_strangers
