from hongyan.services.presence.watches import Watches
from tests.unit.services.presence.worlds import ALICE, BOB, CAROL, device


def test_those_whom_nobody_watches_any_more_are_told_by_the_change() -> None:
    watches = Watches()
    assert watches.replace(device(ALICE), [BOB, CAROL], 1) == []
    watches.replace(device(CAROL), [BOB], 1)
    assert watches.replace(device(ALICE), [CAROL], 2) == []
    assert watches.replace(device(CAROL), [], 3) == [BOB]
    assert watches.replace(device(ALICE), [], 3) == [CAROL]
    assert len(watches) == 0


def test_a_user_watches_once_however_many_of_his_devices_do() -> None:
    watches = Watches()
    for name in ("phone", "laptop"):
        watches.replace(device(ALICE, name), [BOB], 1)
    watches.replace(device(CAROL), [BOB], 1)
    assert watches.watchers(BOB) == [ALICE, CAROL]
    watches.replace(device(ALICE), [], 1)
    assert watches.watchers(BOB) == [ALICE, CAROL]
    assert watches.is_watched(BOB)


def test_a_right_is_stale_until_it_is_confirmed() -> None:
    watches = Watches()
    watches.replace(device(ALICE), [BOB], 10)
    watches.replace(device(CAROL), [BOB], 20)
    assert watches.stale(BOB, 10) == set()
    assert watches.stale(BOB, 15) == {ALICE}
    watches.confirm(ALICE, BOB, 30)
    assert watches.stale(BOB, 25) == {CAROL}


def test_a_revoked_watch_leaves_the_others() -> None:
    watches = Watches()
    watches.replace(device(ALICE), [BOB, CAROL], 1)
    watches.replace(device(ALICE, "laptop"), [BOB], 1)
    watches.revoke(ALICE, BOB)
    watches.revoke(ALICE, BOB)
    assert not watches.is_watched(BOB)
    assert watches.watchers(CAROL) == [ALICE]
    assert len(watches) == 1
