from collections.abc import Mapping, Sequence

import pytest

from hongyan.adapters.state.memory import MemoryHot
from hongyan.adapters.store.memory import MemoryStore
from hongyan.app.presence import Sight
from hongyan.config import Presence
from hongyan.model.ids import ConversationId, UserId
from hongyan.model.privacy import Circle
from hongyan.model.state import BLOCKS, FRIEND, Seat
from hongyan.ports.store import MemberRow
from tests.contract.rows import ALICE, BOB, CAROL, GROUP, SINGLE, batch, entry, head, member, update

FRIENDS, BLOCKED = Seat(flags=FRIEND), Seat(flags=BLOCKS)


class World:
    """alice and bob are friends, carol is with alice in a group; `settled` says whether the store knows."""

    def __init__(self, *, settled: bool) -> None:
        self.hot, self.store, self.settled = MemoryHot(1 << 20), MemoryStore(), settled
        self.sight = Sight(self.hot, self.store, Presence(group_members=2))
        self.offset = 4

    async def put(self, key: ConversationId, *members: MemberRow) -> None:
        self.offset += 1
        row = head(1, self.offset, key)
        if self.settled:
            await self.store.persist(batch(self.offset + 1, [row], [entry(1, conversation_id=key)], members))
        else:
            present = [member.user_id for member in members]
            await self.hot.write([update(row, [entry(1, conversation_id=key)], members=members, audience=present)])

    async def seen_by(self, user_id: UserId) -> set[UserId]:
        return set(await self.sight.visible(user_id, [ALICE, BOB, CAROL, UserId("nobody")]))


@pytest.fixture(params=[True, False], ids=["settled", "hot"])
async def world(request: pytest.FixtureRequest) -> World:
    world = World(settled=request.param)
    await world.put(SINGLE, member(ALICE, seat=FRIENDS), member(BOB, seat=FRIENDS))
    await world.put(GROUP, member(ALICE, conversation_id=GROUP), member(CAROL, conversation_id=GROUP))
    return world


async def test_friends_and_companions_are_seen_at_once_and_others_are_not(world: World) -> None:
    assert await world.seen_by(ALICE) == {ALICE, BOB, CAROL}
    assert await world.seen_by(BOB) == {ALICE, BOB}
    assert await world.seen_by(CAROL) == {ALICE, CAROL}


async def test_a_block_hides_both_from_each_other_whatever_else_joins_them(world: World) -> None:
    key = ConversationId("s:alice:carol")
    await world.put(key, member(ALICE, conversation_id=key, seat=BLOCKED), member(CAROL, conversation_id=key))
    assert await world.seen_by(ALICE) == {ALICE, BOB}
    assert await world.seen_by(CAROL) == {CAROL}


@pytest.mark.parametrize(
    ("circle", "seen"), [(Circle.NOBODY, []), (Circle.FRIENDS, [BOB]), (Circle.EVERYONE, [BOB, CAROL])]
)
async def test_to_whom_one_shows_it_is_for_himself_to_say(world: World, circle: Circle, seen: list[UserId]) -> None:
    async def chosen(user_ids: Sequence[UserId]) -> Mapping[UserId, Circle]:
        return dict.fromkeys(user_ids, circle)

    world.sight.chosen = chosen
    assert await world.seen_by(ALICE) == {ALICE, *seen}


async def test_who_chose_nothing_shows_it_as_the_installation_has_it(world: World) -> None:
    world.sight = Sight(world.hot, world.store, Presence(visible_to="friends"))
    assert await world.seen_by(ALICE) == {ALICE, BOB}


async def test_who_left_a_group_is_not_seen_by_those_who_stayed(world: World) -> None:
    if world.settled:
        key = ConversationId("g:left")
        await world.put(key, member(BOB, conversation_id=key, left=1), member(CAROL, conversation_id=key))
    assert await world.seen_by(BOB) == {ALICE, BOB}
