"""How many unread messages call a user: counted when he asks, in what is unread, and no further back than a bound."""

from collections.abc import Iterable, Sequence

import msgspec

from hongyan.model.ids import ConversationId, UserId
from hongyan.model.records import Amended, Entry, Message
from hongyan.ports.state import Hot
from hongyan.ports.store import MENTION_MARK, ListReader
from hongyan.protocol.codec import decode_entry
from hongyan.protocol.codec_content import parse_content

SPAN_SEQS = 500
"""So far back from the head a conversation is looked through."""
MAX_CANDIDATES = 5_000


class Stretch(msgspec.Struct, frozen=True):
    """Entries of a conversation, from a seq to a seq."""

    conversation_id: ConversationId
    low: int
    high: int


class Counted(msgspec.Struct, frozen=True):
    """By conversation, how many messages call the user; `cut` are those in which there may be more."""

    counts: dict[ConversationId, int]
    cut: set[ConversationId]


class Mentions:
    """Looks through hot entries, and asks the store once for all the others."""

    def __init__(self, hot: Hot, reader: ListReader) -> None:
        self._hot, self._reader = hot, reader

    async def count(self, user_id: UserId, stretches: Iterable[Stretch]) -> Counted:
        """Messages by others in these stretches that call the user, by his id or with everybody."""
        cut: set[ConversationId] = set()
        ranges: list[tuple[ConversationId, int, int]] = []
        candidates: list[bytes] = []
        for stretch in stretches:
            low, high = max(stretch.low, stretch.high - SPAN_SEQS + 1), stretch.high
            if low > stretch.low:
                cut.add(stretch.conversation_id)
            hot = await self._hot.read(stretch.conversation_id)
            window = hot.entries if hot else ()
            candidates += [row.encoded for row in window if low <= row.seq <= high and MENTION_MARK in row.encoded]
            high = min(high, window[0].seq - 1) if window else high
            if low <= high:
                ranges.append((stretch.conversation_id, low, high))
        candidates += await self._reader.calling(ranges, MAX_CANDIDATES) if ranges else ()
        return Counted(_count(user_id, candidates), cut)


def _count(user_id: UserId, candidates: Sequence[bytes]) -> dict[ConversationId, int]:
    counts: dict[ConversationId, int] = {}
    for encoded in candidates:
        entry = decode_entry(encoded)
        if entry.sender_id != user_id and calls(entry, user_id):
            counts[entry.conversation_id] = counts.get(entry.conversation_id, 0) + 1
    return counts


def calls(entry: Entry, user_id: UserId) -> bool:
    """Whether an entry is a message that calls a user."""
    if not isinstance(entry.body, Message | Amended):
        return False
    view = parse_content(entry.body.content)
    return view.mention_all or user_id in view.mention_ids
