"""Who watches whom, by device."""

from collections.abc import Iterable, Sequence

from hongyan.model.ids import UserId
from hongyan.ports.link import Identity


class Watches:
    """What each device wants to see, both ways round; with the time at which it was last found that it may."""

    def __init__(self) -> None:
        self._watched: dict[Identity, dict[UserId, int]] = {}
        self._watchers: dict[UserId, set[Identity]] = {}

    def __len__(self) -> int:
        return sum(len(watched) for watched in self._watched.values())

    def replace(self, device: Identity, user_ids: Iterable[UserId], now_ms: int) -> list[UserId]:
        """What a device wants to see from now on, and may. Returns those whom nobody watches any more."""
        before = self._watched.pop(device, {})
        for user_id in before:
            self._leave(device, user_id)
        watched = dict.fromkeys(user_ids, now_ms)
        if watched:
            self._watched[device] = watched
        for user_id in watched:
            self._watchers.setdefault(user_id, set()).add(device)
        return [user_id for user_id in before if user_id not in self._watchers]

    def is_watched(self, user_id: UserId) -> bool:
        """Whether anybody wants to see the user."""
        return user_id in self._watchers

    def watchers(self, user_id: UserId) -> Sequence[UserId]:
        """The users who watch this one, each once."""
        return sorted({device.user_id for device in self._watchers.get(user_id, ())})

    def stale(self, user_id: UserId, before_ms: int) -> set[UserId]:
        """The users who watch this one, and of whom it was found longer ago that they may."""
        devices = self._watchers.get(user_id, ())
        return {device.user_id for device in devices if self._watched[device][user_id] < before_ms}

    def confirm(self, watcher: UserId, user_id: UserId, now_ms: int) -> None:
        """He still may."""
        for device in self._watchers.get(user_id, ()):
            if device.user_id == watcher:
                self._watched[device][user_id] = now_ms

    def doubt(self, user_id: UserId) -> None:
        """It has to be found again who may see this one."""
        for device in self._watchers.get(user_id, ()):
            self._watched[device][user_id] = 0

    def revoke(self, watcher: UserId, user_id: UserId) -> None:
        """He may not any more."""
        for device in [device for device in self._watchers.get(user_id, ()) if device.user_id == watcher]:
            del self._watched[device][user_id]
            if not self._watched[device]:
                del self._watched[device]
            self._leave(device, user_id)

    def _leave(self, device: Identity, user_id: UserId) -> None:
        watchers = self._watchers[user_id]
        watchers.discard(device)
        if not watchers:
            del self._watchers[user_id]
