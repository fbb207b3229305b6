"""Who belongs to a circle."""

import pytest

from hongyan.model.ids import UserId
from hongyan.model.privacy import Circle, Doors, Strangers, is_open_to


@pytest.mark.parametrize(
    ("circle", "to_friends", "to_strangers"),
    [(Circle.NOBODY, False, False), (Circle.FRIENDS, True, False), (Circle.EVERYONE, True, True), (0, False, False)],
)
def test_a_circle_is_open_to_those_within_it(circle: int, to_friends: bool, to_strangers: bool) -> None:
    assert is_open_to(circle, friend=True) is to_friends
    assert is_open_to(circle, friend=False) is to_strangers


@pytest.mark.parametrize("closed", [False, True])
def test_a_door_is_as_its_owner_wants_it_or_as_the_installations(closed: bool) -> None:
    doors, alice = Doors(closed), UserId("alice")
    wanted = {
        Strangers.DEFAULT: closed,
        Strangers.OPEN: False,
        Strangers.REQUEST: True,
        Strangers.FRIENDS: True,
    }
    for policy in (*wanted, Strangers.OPEN, Strangers.FRIENDS, Strangers.DEFAULT):
        doors.set(alice, policy)
        assert doors.is_closed(alice) is wanted[policy]
        assert doors.is_closed(UserId("bob")) is closed
    assert doors.others == set(), "who wants what all have is not remembered"
