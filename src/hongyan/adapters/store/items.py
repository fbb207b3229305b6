"""What a put does to a user's items, for every adapter: pure, on what it has read."""

from collections.abc import Mapping, Sequence

import msgspec

from hongyan.model.codes import ItemConflict, ItemsTooLarge, TooManyItems
from hongyan.model.personal import Item
from hongyan.ports.personal import ABSENT, ItemLimits

CHANGES_BYTES = 1 << 20
"""After the item with which they have so many bytes, `changes` gives no more."""

ItemKey = tuple[str, str]


class Shelf(msgspec.Struct, frozen=True):
    """What is known of a user's items together; see the port for the versions. `deletions` are remembered ones."""

    version: int = 0
    floor_version: int = 0
    items: int = 0
    size_bytes: int = 0
    deletions: int = 0


def key_of(item: Item) -> ItemKey:
    """What names the item among those of its user."""
    return item.topic, item.key


def put_on(
    shelf: Shelf, present: Mapping[ItemKey, Item], items: Sequence[Item], limits: ItemLimits
) -> tuple[Shelf, list[Item]]:
    """The shelf after a put, and what has to be written. `present` has those of the items that there are.

    Raises ItemConflict, TooManyItems, ItemsTooLarge.
    """
    version, changed = shelf.version, []
    count, size_bytes, deletions = shelf.items, shelf.size_bytes, shelf.deletions
    for item in items:
        before = present.get(key_of(item))
        if item.version and item.version != (ABSENT if before is None else before.version):
            raise ItemConflict(topic=item.topic, key=item.key)
        if _is_so(before, item):
            continue
        version += 1
        changed.append(msgspec.structs.replace(item, version=version))
        count += _counts(item) - _counts(before)
        size_bytes += _size_of(item) - _size_of(before)
        deletions += _counts(before) - _counts(item) if before is not None else 0
    if count > max(limits.items, shelf.items):
        raise TooManyItems(limit=limits.items)
    if size_bytes > max(limits.size_bytes, shelf.size_bytes):
        raise ItemsTooLarge(limit_bytes=limits.size_bytes)
    return Shelf(version, shelf.floor_version, count, size_bytes, deletions), changed


def _is_so(before: Item | None, item: Item) -> bool:
    if before is None:
        return item.deleted
    return before.deleted == item.deleted and before.value == item.value


def _counts(item: Item | None) -> int:
    return 0 if item is None or item.deleted else 1


def _size_of(item: Item | None) -> int:
    return 0 if item is None or item.deleted else len(item.key) + len(item.value)


def within_changes(items: Sequence[Item]) -> Sequence[Item]:
    """The items up to the one with which they have CHANGES_BYTES."""
    size = 0
    for index, item in enumerate(items):
        size += len(item.key) + len(item.value)
        if size >= CHANGES_BYTES:
            return items[: index + 1]
    return items
