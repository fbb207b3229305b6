import pytest

from hongyan.model.codes import InvalidField
from hongyan.model.ids import UserId
from hongyan.protocol import codec_opaque as opaque
from hongyan.protocol.codec_presence import (
    MAX_WATCHED,
    read_presences,
    read_watch,
    write_presences,
    write_watch,
)
from hongyan.protocol.frames import Presence, Presences, WatchPresence


def test_whom_to_watch_and_who_is_there_come_back_as_they_were_written() -> None:
    watch = WatchPresence((UserId("bob"), UserId("carol")))
    told = Presences((Presence(UserId("bob"), online=True), Presence(UserId("carol"), online=False, last_seen_ms=5)))

    assert read_watch(write_watch(watch)) == watch
    assert read_presences(write_presences(told)) == told


def test_more_users_than_allowed_and_what_is_no_user_are_refused_by_name() -> None:
    many = [f"user-{number}" for number in range(MAX_WATCHED + 1)]

    assert len(read_watch(opaque.WatchPresence(user_ids=many[1:])).user_ids) == MAX_WATCHED
    for wrong in (many, ["bob", "not a user"]):
        with pytest.raises(InvalidField, match=r"watch_presence\.user_ids"):
            read_watch(opaque.WatchPresence(user_ids=wrong))
