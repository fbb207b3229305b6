"""The frames of presence as records, and back; entered in the tables of codec_command and codec_event."""

from collections.abc import Iterable
from typing import Any

from hongyan.model.codes import InvalidField
from hongyan.model.ids import UserId, parse_user_id
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.frames import Presence, Presences, WatchPresence

MAX_WATCHED = 500
"""Users that a device may watch."""


def read_watch(watch: Any) -> WatchPresence:
    """A client's frame. Raises InvalidField for what is no user id, and for too many of them."""
    return WatchPresence(_read_users(watch.user_ids))


def _read_users(user_ids: Iterable[str]) -> tuple[UserId, ...]:
    field = "watch_presence.user_ids"
    users = tuple(parse_user_id(user_id, field) for user_id in user_ids)
    if len(users) > MAX_WATCHED:
        raise InvalidField(field=field, reason=f"0 to {MAX_WATCHED} users are allowed")
    return users


def write_watch(watch: WatchPresence) -> Any:
    """As an opaque message."""
    return opaque.WatchPresence(user_ids=watch.user_ids)


def write_presences(presences: Presences) -> Any:
    """As an opaque message."""
    rows = [
        opaque.Presence(user_id=row.user_id, online=row.online, last_seen_ms=row.last_seen_ms)
        for row in presences.presences
    ]
    return opaque.Presences(presences=rows)


def read_presences(presences: Any) -> Presences:
    """What a server said."""
    return Presences(tuple(Presence(UserId(row.user_id), row.online, row.last_seen_ms) for row in presences.presences))
