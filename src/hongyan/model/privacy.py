"""Who may see or do what with a user, as he chose."""

from enum import IntEnum


class Circle(IntEnum):
    """Those to whom something is open."""

    NOBODY = 1
    FRIENDS = 2
    EVERYONE = 3


class Strangers(IntEnum):
    """What those who are no friends may begin with a user.

    Under REQUEST they ask to become friends before they write, under FRIENDS they do not even ask.
    """

    DEFAULT = 0
    OPEN = 1
    REQUEST = 2
    FRIENDS = 3


def is_open_to(circle: int, *, friend: bool) -> bool:
    """Whether somebody else belongs to a circle."""
    return circle == Circle.EVERYONE or (circle == Circle.FRIENDS and friend)
