"""What changed about people, told to their own devices as personal items."""

import asyncio
from collections.abc import Sequence

from hongyan.model.codes import Overloaded, StorageFull
from hongyan.model.ids import ConversationId, ConversationKind, UserId, kind_of
from hongyan.model.personal import ME, FriendRequest, Privacy, Profile, Relation, Topic
from hongyan.model.privacy import Circle, Strangers
from hongyan.model.state import BLOCKS, FRIEND
from hongyan.ports.clock import Clock
from hongyan.ports.people import PersonRow
from hongyan.ports.personal import PersonalItems
from hongyan.ports.relations import RequestRow
from hongyan.ports.store import MemberRow
from hongyan.services.relations.service import state_name
from hongyan.services.relations.standing import other_of
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

_CIRCLES = {Circle.NOBODY: "nobody", Circle.FRIENDS: "friends", Circle.EVERYONE: "everybody"}


class Echo:
    """Writes items. Relations are noted by delivery and written by `run`; of one relation only the newest waits."""

    def __init__(self, items: PersonalItems, clock: Clock, *, capacity: int = 100_000, retry_s: float = 1.0) -> None:
        self._items, self._clock, self._capacity, self._retry_s = items, clock, capacity, retry_s
        self._waiting: dict[tuple[UserId, ConversationId], int] = {}
        self._noted = asyncio.Event()

    def note(self, rows: Sequence[MemberRow]) -> None:
        """Members whose seat changed. Never waits; beyond the capacity they are not echoed, and lists tell them still."""
        for row in rows:
            if kind_of(row.conversation_id) is not ConversationKind.SINGLE:
                continue
            if len(self._waiting) >= self._capacity:
                logger.warning("relations change too fast to be echoed", waiting=len(self._waiting))
                break
            self._waiting[row.user_id, row.conversation_id] = row.seat.flags
        self._noted.set()

    async def run(self) -> None:
        """Works until cancelled. What is left then was not stored either, and is noted again by the replay."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            while self._waiting:
                (user_id, conversation_id), flags = self._waiting.popitem()
                try:
                    await self._write(user_id, conversation_id, flags)
                except (Overloaded, StorageFull):
                    self._waiting.setdefault((user_id, conversation_id), flags)
                    await asyncio.sleep(self._retry_s)

    async def _write(self, user_id: UserId, conversation_id: ConversationId, flags: int) -> None:
        other = other_of(conversation_id, user_id)
        friend, blocks = bool(flags & FRIEND), bool(flags & BLOCKS)
        before = await self._items.get(user_id, Topic.RELATION, other)
        if not friend and not blocks:
            if before is not None:
                await self._items.put(user_id, Topic.RELATION, other, None)
            return
        if isinstance(before, Relation) and (before.friend, before.blocked) == (friend, blocks):
            return
        since_ms = before.since_ms if isinstance(before, Relation) and before.friend == friend else self._clock()
        await self._items.put(user_id, Topic.RELATION, other, Relation(friend, blocks, since_ms))

    async def request_changed(self, row: RequestRow) -> None:
        """A request is new or was answered: both learn it."""
        value = FriendRequest(row.from_user_id, row.to_user_id, row.note, row.source, state_name(row), row.created_ms)
        for user_id in (row.to_user_id, row.from_user_id):
            await self._items.put(user_id, Topic.REQUEST, row.request_id, value)

    async def person_changed(self, person: PersonRow) -> None:
        """A profile or settings changed: the user's own devices learn it."""
        profile, privacy = person.profile, person.privacy
        user_id = profile.user_id
        await self._items.put(user_id, Topic.PROFILE, ME, Profile(profile.name, profile.handle, profile.avatar))
        strangers = Strangers(privacy.strangers)
        chosen = Privacy(
            "" if strangers is Strangers.DEFAULT else strangers.name.lower(),
            _CIRCLES[Circle(privacy.last_seen)],
            not privacy.by_handle,
        )
        await self._items.put(user_id, Topic.PRIVACY, ME, chosen)
