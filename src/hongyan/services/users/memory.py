"""What is answered without asking the store: which sessions ended lately, and which users exist."""

from collections.abc import Iterable, Mapping

from hongyan.model.ids import UserId
from hongyan.ports.clock import Clock


class EndedSessions:
    """The sessions whose access tokens may not have expired yet. Older ones are forgotten, so this stays small."""

    def __init__(self, clock: Clock, keep_ms: int) -> None:
        self._clock, self._keep_ms = clock, keep_ms
        self._ended_ms: dict[str, int] = {}

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._ended_ms

    def __len__(self) -> int:
        return len(self._ended_ms)

    def add(self, session_ids: Iterable[str], ended_ms: int) -> None:
        """These ended; in ascending order of time."""
        for session_id in session_ids:
            self._ended_ms.setdefault(session_id, ended_ms)
        horizon_ms = self._clock() - self._keep_ms
        for session_id, at_ms in list(self._ended_ms.items()):
            if at_ms >= horizon_ms:
                break
            del self._ended_ms[session_id]


class KnownUsers:
    """Who exists and who does not, of the `capacity` users asked for last.

    Two halves: what is asked for moves to the young half, and when that is full the old half is forgotten. So a hit
    costs one look-up, and what is asked for often stays.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[UserId, bool] = {}
        self._old: dict[UserId, bool] = {}

    def get(self, user_id: UserId) -> bool | None:
        """Whether the user exists; None: not known here."""
        found = self._young.get(user_id)
        if found is None:
            found = self._old.get(user_id)
            if found is not None:
                self.learn({user_id: found})
        return found

    def learn(self, users: Mapping[UserId, bool]) -> None:
        """Remembers."""
        for user_id, exists in users.items():
            if len(self._young) >= self._half and user_id not in self._young:
                self._old, self._young = self._young, {}
            self._young[user_id] = exists

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
