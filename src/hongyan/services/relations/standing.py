"""What users are to each other, as of this moment: what is stored, overlaid by what is hot."""

from collections.abc import Mapping, Sequence

import msgspec

from hongyan.model.ids import ConversationId, UserId, fixed_members, kind_of, single_id
from hongyan.model.ids import ConversationKind as Kind
from hongyan.model.state import BLOCKED, BLOCKS, FRIEND
from hongyan.ports.relations import RelationReader
from hongyan.ports.state import Hot
from hongyan.services.users.people import Standing


class Flags(msgspec.Struct, frozen=True):
    """What one user is to another, from his side."""

    friend: bool = False
    blocks: bool = False
    blocked: bool = False


STRANGER = Flags()


class Standings:
    """Reads. A change counts here as soon as its receipt was given, though the store gets it later."""

    def __init__(self, hot: Hot, reader: RelationReader) -> None:
        self._hot, self._reader = hot, reader

    async def between(self, user_id: UserId, others: Sequence[UserId]) -> Mapping[UserId, Flags]:
        """What a user is to each of the others."""
        singles = {single_id(user_id, other): other for other in others if other != user_id}
        # The hot ones first: what settles between the two reads is then found in the store.
        found = {conversation_id: await self._hot_flags(conversation_id, user_id) for conversation_id in singles}
        cold = [conversation_id for conversation_id, flags in found.items() if flags is None]
        stored = {
            row.conversation_id: row.flags
            for row in (await self._reader.between(cold) if cold else ())
            if row.user_id == user_id
        }
        return {
            other: _flags(stored.get(conversation_id, 0) if (hot := found[conversation_id]) is None else hot)
            for conversation_id, other in singles.items()
        }

    async def others(self, user_id: UserId, flag: int) -> Sequence[UserId]:
        """With whom the user has a flag, ascending by id."""
        # As above.
        unsettled = await self._hot.unsettled(user_id)
        flags = {row.conversation_id: row.flags for row in await self._reader.relations(user_id)}
        for conversation, _ in unsettled:
            conversation_id = conversation.conversation_id
            if kind_of(conversation_id) is Kind.SINGLE:
                hot = await self._hot_flags(conversation_id, user_id)
                if hot is not None:
                    flags[conversation_id] = hot
        return sorted(other_of(key, user_id) for key, value in flags.items() if value & flag)

    async def standings_of(self, viewer_id: UserId, others: Sequence[UserId]) -> Mapping[UserId, Standing]:
        """As profiles ask for it: the others' friend, or blocked by them."""
        found = await self.between(viewer_id, others)
        return {other: Standing(flags.friend, flags.blocked) for other, flags in found.items()}

    async def _hot_flags(self, conversation_id: ConversationId, user_id: UserId) -> int | None:
        row = await self._hot.membership(conversation_id, user_id)
        return None if row is None else row.seat.flags


def other_of(conversation_id: ConversationId, user_id: UserId) -> UserId:
    """The other one of a conversation of two."""
    low, high = fixed_members(conversation_id)
    return high if low == user_id else low


def _flags(flags: int) -> Flags:
    return Flags(bool(flags & FRIEND), bool(flags & BLOCKS), bool(flags & BLOCKED))
