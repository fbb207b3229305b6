"""Who may see whose presence, and what the configuration says of it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from hongyan.config import Config
from hongyan.model.ids import UserId
from hongyan.model.privacy import Circle, is_open_to
from hongyan.ports.store import HistoryReader
from hongyan.services.presence.service import PresenceOptions

Chosen = Callable[[Sequence[UserId]], Awaitable[Mapping[UserId, Circle]]]
"""To whom users show when they are there; those who are left out show it to everyone."""


async def everyone(_user_ids: Sequence[UserId]) -> Mapping[UserId, Circle]:
    """Where users cannot choose."""
    return {}


class Sight:
    """Who sees whom: himself; friends, and who shares a small group, as far as the other one wants it.

    `chosen` is set by whoever joins the services.
    """

    def __init__(self, history: HistoryReader, group_members: int) -> None:
        self._history, self._group_members = history, group_members
        self.chosen: Chosen = everyone

    async def visible(self, user_id: UserId, other_ids: Sequence[UserId]) -> Collection[UserId]:
        """A `ports.presence.Visible`."""
        found = {user_id} & set(other_ids)
        acquainted = await self._history.acquainted(user_id, other_ids, self._group_members)
        circles = await self.chosen(list(acquainted)) if acquainted else {}
        for other_id, is_friend in acquainted.items():
            if is_open_to(circles.get(other_id, Circle.EVERYONE), friend=is_friend):
                found.add(other_id)
        return found


def presence_options(config: Config) -> PresenceOptions:
    """Presence's part of the configuration."""
    options = config.presence
    return PresenceOptions(lease_ms=options.lease_ms, renew_ms=options.lease_ms // 3, grace_ms=options.grace_ms)
