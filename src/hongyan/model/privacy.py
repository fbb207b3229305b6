"""Who may see or do what with a user, as he chose."""

from enum import IntEnum

import msgspec

from hongyan.model.ids import UserId


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


class Doors(msgspec.Struct):
    """To whom only friends may write: to all but `others` when `closed`, else to the `others`. Changed in place."""

    closed: bool = False
    others: set[UserId] = msgspec.field(default_factory=set)

    def is_closed(self, user_id: UserId) -> bool:
        """Whether only friends may write to a user."""
        return (user_id in self.others) is not self.closed

    def set(self, user_id: UserId, policy: Strangers) -> None:
        """A user's own policy; DEFAULT is the installation's."""
        own_closed = self.closed if policy is Strangers.DEFAULT else policy is not Strangers.OPEN
        if own_closed is self.closed:
            self.others.discard(user_id)
        else:
            self.others.add(user_id)


def is_open_to(circle: int, *, friend: bool) -> bool:
    """Whether somebody else belongs to a circle."""
    return circle == Circle.EVERYONE or (circle == Circle.FRIENDS and friend)
