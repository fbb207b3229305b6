"""Who may see whose presence, and what the configuration says of it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from hongyan.config import Config
from hongyan.model.ids import UserId
from hongyan.ports.presence import Visible
from hongyan.ports.store import HistoryReader
from hongyan.services.presence.service import PresenceOptions

Choices = Callable[[Sequence[UserId]], Awaitable[Mapping[UserId, str]]]
"""What users chose of "everybody", "friends" and "nobody"; those who chose nothing are left out."""


async def nobody_chose(_user_ids: Sequence[UserId]) -> Mapping[UserId, str]:
    """Where users cannot choose."""
    return {}


def visibility(history: HistoryReader, config: Config, choices: Choices) -> Visible:
    """Who sees whom: himself; friends, and who shares a small group, as far as the other one wants it."""
    options = config.presence

    async def visible(user_id: UserId, other_ids: Sequence[UserId]) -> Collection[UserId]:
        acquainted = await history.acquainted(user_id, other_ids, options.group_members)
        chosen = await choices(list(acquainted)) if acquainted else {}
        found = {user_id} & set(other_ids)
        for other_id, is_friend in acquainted.items():
            to_whom = chosen.get(other_id) or options.visible_to
            if to_whom == "everybody" or (to_whom == "friends" and is_friend):
                found.add(other_id)
        return found

    return visible


def presence_options(config: Config) -> PresenceOptions:
    """Presence's part of the configuration."""
    options = config.presence
    return PresenceOptions(lease_ms=options.lease_ms, renew_ms=options.lease_ms // 3, grace_ms=options.grace_ms)
