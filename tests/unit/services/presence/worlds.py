"""A presence service on memory adapters, with a clock that is moved by hand."""

from collections.abc import Collection, Mapping, Sequence

from hongyan.adapters.state.leases import MemoryLeases
from hongyan.adapters.store.last_seen import MemoryLastSeen
from hongyan.model.codes import StorageFull
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.link import Identity
from hongyan.protocol import codec_event
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.frames import Presences, WatchPresence
from hongyan.services.presence.service import PresenceOptions, PresenceService, Surroundings

ALICE, BOB, CAROL = map(UserId, ("alice", "bob", "carol"))


def device(user_id: UserId, name: str = "phone") -> Identity:
    return Identity(user_id, DeviceId(name))


class SmallLastSeen(MemoryLastSeen):
    """On a disk that may be full."""

    is_full = False

    async def write(self, seen_ms: Mapping[UserId, int]) -> None:
        if self.is_full:
            raise StorageFull
        await super().write(seen_ms)


PLAIN = PresenceOptions()


class World:
    """`hidden` are pairs of a user and one whom he may not see; `told` is what was pushed, to whom."""

    def __init__(self, options: PresenceOptions = PLAIN) -> None:
        self.now_ms = 1_000_000
        self.hidden: set[tuple[UserId, UserId]] = set()
        self.asked: list[UserId] = []
        self.told: list[tuple[tuple[UserId, ...], UserId, bool, int]] = []
        self.leases, self.last_seen = MemoryLeases(), SmallLastSeen()
        self.service = self.process(1, options)

    def process(self, gateway: int, options: PresenceOptions = PLAIN) -> PresenceService:
        """A service for another gateway, on the same state."""
        around = Surroundings(gateway, self.leases, self.last_seen, self._visible, self._notify, lambda: self.now_ms)
        return PresenceService(around, options)

    async def pass_ms(self, duration_ms: int) -> None:
        """Time goes by, a turn every half a second."""
        for _ in range(duration_ms // 500):
            self.now_ms += 500
            await self.service.turn()

    async def watch(self, who: Identity, *user_ids: UserId) -> dict[UserId, tuple[bool, int]]:
        found = await self.service.watch(who, WatchPresence(user_ids))
        return {row.user_id: (row.online, row.last_seen_ms) for row in found.presences}

    def news(self) -> list[tuple[tuple[UserId, ...], UserId, bool, int]]:
        """What was pushed since the last time."""
        told, self.told = self.told, []
        return told

    async def _visible(self, user_id: UserId, other_ids: Sequence[UserId]) -> Collection[UserId]:
        self.asked.append(user_id)
        return {other_id for other_id in other_ids if (user_id, other_id) not in self.hidden}

    def _notify(self, user_ids: Sequence[UserId], encoded: bytes) -> None:
        frame = codec_event.read_frame(opaque.ServerFrame.FromString(encoded))
        assert frame is not None
        assert frame.reply_to == 0
        assert isinstance(frame.event, Presences)
        (row,) = frame.event.presences
        self.told.append((tuple(user_ids), row.user_id, row.online, row.last_seen_ms))
