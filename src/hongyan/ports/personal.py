"""Items that users keep: how other services write them, and where they are stored."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hongyan.model.ids import UserId
from hongyan.model.personal import AnyValue, Item, Topic


class PersonalItems(Protocol):
    """Writes items in the name of the server, and tells the user's own devices. Kept when a call returns.

    Every method may raise Overloaded or StorageFull; then nothing changed. The bounds on what a user may keep do not
    hold for these.
    """

    async def put(self, user_id: UserId, topic: Topic, key: str, value: AnyValue | None) -> int:
        """Replaces an item, with None deletes it; returns the user's new version.

        Where it is so already nothing changes and nobody is told, so that a repeated step costs no push.
        """
        ...

    async def get(self, user_id: UserId, topic: Topic, key: str) -> AnyValue | None:
        """The value of an item; None when there is none."""
        ...

    async def of_topic(self, user_id: UserId, topic: Topic) -> Sequence[Item]:
        """All items of a topic that are not deleted, ascending by key."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Forgets everything of a user whose account is gone. Nobody is told."""
        ...


class ItemLimits(msgspec.Struct, frozen=True):
    """What a user may keep: items, and the bytes of their keys and values together; deleted ones do not count.

    Who is over a bound may still delete, and replace what does not grow.

    Of `deletions` that are remembered for devices that were away, the oldest half goes when there are more.
    """

    items: int = 20_000
    size_bytes: int = 4_194_304
    deletions: int = 1_000


ABSENT = -1
"""As the version that an item must have now: that there never was such an item."""

UNBOUNDED = ItemLimits(items=1 << 62, size_bytes=1 << 62)
"""For what the server writes: its own bounds stand elsewhere."""


class Change(msgspec.Struct, frozen=True):
    """What a put did: the items with their versions, all above `from_version` and up to `version`."""

    items: Sequence[Item]
    from_version: int
    version: int


class Changes(msgspec.Struct, frozen=True):
    """Items above a version, ascending by it. There are others when the last has not the `head_version`, the newest.

    `floor_version`: deletions up to here are forgotten, so who asks from below it, and has items, has to begin anew.
    """

    items: Sequence[Item]
    head_version: int
    floor_version: int


class ItemStore(Protocol):
    """Items by user, topic and key. What a call returned from is durable. Each may raise Overloaded or StorageFull."""

    async def put(self, user_id: UserId, items: Sequence[Item], limits: ItemLimits) -> Change:
        """All of the items or none, each with a version of its own; those that are so already are left out.

        Raises ItemConflict where an item's `version` is set and not the present
        one (ABSENT: there is none), TooManyItems or ItemsTooLarge where that would be more than the limits.
        """
        ...

    async def changes(self, user_id: UserId, since_version: int, limit: int) -> Changes:
        """At most `limit` items above a version, and at most about a MiB of them; deleted ones too."""
        ...

    async def items(self, user_id: UserId, topic: Topic, keys: Sequence[str]) -> Sequence[Item]:
        """Those that there are of these keys, deleted ones too, in any order."""
        ...

    async def of_topic(self, user_id: UserId, topic: Topic, prefix: str = "") -> Sequence[Item]:
        """Items of a topic whose key begins so, ascending by key, without the deleted ones."""
        ...

    async def version(self, user_id: UserId) -> int:
        """The version of the newest of the user's items; 0 when there never was one."""
        ...

    async def latest(self, limit: int) -> Sequence[tuple[UserId, int]]:
        """Users who have items and their versions, at most `limit`."""
        ...

    async def erase(self, user_id: UserId) -> None:
        """Forgets all of a user's items; the version goes on from where it was."""
        ...
