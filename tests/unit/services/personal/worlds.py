"""The service on a memory store, and devices that hear what it pushes."""

from collections.abc import Sequence

from hongyan.adapters.store.items_memory import MemoryItemStore
from hongyan.model.codes import CloseCode
from hongyan.model.ids import ConversationId, DeviceId, UserId
from hongyan.model.personal import Item
from hongyan.ports.link import Fanout
from hongyan.ports.personal import ItemLimits
from hongyan.protocol import frames
from hongyan.protocol.client import CLIENT_LIMITS
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER
from hongyan.services.personal.service import Personal

ALICE, BOB = UserId("alice"), UserId("bob")
BOOKS = ConversationId("g:books")


class Heard:
    """A downlink that keeps the changes it was told, by user."""

    def __init__(self) -> None:
        self.changes: list[tuple[UserId, frames.ItemsChanged]] = []

    def deliver(self, gateway: int, fanouts: Sequence[Fanout]) -> None:
        """See the port."""

    def signal(self, recipients: Sequence[UserId], sign: tuple[ConversationId, UserId, str]) -> None:
        """See the port."""

    def notify(self, user_ids: Sequence[UserId], encoded: bytes, *, droppable: bool = False) -> None:
        """See the port."""
        assert not droppable
        (frame,) = PROTO_CLIENT.decode(PROTO_SERVER.frame(encoded), CLIENT_LIMITS)
        assert isinstance(frame.event, frames.ItemsChanged)
        self.changes += [(user_id, frame.event) for user_id in user_ids]

    def disconnect(self, user_id: UserId, device_id: DeviceId | None, code: CloseCode = CloseCode.LOGGED_OUT) -> None:
        """See the port."""


class World:
    """The service."""

    def __init__(self, limits: ItemLimits | None = None, known: int = 100) -> None:
        self.store, self.heard = MemoryItemStore(), Heard()
        self.limits, self.known = limits or ItemLimits(), known
        self.restart()

    def restart(self) -> None:
        """The process died: what the store has is left."""
        self.personal = Personal(self.store, self.heard, self.limits, known=self.known)

    async def put(self, *items: Item, user_id: UserId = ALICE) -> frames.ItemsChanged:
        """What one of the user's devices puts."""
        return await self.personal.put_items(user_id, frames.PutItems(items))


class Replica:
    """A device that follows section 10 of proto/client.md."""

    def __init__(self, world: World, page: int = 0) -> None:
        self.world, self.page = world, page
        self.version = 0
        self.items: dict[tuple[str, str], Item] = {}

    def take(self, items: Sequence[Item]) -> None:
        """Keeps what is newer than what is held."""
        for item in items:
            held = self.items.get((item.topic, item.key))
            if held is None or held.version < item.version:
                self.items[item.topic, item.key] = item

    def hear(self, changed: frames.ItemsChanged) -> bool:
        """Takes a push in; False when something was missed before it."""
        if self.version < changed.from_version:
            return False
        self.take(changed.items)
        self.version = max(self.version, changed.version)
        return True

    async def catch_up(self) -> None:
        """Asks for what was missed."""
        since, cursor = self.version, ""
        while True:
            page = await self.world.personal.get_items(ALICE, frames.GetItems(since, cursor, self.page))
            if page.reset:
                self.items.clear()
            self.take(page.items)
            cursor = page.cursor
            if not page.more:
                self.version = page.version
                return

    @property
    def shown(self) -> dict[tuple[str, str], bytes]:
        """What the device has, deletions left out."""
        return {key: item.value for key, item in self.items.items() if not item.deleted}
