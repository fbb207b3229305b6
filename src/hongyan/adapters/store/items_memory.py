"""Items in memory: the fake of tests, held to the same suite as the SQL adapter."""

from collections.abc import Sequence

import msgspec

from hongyan.adapters.store.items import ItemKey, Shelf, key_of, put_on, within_changes
from hongyan.model.ids import UserId
from hongyan.model.personal import Item, Topic
from hongyan.ports.personal import Change, Changes, ItemLimits


class MemoryItemStore:
    """Implements `ports.personal.ItemStore`."""

    def __init__(self) -> None:
        self._shelves: dict[UserId, Shelf] = {}
        self._items: dict[UserId, dict[ItemKey, Item]] = {}

    async def put(self, user_id: UserId, items: Sequence[Item], limits: ItemLimits) -> Change:
        """See the port."""
        before, kept = self._shelves.get(user_id, Shelf()), self._items.setdefault(user_id, {})
        shelf, changed = put_on(before, kept, items, limits)
        kept.update({key_of(item): item for item in changed})
        if shelf.deletions > limits.deletions:
            shelf = self._forget(kept, shelf)
        if changed:
            self._shelves[user_id] = shelf
        return Change(changed, before.version, shelf.version)

    @staticmethod
    def _forget(kept: dict[ItemKey, Item], shelf: Shelf) -> Shelf:
        deleted = sorted((item for item in kept.values() if item.deleted), key=lambda item: item.version)
        oldest = deleted[: (shelf.deletions + 1) // 2]
        for item in oldest:
            del kept[key_of(item)]
        left = shelf.deletions - len(oldest)
        return msgspec.structs.replace(shelf, floor_version=oldest[-1].version, deletions=left)

    async def changes(self, user_id: UserId, since_version: int, limit: int) -> Changes:
        """See the port."""
        shelf = self._shelves.get(user_id, Shelf())
        newer = [item for item in self._items.get(user_id, {}).values() if item.version > since_version]
        ordered = sorted(newer, key=lambda item: item.version)[:limit]
        return Changes(within_changes(ordered), shelf.version, shelf.floor_version)

    async def items(self, user_id: UserId, topic: Topic, keys: Sequence[str]) -> Sequence[Item]:
        """See the port."""
        kept = self._items.get(user_id, {})
        return [kept[topic, key] for key in dict.fromkeys(keys) if (topic, key) in kept]

    async def of_topic(self, user_id: UserId, topic: Topic, prefix: str = "") -> Sequence[Item]:
        """See the port."""
        items = (item for item in self._items.get(user_id, {}).values() if item.topic == topic and not item.deleted)
        return sorted((item for item in items if item.key.startswith(prefix)), key=lambda item: item.key)

    async def version(self, user_id: UserId) -> int:
        """See the port."""
        return self._shelves.get(user_id, Shelf()).version

    async def latest(self, limit: int) -> Sequence[tuple[UserId, int]]:
        """See the port."""
        return [(user_id, shelf.version) for user_id, shelf in list(self._shelves.items())[:limit]]

    async def erase(self, user_id: UserId) -> None:
        """See the port."""
        self._items.pop(user_id, None)
        shelf = self._shelves.get(user_id)
        if shelf is not None:
            self._shelves[user_id] = Shelf(shelf.version, shelf.version)
