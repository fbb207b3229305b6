"""Who may see whose presence, and what the configuration says of it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec

from hongyan import config
from hongyan.config import Config
from hongyan.model.ids import ConversationId, ConversationKind, UserId, fixed_members, kind_of
from hongyan.model.privacy import Circle, is_open_to
from hongyan.model.state import BLOCKS, FRIEND
from hongyan.ports.state import Hot
from hongyan.ports.store import HistoryReader
from hongyan.services.presence.service import PresenceOptions

Chosen = Callable[[Sequence[UserId]], Awaitable[Mapping[UserId, Circle]]]
"""To whom users show when they are there; those who chose nothing are left out."""


_CIRCLES = {"everybody": Circle.EVERYONE, "friends": Circle.FRIENDS, "nobody": Circle.NOBODY}


async def nobody_chose(_user_ids: Sequence[UserId]) -> Mapping[UserId, Circle]:
    """Where users cannot choose."""
    return {}


class Sight:
    """Who sees whom: himself; friends, and who shares a small group, as far as the other one wants it.

    `chosen` is set by whoever joins the services.
    """

    def __init__(self, hot: Hot, history: HistoryReader, options: config.Presence) -> None:
        self._hot, self._history, self._group_members = hot, history, options.group_members
        self._usual = _CIRCLES[options.visible_to]
        self.chosen: Chosen = nobody_chose

    async def visible(self, user_id: UserId, other_ids: Sequence[UserId]) -> Collection[UserId]:
        """A `ports.presence.Visible`."""
        found = {user_id} & set(other_ids)
        # The hot ones first: what settles between the two reads is then found in the store.
        fresh = await self._unsettled(user_id, other_ids)
        acquainted = {**await self._history.acquainted(user_id, other_ids, self._group_members)}
        for other_id, is_friend in fresh.near.items():
            acquainted[other_id] = is_friend or acquainted.get(other_id, False)
        for other_id in fresh.apart:
            acquainted.pop(other_id, None)
        circles = await self.chosen(list(acquainted)) if acquainted else {}
        for other_id, is_friend in acquainted.items():
            if is_open_to(circles.get(other_id, self._usual), friend=is_friend):
                found.add(other_id)
        return found

    async def _unsettled(self, user_id: UserId, other_ids: Sequence[UserId]) -> "Fresh":
        """What the store has not kept yet: whoever becomes a friend, or comes into a group, looks at once."""
        near: dict[UserId, bool] = {}
        apart: set[UserId] = set()
        for row, own in await self._hot.unsettled(user_id):
            is_group = kind_of(row.conversation_id) is ConversationKind.GROUP
            if own is None or own.left_seq or (is_group and not await self._is_small(row.conversation_id)):
                continue
            for other_id in other_ids if is_group else set(fixed_members(row.conversation_id)) & set(other_ids):
                other = await self._hot.membership(row.conversation_id, other_id)
                if other is None or other.left_seq or other_id == user_id:
                    continue
                if (own.seat.flags | other.seat.flags) & BLOCKS:
                    apart.add(other_id)
                elif is_group or own.seat.flags & FRIEND:
                    near[other_id] = near.get(other_id, False) or not is_group
        return Fresh(near, apart)

    async def _is_small(self, conversation_id: ConversationId) -> bool:
        found = await self._history.group(conversation_id)
        return found is None or found.member_count <= self._group_members


class Fresh(msgspec.Struct, frozen=True):
    """Who is near since a moment ago, as a friend or not; and who is apart, whatever else joins them."""

    near: Mapping[UserId, bool]
    apart: Collection[UserId]


def presence_options(found: Config) -> PresenceOptions:
    """Presence's part of the configuration."""
    options = found.presence
    return PresenceOptions(lease_ms=options.lease_ms, renew_ms=options.lease_ms // 3, grace_ms=options.grace_ms)
