"""Leases inside one process. A user sits in the second in which his lease may end, so that nothing looks at all of them."""

from collections.abc import Collection, Mapping, Sequence

from hongyan.model.ids import UserId

_SLOT_MS = 1_000


class MemoryLeases:
    """Implements `ports.presence.Leases`.

    A lease that was renewed is not moved at once but when its slot comes up, so that renewing costs one assignment.
    """

    def __init__(self) -> None:
        self._leases: dict[UserId, dict[int, tuple[int, int]]] = {}
        self._slots: dict[int, set[UserId]] = {}
        self._slot_of: dict[UserId, int] = {}

    async def hold(self, gateway: int, user_ids: Sequence[UserId], seen_ms: int, until_ms: int) -> Sequence[UserId]:
        """See the port."""
        new = []
        for user_id in user_ids:
            mine = self._leases.get(user_id)
            if mine is None:
                mine = self._leases[user_id] = {}
                new.append(user_id)
            mine[gateway] = (seen_ms, until_ms)
            self._place(user_id, until_ms)
        return new

    async def held(self, user_ids: Sequence[UserId]) -> Collection[UserId]:
        """See the port."""
        return {user_id for user_id in user_ids if user_id in self._leases}

    async def lapsed(self, now_ms: int) -> Mapping[UserId, int]:
        """See the port."""
        found: dict[UserId, int] = {}
        now_slot = now_ms // _SLOT_MS
        for slot in sorted(slot for slot in self._slots if slot <= now_slot):
            for user_id in self._slots.pop(slot):
                # Whoever was given an earlier slot meanwhile is looked at there.
                if self._slot_of.get(user_id) == slot:
                    self._look_at(user_id, now_ms, found)
        return found

    def _look_at(self, user_id: UserId, now_ms: int, found: dict[UserId, int]) -> None:
        leases = self._leases[user_id]
        del self._slot_of[user_id]
        until_ms = max(until for _, until in leases.values())
        if until_ms > now_ms:
            self._place(user_id, until_ms)
            return
        found[user_id] = max(seen for seen, _ in leases.values())
        del self._leases[user_id]

    def _place(self, user_id: UserId, until_ms: int) -> None:
        # The slot after the one in which it ends: then it has ended.
        slot = until_ms // _SLOT_MS + 1
        before = self._slot_of.get(user_id)
        if before is None or slot < before:
            self._slot_of[user_id] = slot
            self._slots.setdefault(slot, set()).add(user_id)
