"""A device's copy of what its user keeps for himself. Pure.

Invariant: it holds every item up to `version`, and perhaps newer ones; `behind` says that there are some it has not.
"""

from collections.abc import Iterable, Iterator

import msgspec

from hongyan.model.personal import VALUES, AnyValue, Item
from hongyan.protocol.codec_personal import decode_value
from hongyan.protocol.frames import ItemPage, ItemsChanged


class ItemChanges(msgspec.Struct, frozen=True):
    """What changed: items to be kept, after all others were forgotten if `reset`."""

    items: tuple[Item, ...]
    reset: bool = False


class Items:
    """The items, deleted ones too: those say that an older version is not to come back."""

    def __init__(self, items: Iterable[Item] = (), version: int = 0) -> None:
        self.version = version
        self._heard = version
        self._items = {(item.topic, item.key): item for item in items}

    @property
    def behind(self) -> bool:
        """Whether the server has what is not here."""
        return self._heard > self.version

    def value(self, topic: str, key: str) -> AnyValue | None:
        """The value of an item; None when there is none."""
        item = self._items.get((topic, key))
        return None if item is None or item.deleted else decode_value(topic, item.value)

    def of_topic(self, topic: str) -> Iterator[tuple[str, AnyValue]]:
        """Key and value of all of a topic, by key."""
        for item_topic, key in sorted(self._items):
            if item_topic == topic and (value := self.value(topic, key)) is not None:
                yield key, value

    def hear(self, version: int) -> None:
        """The server has this version."""
        self._heard = max(self._heard, version)

    def take_changed(self, changed: ItemsChanged) -> ItemChanges:
        """What another device, the server or this device changed."""
        self.hear(changed.version)
        if changed.from_version <= self.version:
            self.version = max(self.version, changed.version)
        return ItemChanges(self._take(changed.items))

    def take_page(self, page: ItemPage) -> ItemChanges:
        """The answer to a question for all above `version`, or to one that reads on."""
        if page.reset:
            self._items.clear()
            # What was heard before may be of a history that the server has no more.
            self.version = self._heard = 0
        taken = self._take(page.items)
        self.version = max(self.version, page.version)
        self.hear(page.version)
        return ItemChanges(taken, page.reset)

    def _take(self, items: Iterable[Item]) -> tuple[Item, ...]:
        taken = []
        for item in items:
            known = self._items.get((item.topic, item.key))
            # Of a newer server there may be topics that are not known here.
            if item.topic in VALUES and (known is None or item.version > known.version):
                self._items[item.topic, item.key] = item
                taken.append(item)
        return tuple(taken)
