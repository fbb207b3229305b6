"""Who waits, without a socket, until there is something new for him."""

from contextlib import AbstractContextManager
from typing import Protocol

from hongyan.model.ids import UserId


class Bell(Protocol):
    """Rings when something came for its user."""

    async def rung(self, within_s: float) -> bool:
        """Waits until it rings, at most so long; a ring before the call counts.

        False when nothing came in time, and at once when waiting is over: at a drain, or when others took its place.
        """
        ...


class Wakes(Protocol):
    """Bells of users, bounded."""

    def listen(self, user_id: UserId) -> AbstractContextManager[Bell]:
        """A bell that rings for whatever comes from now on: listen first, then look whether something is there already.

        A user who has too many of them loses the oldest, whose waiting is over. Raises Overloaded when all users have too many.
        """
        ...
