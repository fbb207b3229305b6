"""Items: kept, told to the user's own devices, and caught up with."""

from collections.abc import Callable, Sequence

import msgspec

from hongyan.model.codes import InvalidField, ItemConflict
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.personal import (
    ME,
    AnyValue,
    ConversationSettings,
    Item,
    Settings,
    Topic,
    is_muted,
    is_quiet,
)
from hongyan.ports.link import Downlink
from hongyan.ports.personal import ABSENT, UNBOUNDED, Change, ItemLimits, ItemStore
from hongyan.protocol import frames
from hongyan.protocol.codec import encode_frame
from hongyan.protocol.codec_personal import MAX_ITEMS, check_key, check_value, decode_value, encode_value, topic_of

PAGE_ITEMS = 500
_KNOWN_USERS = 200_000
_TRIES = 5


class Personal:
    """Implements `ports.personal.PersonalItems`, and what users ask of their own items."""

    def __init__(self, store: ItemStore, downlink: Downlink, limits: ItemLimits, *, known: int = _KNOWN_USERS) -> None:
        self._store, self._downlink, self._limits = store, downlink, limits
        self._versions: dict[UserId, int] = {}
        self._known = known
        self._is_complete = False

    async def load(self) -> None:
        """Learns who has items, so that whoever connects costs no look-up. To be awaited before anybody does."""
        found = await self._store.latest(self._known + 1)
        self._is_complete = len(found) <= self._known
        self._versions.update(found[: self._known])

    # Of the server

    async def put(self, user_id: UserId, topic: Topic, key: str, value: AnyValue | None) -> int:
        """See ports.personal.PersonalItems. Raises InvalidField for a value of another topic."""
        if value is not None and topic_of(value) is not topic:
            raise InvalidField(field=topic, reason="the value is one of another topic")
        item = Item(topic, key, deleted=True) if value is None else Item(topic, key, encode_value(value))
        return (await self._put(user_id, [item], UNBOUNDED)).version

    async def get(self, user_id: UserId, topic: Topic, key: str) -> AnyValue | None:
        """See ports.personal.PersonalItems."""
        item = await self._item(user_id, topic, key)
        return None if item is None or item.deleted else decode_value(topic, item.value)

    async def of_topic(self, user_id: UserId, topic: Topic) -> Sequence[Item]:
        """See ports.personal.PersonalItems."""
        return await self._store.of_topic(user_id, topic)

    async def erase(self, user_id: UserId) -> None:
        """See ports.personal.PersonalItems."""
        await self._store.erase(user_id)

    # Of the user

    async def put_items(self, user_id: UserId, asked: frames.PutItems) -> frames.ItemsChanged:
        """Keeps what a user's device puts, all or nothing. Raises ItemConflict, TooManyItems, ItemsTooLarge."""
        change = await self._put(user_id, asked.items, self._limits)
        return frames.ItemsChanged(tuple(change.items), change.from_version, change.version)

    async def get_items(self, user_id: UserId, asked: frames.GetItems) -> frames.ItemPage:
        """A page of what changed since a version; from the beginning where deletions since then are forgotten.

        Raises InvalidField for a foreign cursor.
        """
        since, base = _read_cursor(asked.cursor) if asked.cursor else (asked.since_version, 0)
        limit = min(asked.limit or PAGE_ITEMS, PAGE_ITEMS)
        changes = await self._store.changes(user_id, since, limit)
        # Who began from nothing when the newest version was `base` knows no item that was deleted before.
        is_reset = changes.floor_version > max(since, base) or since > changes.head_version
        if is_reset:
            changes = await self._store.changes(user_id, 0, limit)
            base = changes.head_version
        items = tuple(changes.items)
        version = items[-1].version if items else changes.head_version
        more = bool(items) and version < changes.head_version
        return frames.ItemPage(items, version, f"{version}.{base}" if more else "", more, is_reset)

    async def version(self, user_id: UserId) -> int:
        """The version of the user's newest item, nearly always from memory."""
        known = self._versions.get(user_id)
        if known is None:
            if self._is_complete:
                return 0
            known = await self._store.version(user_id)
            self._learn(user_id, known)
        return known

    async def change(
        self, user_id: UserId, topic: Topic, key: str, change: Callable[[AnyValue | None], AnyValue | None]
    ) -> AnyValue | None:
        """Replaces an item by what a function makes of it (None: there is none), and gives that.

        Another device may do so at the same time: then the function is asked again. Raises InvalidField for a key or
        value that a user may not put, ItemConflict when that happened again and again, TooManyItems, ItemsTooLarge.
        """
        check_key(topic, key)
        for remaining in reversed(range(_TRIES)):
            before = await self._item(user_id, topic, key)
            known = None if before is None or before.deleted else decode_value(topic, before.value)
            value = change(known)
            if value is not None:
                check_value(value)
            encoded = b"" if value is None else encode_value(value)
            version = ABSENT if before is None else before.version
            item = Item(topic, key, encoded, deleted=value is None, version=version)
            if await self._put_if(user_id, item, is_last=remaining == 0):
                return value
        return None  # not reached: the last try raises

    async def silent(self, user_id: UserId, conversation_id: ConversationId, now_ms: int) -> bool:
        """Whether the user does not want to be told of a new message there now: muted, or do not disturb."""
        settings = await self.get(user_id, Topic.CONVERSATION, conversation_id)
        if isinstance(settings, ConversationSettings) and is_muted(settings, now_ms):
            return True
        mine = await self.get(user_id, Topic.SETTINGS, ME)
        return isinstance(mine, Settings) and is_quiet(mine, now_ms)

    # Steps

    async def _item(self, user_id: UserId, topic: Topic, key: str) -> Item | None:
        found = await self._store.items(user_id, topic, [key])
        return found[0] if found else None

    async def _put_if(self, user_id: UserId, item: Item, *, is_last: bool) -> bool:
        try:
            await self._put(user_id, [item], self._limits)
        except ItemConflict:
            if is_last:
                raise
            return False
        return True

    async def _put(self, user_id: UserId, items: Sequence[Item], limits: ItemLimits) -> Change:
        change = await self._store.put(user_id, items, limits)
        self._learn(user_id, change.version)
        if change.items:
            self._tell(user_id, change)
        return change

    def _learn(self, user_id: UserId, version: int) -> None:
        versions = self._versions
        versions[user_id] = max(version, versions.get(user_id, 0))
        if len(versions) > self._known:
            # From now on somebody who is not known here may have items all the same.
            self._is_complete = False
            del versions[next(iter(versions))]

    def _tell(self, user_id: UserId, change: Change) -> None:
        from_version = change.from_version
        for start in range(0, len(change.items), MAX_ITEMS):
            some = tuple(change.items[start : start + MAX_ITEMS])
            event = frames.ItemsChanged(some, from_version, some[-1].version)
            self._downlink.notify([user_id], encode_frame(frames.ServerFrame(0, event)))
            from_version = event.version


def _read_cursor(cursor: str) -> tuple[int, int]:
    since, point, base = cursor.partition(".")
    if not (point and since.isdecimal() and base.isdecimal() and cursor.isascii() and len(cursor) <= 40):
        raise InvalidField(field="cursor", reason="it is not one that this server gave")
    return int(since), int(base)


def settings_changed(known: AnyValue | None, **fields: object) -> ConversationSettings:
    """A conversation's settings with other fields; what they are when nothing was set yet."""
    before = known if isinstance(known, ConversationSettings) else ConversationSettings()
    return msgspec.structs.replace(before, **fields)
