"""Who is watched, and what is new about them."""

from hongyan.model.ids import UserId
from hongyan.protocol.frames import Presence
from hongyan.protocol.frames import Presences as PresencesFrame
from hongyan_client.events import PresenceChanged
from hongyan_client.presences import Presences

BOB, EVE = UserId("bob"), UserId("eve")


def test_only_what_is_new_about_those_who_are_watched_is_told() -> None:
    presences = Presences()
    presences.watch([BOB, BOB])
    assert presences.watched == (BOB,)
    answer = PresencesFrame((Presence(BOB, online=True), Presence(EVE, online=True)))
    assert presences.take(answer) == [PresenceChanged(BOB, online=True)]
    assert presences.take(answer) == []
    assert presences.take(PresencesFrame((Presence(BOB, online=False, last_seen_ms=7),))) == [
        PresenceChanged(BOB, online=False, last_seen_ms=7)
    ]
    assert presences.get(EVE) is None


def test_who_is_not_watched_any_more_is_forgotten() -> None:
    presences = Presences()
    presences.watch([BOB, EVE])
    presences.take(PresencesFrame((Presence(BOB, online=True),)))
    presences.watch([EVE])
    assert presences.get(BOB) is None
