"""Whom this device watches, and who of them is there. Pure."""

from collections.abc import Iterable

from hongyan.model.ids import UserId
from hongyan.protocol.frames import Presence
from hongyan.protocol.frames import Presences as PresencesFrame
from hongyan_client.events import PresenceChanged


class Presences:
    """`watched` is asked for anew on each connection: what is known from before it may have changed."""

    def __init__(self) -> None:
        self.watched: tuple[UserId, ...] = ()
        self._known: dict[UserId, Presence] = {}

    def get(self, user_id: UserId) -> Presence | None:
        """What is known of a user; None when he is not watched, or not to be seen."""
        return self._known.get(user_id)

    def watch(self, user_ids: Iterable[UserId]) -> None:
        """From now on these and no others."""
        self.watched = tuple(dict.fromkeys(user_ids))
        self._known = {user_id: self._known[user_id] for user_id in self.watched if user_id in self._known}

    def take(self, presences: PresencesFrame) -> list[PresenceChanged]:
        """An answer or a push; gives what is new."""
        told = []
        for presence in presences.presences:
            if presence.user_id in self.watched and self._known.get(presence.user_id) != presence:
                self._known[presence.user_id] = presence
                told.append(PresenceChanged(presence.user_id, presence.online, presence.last_seen_ms))
        return told
