import msgspec
import pytest

from hongyan.model.codes import Overloaded, StorageFull
from hongyan.model.ids import ConversationId, single_id
from hongyan.model.state import BLOCKS, FRIEND, Seat
from hongyan.ports.store import MemberRow
from hongyan.services.presence.service import PresenceOptions
from tests.tasks import beside
from tests.unit.services.presence.worlds import ALICE, BOB, CAROL, PLAIN, World, device


async def watching(options: PresenceOptions = PLAIN) -> World:
    """Alice is there and watches bob, who is not."""
    world = World(options)
    world.service.came(device(ALICE))
    await world.pass_ms(500)
    assert await world.watch(device(ALICE), BOB) == {BOB: (False, 0)}
    return world


async def test_who_comes_is_told_to_those_who_watch_and_to_nobody_else() -> None:
    world = await watching()
    world.service.came(device(CAROL))
    world.service.came(device(BOB))
    await world.pass_ms(500)
    assert world.news() == [((ALICE,), BOB, True, 0)]
    world.service.came(device(BOB, "laptop"))
    await world.pass_ms(60_000)
    assert world.news() == []


async def test_who_leaves_is_told_after_the_grace_with_the_time_at_which_he_left() -> None:
    world = await watching()
    world.service.came(device(BOB))
    await world.pass_ms(20_000)
    world.news()
    world.service.left(device(BOB))
    left_ms = world.now_ms
    await world.pass_ms(9_500)
    assert world.news() == []
    await world.pass_ms(2_000)
    assert world.news() == [((ALICE,), BOB, False, left_ms)]
    assert await world.watch(device(ALICE), BOB) == {BOB: (False, left_ms)}


async def test_somebody_who_is_back_within_the_grace_was_never_gone() -> None:
    world = await watching()
    world.service.came(device(BOB))
    await world.pass_ms(500)
    world.news()
    for _ in range(20):
        world.service.left(device(BOB))
        await world.pass_ms(8_000)
        world.service.came(device(BOB))
        await world.pass_ms(1_000)
    await world.pass_ms(60_000)
    assert world.news() == []
    assert await world.watch(device(ALICE), BOB) == {BOB: (True, 0)}


async def test_somebody_is_there_as_long_as_one_of_his_connections_is() -> None:
    world = await watching()
    for name in ("phone", "phone", "laptop"):
        world.service.came(device(BOB, name))
    await world.pass_ms(500)
    world.news()
    world.service.left(device(BOB, "phone"))
    world.service.left(device(BOB, "laptop"))
    await world.pass_ms(60_000)
    assert world.news() == []
    world.service.left(device(BOB, "phone"))
    await world.pass_ms(12_000)
    assert [(user_id, online) for _, user_id, online, _ in world.news()] == [(BOB, False)]


async def test_whoever_was_at_a_gateway_that_died_lapses_with_its_lease() -> None:
    world = await watching()
    other = world.process(2)
    other.came(device(BOB))
    await other.turn()
    seen_ms = world.now_ms
    assert await world.watch(device(ALICE), BOB) == {BOB: (True, 0)}
    await world.pass_ms(29_500)
    assert world.news() == [((ALICE,), BOB, True, 0)]
    await world.pass_ms(2_000)
    assert world.news() == [((ALICE,), BOB, False, seen_ms)]


async def test_whom_a_user_may_not_see_is_missing_in_the_reply_and_not_pushed() -> None:
    world = await watching()
    world.hidden.add((ALICE, BOB))
    assert await world.watch(device(ALICE), BOB, CAROL) == {CAROL: (False, 0)}
    world.service.came(device(BOB))
    world.service.came(device(CAROL))
    await world.pass_ms(500)
    assert world.news() == [((ALICE,), CAROL, True, 0)]
    assert [row.user_id for row in (await world.service.see(ALICE, [BOB, CAROL])).presences] == [CAROL]


async def test_a_right_that_was_lost_meanwhile_is_noticed_before_anything_is_told() -> None:
    world = await watching(PresenceOptions(recheck_ms=5_000))
    world.hidden.add((ALICE, BOB))
    await world.pass_ms(6_000)
    world.service.came(device(BOB))
    await world.pass_ms(500)
    assert world.news() == []
    assert world.service.watched == 0


async def test_a_right_that_was_confirmed_lately_is_not_asked_for_again() -> None:
    world = await watching(PresenceOptions(recheck_ms=5_000))
    await world.pass_ms(6_000)
    world.asked.clear()
    for _ in range(2):
        world.service.came(device(BOB))
        await world.pass_ms(500)
        world.service.left(device(BOB))
        await world.pass_ms(500)
    assert world.asked == [ALICE]
    assert len(world.news()) == 1


async def test_only_so_many_rights_are_looked_at_in_a_turn_and_the_others_are_told_in_the_next() -> None:
    world = await watching(PresenceOptions(recheck_ms=0, rechecked_per_turn=1))
    world.service.came(device(CAROL))
    await world.watch(device(CAROL), ALICE)
    world.service.came(device(BOB))
    await world.pass_ms(500)
    assert [user_id for _, user_id, _, _ in world.news()] == [BOB]
    world.service.left(device(BOB))
    world.service.left(device(CAROL))
    world.service.came(device(CAROL))
    await world.watch(device(CAROL), BOB)
    world.asked.clear()
    await world.pass_ms(11_000)
    assert [(watchers, user_id) for watchers, user_id, _, _ in world.news()] == [((ALICE, CAROL), BOB)]
    assert sorted(world.asked) == [ALICE, CAROL]


async def test_a_block_ends_what_both_see_at_once() -> None:
    world = await watching()
    world.service.came(device(BOB))
    await world.watch(device(BOB), ALICE)
    world.service.revoke(BOB, ALICE)
    world.service.left(device(ALICE))
    await world.pass_ms(60_000)
    assert world.news() == []
    assert world.service.watched == 0


async def test_a_watch_stands_in_place_of_the_one_before_and_ends_with_the_device() -> None:
    world = await watching()
    world.service.came(device(ALICE, "laptop"))
    await world.watch(device(ALICE, "laptop"), BOB, CAROL)
    await world.watch(device(ALICE), CAROL)
    assert world.service.watched == 3
    world.service.left(device(ALICE, "laptop"))
    world.service.came(device(BOB))
    world.service.came(device(CAROL))
    await world.pass_ms(500)
    assert world.news() == [((ALICE,), CAROL, True, 0)]
    assert await world.watch(device(ALICE)) == {}
    assert world.service.watched == 0


async def test_a_device_that_went_while_its_rights_were_looked_up_watches_nobody() -> None:
    world = World()
    assert await world.watch(device(ALICE), BOB) == {BOB: (False, 0)}
    assert world.service.watched == 0


async def test_two_devices_of_a_user_who_watch_the_same_one_are_told_once() -> None:
    world = await watching()
    world.service.came(device(ALICE, "laptop"))
    await world.watch(device(ALICE, "laptop"), BOB)
    world.service.came(device(BOB))
    await world.pass_ms(500)
    assert world.news() == [((ALICE,), BOB, True, 0)]


async def test_an_overloaded_server_tells_nothing_and_later_what_is_another_then() -> None:
    world = await watching()
    world.service.came(device(CAROL))
    await world.watch(device(ALICE), BOB, CAROL)
    world.service.stopped = lambda: True
    with pytest.raises(Overloaded):
        await world.watch(device(ALICE), BOB)
    world.service.came(device(BOB))
    world.service.left(device(CAROL))
    await world.pass_ms(5_000)
    world.service.came(device(CAROL))
    await world.pass_ms(20_000)
    assert world.news() == []
    world.service.stopped = lambda: False
    await world.pass_ms(500)
    assert world.news() == [((ALICE,), BOB, True, 0)]


async def test_who_was_here_when_the_service_ended_was_last_seen_then() -> None:
    world = await watching()
    world.service.came(device(BOB))
    async with beside(world.service.run()):
        world.service.left(device(ALICE))
        left_ms, world.now_ms = world.now_ms, world.now_ms + 700
    assert await world.last_seen.read([ALICE, BOB, CAROL]) == {ALICE: left_ms, BOB: world.now_ms}


async def test_a_full_disk_keeps_nobody_from_being_told() -> None:
    world = await watching()
    world.service.came(device(BOB))
    await world.pass_ms(500)
    world.service.left(device(BOB))
    left_ms = world.now_ms
    world.last_seen.is_full = True
    with pytest.raises(StorageFull):
        await world.pass_ms(12_000)
    assert [(user_id, online) for _, user_id, online, _ in world.news()] == [(BOB, True), (BOB, False)]
    assert await world.watch(device(ALICE), BOB) == {BOB: (False, left_ms)}
    world.last_seen.is_full = False
    await world.pass_ms(500)
    assert await world.last_seen.read([BOB]) == {BOB: left_ms}


async def test_seats_that_change_end_what_is_seen_by_a_block_and_put_it_in_doubt_without_a_friendship() -> None:
    world = await watching()
    single = single_id(ALICE, BOB)
    row = MemberRow(single, BOB, 1, 1, 0, 0, 0, 0, Seat(flags=FRIEND))
    world.asked.clear()
    world.service.seats_changed([row, msgspec.structs.replace(row, conversation_id=ConversationId("g:x"), seat=Seat())])
    world.service.came(device(BOB))
    await world.pass_ms(500)
    assert (len(world.news()), world.asked) == (1, [])
    world.service.seats_changed([msgspec.structs.replace(row, seat=Seat())])
    world.service.left(device(BOB))
    await world.pass_ms(12_000)
    assert (len(world.news()), world.asked) == (1, [ALICE])
    world.service.seats_changed([msgspec.structs.replace(row, seat=Seat(flags=BLOCKS))])
    assert world.service.watched == 0
