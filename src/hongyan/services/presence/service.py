"""Presence: leases are held and let go, changes gather for a moment, and those who watch are told."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from hongyan.model.codes import Overloaded
from hongyan.model.errors import HongyanError
from hongyan.model.ids import UserId, fixed_members
from hongyan.model.state import BLOCKS, FRIEND
from hongyan.ports.clock import Clock
from hongyan.ports.link import Identity
from hongyan.ports.presence import LastSeen, Leases, Visible
from hongyan.ports.store import MemberRow
from hongyan.protocol.codec import encode_frame
from hongyan.protocol.frames import Presence, Presences, ServerFrame, WatchPresence
from hongyan.services.presence.watches import Watches
from hongyan.telemetry import get_logger

logger = get_logger(__name__)

PAIR = 2
Notify = Callable[[Sequence[UserId], bytes], None]
"""Pushes an encoded frame to the connections of users; may drop it where a connection is slow."""


class PresenceOptions(msgspec.Struct, frozen=True):
    """Times and bounds.

    A lease lasts `lease_ms` and is renewed every `renew_ms`; somebody who left counts as there for `grace_ms` more. What changed
    is told every `turn_ms`, of at most `told_per_turn` users at a time. A right to see that is older than `recheck_ms` is
    looked at again before its holder is told anything, for at most `rechecked_per_turn` holders at a time.
    """

    lease_ms: int = 30_000
    renew_ms: int = 10_000
    grace_ms: int = 10_000
    turn_ms: int = 500
    recheck_ms: int = 60_000
    rechecked_per_turn: int = 200
    told_per_turn: int = 1_000
    renewed_at_once: int = 1_000


class Surroundings(msgspec.Struct, frozen=True):
    """What the service was given to work with; `gateway` is the number of the gateway in this process."""

    gateway: int
    leases: Leases
    last_seen: LastSeen
    visible: Visible
    notify: Notify
    clock: Clock


class PresenceService:
    """Presence for one gateway's connections. `stopped` says that the server has no time for it now."""

    def __init__(self, around: Surroundings, options: PresenceOptions) -> None:
        self._around, self._options = around, options
        self._devices: dict[UserId, dict[Identity, int]] = {}
        self._arrived: dict[UserId, None] = {}
        self._left: dict[UserId, int] = {}
        self._changed: dict[UserId, None] = {}
        self._told: dict[UserId, bool] = {}
        self._seen_ms: dict[UserId, int] = {}
        self._watches = Watches()
        self._renewed_ms = 0
        self.stopped: Callable[[], bool] = lambda: False

    # What a gateway says: never waits

    def came(self, device: Identity) -> None:
        """A connection of this device was let in."""
        mine = self._devices.get(device.user_id)
        if mine is None:
            mine = self._devices[device.user_id] = {}
            self._arrived[device.user_id] = None
            self._left.pop(device.user_id, None)
        mine[device] = mine.get(device, 0) + 1

    def left(self, device: Identity) -> None:
        """A connection that came is gone. A device without connections watches nobody."""
        mine = self._devices[device.user_id]
        mine[device] -= 1
        if mine[device]:
            return
        del mine[device]
        self._watch(device, ())
        if not mine:
            del self._devices[device.user_id]
            self._arrived.pop(device.user_id, None)
            self._left[device.user_id] = self._around.clock()

    # What users ask

    async def watch(self, device: Identity, request: WatchPresence) -> Presences:
        """From now on the device hears of these users, as far as it may see them, and of nobody else; how they are now."""
        if self.stopped():
            raise Overloaded(what="presence", retry_after_ms=5_000)
        asked = tuple(dict.fromkeys(request.user_ids))
        # Whoever is answered first and changes meanwhile is told by the next turn.
        allowed = await self._around.visible(device.user_id, asked) if asked else ()
        seen = [user_id for user_id in asked if user_id in allowed]
        if device in self._devices.get(device.user_id, ()):
            self._watch(device, seen)
        found = await self.look(seen)
        for presence in found:
            if self._told.setdefault(presence.user_id, presence.online) is not presence.online:
                self._changed[presence.user_id] = None
        return Presences(found)

    def _watch(self, device: Identity, user_ids: Sequence[UserId]) -> None:
        for user_id in self._watches.replace(device, user_ids, self._around.clock()):
            self._told.pop(user_id, None)

    async def see(self, user_id: UserId, user_ids: Sequence[UserId]) -> Presences:
        """How those of these users are now whom this user may see. Raises Overloaded."""
        if self.stopped():
            raise Overloaded(what="presence", retry_after_ms=5_000)
        allowed = await self._around.visible(user_id, user_ids) if user_ids else ()
        return Presences(await self.look([other for other in dict.fromkeys(user_ids) if other in allowed]))

    async def look(self, user_ids: Sequence[UserId]) -> tuple[Presence, ...]:
        """How these users are now, whoever asks."""
        if not user_ids:
            return ()
        held = await self._around.leases.held(user_ids)
        online = {user_id for user_id in user_ids if user_id in held or user_id in self._devices}
        absent = [user_id for user_id in user_ids if user_id not in online]
        seen_ms = dict(await self._around.last_seen.read(absent)) if absent else {}
        seen_ms.update((user_id, self._seen_ms[user_id]) for user_id in absent if user_id in self._seen_ms)
        return tuple(
            Presence(user_id, user_id in online, 0 if user_id in online else seen_ms.get(user_id, 0))
            for user_id in user_ids
        )

    def revoke(self, user_id: UserId, other_id: UserId) -> None:
        """Neither of the two may see the other any more: a block, or the end of a friendship."""
        self._watches.revoke(user_id, other_id)
        self._watches.revoke(other_id, user_id)

    def doubt(self, user_id: UserId) -> None:
        """Perhaps fewer may see the user from now on: that is looked at before anybody is told anything of him."""
        self._watches.doubt(user_id)

    def seats_changed(self, rows: Sequence[MemberRow]) -> None:
        """Members whose seat changed: a block ends what both see at once, the end of a friendship perhaps. Never waits."""
        for row in rows:
            members = fixed_members(row.conversation_id)
            if len(members) == PAIR and row.seat.flags & BLOCKS:
                self.revoke(*members)
            elif len(members) == PAIR and not row.seat.flags & FRIEND:
                for user_id in members:
                    self.doubt(user_id)

    @property
    def online(self) -> int:
        """How many users have a connection here."""
        return len(self._devices)

    @property
    def watched(self) -> int:
        """How many pairs of a device and a user it watches there are."""
        return len(self._watches)

    # What goes on by itself

    async def run(self) -> None:
        """Works until cancelled. Who is still here then was seen last at that moment."""
        try:
            while True:
                await asyncio.sleep(self._options.turn_ms / 1_000)
                try:
                    await self.turn()
                except HongyanError as error:
                    # The state or the disk refuses: messages do not depend on this, and the next turn tries again.
                    logger.warning("presence has to wait", reason=str(error))
        finally:
            await self._keep_all()

    async def turn(self) -> None:
        """One round: leases, then what they changed, then those who are to be told."""
        now_ms, around, options = self._around.clock(), self._around, self._options
        arrived, self._arrived = list(self._arrived), {}
        left, self._left = self._left, {}
        self._note(await around.leases.hold(around.gateway, arrived, now_ms, now_ms + options.lease_ms))
        for user_id, left_ms in left.items():
            await around.leases.hold(around.gateway, [user_id], left_ms, left_ms + options.grace_ms)
        if now_ms - self._renewed_ms >= options.renew_ms:
            self._renewed_ms = now_ms
            await self._renew(now_ms)
        lapsed = await around.leases.lapsed(now_ms)
        self._seen_ms.update(lapsed)
        self._note(lapsed)
        if not self.stopped():
            await self._tell(now_ms)
        await self._keep()

    def _note(self, user_ids: Iterable[UserId]) -> None:
        for user_id in user_ids:
            if self._watches.is_watched(user_id):
                self._changed[user_id] = None
            else:
                self._told.pop(user_id, None)

    async def _renew(self, now_ms: int) -> None:
        users, at_once = list(self._devices), self._options.renewed_at_once
        for start in range(0, len(users), at_once):
            # Whoever left meanwhile is let go by the next turn.
            some = [user_id for user_id in users[start : start + at_once] if user_id in self._devices]
            until_ms = now_ms + self._options.lease_ms
            self._note(await self._around.leases.hold(self._around.gateway, some, now_ms, until_ms))
            await asyncio.sleep(0)

    async def _keep(self) -> None:
        if self._seen_ms:
            await self._around.last_seen.write(self._seen_ms)
            self._seen_ms = {}

    async def _keep_all(self) -> None:
        now_ms = self._around.clock()
        self._seen_ms.update(self._left)
        self._seen_ms.update(dict.fromkeys(self._devices, now_ms))
        try:
            await self._keep()
        except HongyanError as error:
            logger.warning("it is not kept who was here last", reason=str(error))

    async def _tell(self, now_ms: int) -> None:
        users, stale = self._next_changed(now_ms)
        await self._recheck(stale, now_ms)
        for presence in await self.look(users):
            user_id, online = presence.user_id, presence.online
            watchers = self._watches.watchers(user_id)
            if not watchers:
                self._told.pop(user_id, None)
            elif self._told.get(user_id) is not online:
                self._told[user_id] = online
                self._around.notify(watchers, encode_frame(ServerFrame(0, Presences((presence,)))))

    def _next_changed(self, now_ms: int) -> tuple[list[UserId], dict[UserId, list[UserId]]]:
        """Takes out those to tell of now, and by watcher whom of them he may perhaps not see any more."""
        users: list[UserId] = []
        stale: dict[UserId, list[UserId]] = {}
        for user_id in islice(self._changed, self._options.told_per_turn):
            if len(stale) >= self._options.rechecked_per_turn:
                break
            users.append(user_id)
            for watcher in self._watches.stale(user_id, now_ms - self._options.recheck_ms):
                stale.setdefault(watcher, []).append(user_id)
        for user_id in users:
            del self._changed[user_id]
        return users, stale

    async def _recheck(self, stale: Mapping[UserId, Sequence[UserId]], now_ms: int) -> None:
        for watcher, user_ids in stale.items():
            allowed = await self._around.visible(watcher, user_ids)
            for user_id in user_ids:
                if user_id in allowed:
                    self._watches.confirm(watcher, user_id, now_ms)
                else:
                    self._watches.revoke(watcher, user_id)
