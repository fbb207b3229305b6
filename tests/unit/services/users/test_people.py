"""Profiles, settings and searches: who sees whom."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import pytest

from hongyan.adapters.store.people_memory import MemoryPeopleStore
from hongyan.config import Config
from hongyan.model.codes import HandleTaken, HandleUnknown, InvalidField, RateLimited, UserUnknown
from hongyan.model.ids import UserId
from hongyan.model.privacy import Circle, Strangers
from hongyan.ports.people import PersonRow
from hongyan.ports.users import UserRow
from hongyan.services.users.people import People, PeopleOptions, PrivacyChange, ProfileChange, Standing
from tests.unit.services.users.worlds import ALICE, BOB, World

CAROL = UserId("carol")


class CountedPeople(MemoryPeopleStore):
    """Writes down what it is asked."""

    def __init__(self, world: World) -> None:
        super().__init__(world.users)
        self.asked: list[str] = []

    async def by_handle(self, handle: str) -> PersonRow | None:
        """See the port."""
        self.asked.append("by_handle")
        return await super().by_handle(handle)

    async def people(self, user_ids: Sequence[UserId]) -> Sequence[PersonRow]:
        """See the port."""
        self.asked.append("people")
        return await super().people(user_ids)


class Town:
    """Alice, Bob and Carol. `standings` is how they stand to each other, by (viewer, other)."""

    def __init__(self, world: World, options: PeopleOptions) -> None:
        self.world, self.store = world, CountedPeople(world)
        self.standings: dict[tuple[UserId, UserId], Standing] = {}
        self.told: list[PersonRow] = []
        self.people = People(self.store, world.clock, options)
        self.people.standings_of = self._standings_of
        self.people.on_changed = self._hear

    async def _standings_of(self, user_id: UserId, others: Sequence[UserId]) -> Mapping[UserId, Standing]:
        self.store.asked.append(f"standings {len(others)}")
        return {other: self.standings[user_id, other] for other in others if (user_id, other) in self.standings}

    async def _hear(self, person: PersonRow) -> None:
        self.told.append(person)


async def founded(world: World, options: PeopleOptions | None = None) -> Town:
    for user_id in (ALICE, BOB, CAROL):
        await world.users.add(UserRow(user_id, "hash", 1_000))
    return Town(world, options or PeopleOptions(search_s=0))


async def test_of_two_who_want_a_handle_at_once_one_gets_it(world: World) -> None:
    people = (await founded(world)).people
    wishes = [people.set_profile(user_id, ProfileChange(handle="Panda")) for user_id in (ALICE, BOB, CAROL)]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["HandleTaken", "HandleTaken", "PersonRow"]


async def test_changes_are_told_after_they_are_kept(world: World) -> None:
    town = await founded(world)
    await town.people.set_profile(ALICE, ProfileChange(name="Alice"))
    await town.people.set_privacy(ALICE, PrivacyChange(details=Circle.FRIENDS))
    with pytest.raises(InvalidField):
        await town.people.set_profile(ALICE, ProfileChange(name="\x00"))
    assert [(told.profile.name, told.privacy.details) for told in town.told] == [("Alice", 3), ("Alice", 2)]
    assert town.told[-1] == await town.people.own(ALICE)


async def test_who_has_no_account_has_nothing_to_change(world: World) -> None:
    people = (await founded(world)).people
    for change in (people.own(UserId("nobody")), people.set_profile(UserId("nobody"), ProfileChange(name="x"))):
        with pytest.raises(UserUnknown):
            await change


async def test_new_handles_are_rationed_and_other_changes_are_not(world: World) -> None:
    people = (await founded(world, PeopleOptions(handles_per_day=2))).people
    await people.set_profile(ALICE, ProfileChange(handle="first"))
    await people.set_profile(ALICE, ProfileChange(handle="FIRST", name="in capitals"))
    await people.set_profile(ALICE, ProfileChange(handle="second"))
    with pytest.raises(RateLimited):
        await people.set_profile(ALICE, ProfileChange(handle="third"))
    await people.set_profile(ALICE, ProfileChange(name="another"))
    world.now_ms += 86_400_000
    await people.set_profile(ALICE, ProfileChange(handle="third"))


@pytest.mark.parametrize(
    ("details", "to_strangers", "to_friends"),
    [(Circle.EVERYONE, "bobby", "bobby"), (Circle.FRIENDS, "", "bobby"), (Circle.NOBODY, "", "")],
)
async def test_details_are_for_those_within_their_circle(
    world: World, details: Circle, to_strangers: str, to_friends: str
) -> None:
    town = await founded(world)
    await town.people.set_profile(BOB, ProfileChange("bobby", "Bob", "", "fishes"))
    await town.people.set_privacy(BOB, PrivacyChange(details=details))
    (seen,) = await town.people.seen_by(ALICE, [BOB])
    assert (seen.name, seen.handle, seen.friend) == ("Bob", to_strangers, False)
    town.standings[ALICE, BOB] = Standing(friend=True)
    (seen,) = await town.people.seen_by(ALICE, [BOB])
    assert (seen.name, seen.handle, seen.friend) == ("Bob", to_friends, True)
    town.standings[ALICE, BOB] = Standing(friend=True, blocked=True)
    (seen,) = await town.people.seen_by(ALICE, [BOB])
    assert (seen.handle, seen.bio) == ("", ""), "the blocked see no details"
    (seen,) = await town.people.seen_by(BOB, [BOB])
    assert (seen.handle, seen.bio) == ("bobby", "fishes"), "one's own whole"


async def test_a_search_goes_the_same_way_for_the_found_the_hidden_the_blocking_and_the_absent(world: World) -> None:
    town = await founded(world)
    await town.people.set_profile(BOB, ProfileChange("bobby"))
    ways: list[list[str]] = []
    answers: list[str] = []

    async def search(handle: str) -> None:
        town.store.asked.clear()
        try:
            answers.append((await town.people.search(ALICE, handle, "192.0.2.1")).user_id)
        except HandleUnknown as error:
            answers.append(str(error))
        ways.append(list(town.store.asked))

    await search("bobby")
    town.standings[ALICE, BOB] = Standing(blocked=True)
    await search("bobby")
    del town.standings[ALICE, BOB]
    await town.people.set_privacy(BOB, PrivacyChange(by_handle=False))
    await search("bobby")
    await town.people.set_profile(BOB, ProfileChange(""))
    await search("bobby")
    nobody = "Nobody is found by the handle bobby."
    assert answers == [BOB, nobody, nobody, nobody]
    assert ways == [["by_handle", "standings 1"]] * 4


async def test_friends_find_one_who_hides_from_strangers_and_everybody_finds_himself(world: World) -> None:
    town = await founded(world)
    await town.people.set_profile(BOB, ProfileChange("bobby"))
    await town.people.set_privacy(BOB, PrivacyChange(by_handle=False))
    town.standings[ALICE, BOB] = Standing(friend=True)
    assert (await town.people.search(ALICE, "bobby")).user_id == BOB
    assert (await town.people.search(BOB, "bobby")).user_id == BOB


async def test_searches_from_an_address_are_rationed_over_all_its_users(world: World) -> None:
    town = await founded(world, PeopleOptions(address_searches_per_hour=2))
    for user_id in (ALICE, BOB):
        with pytest.raises(HandleUnknown):
            await town.people.search(user_id, "nobody", "192.0.2.1")
    with pytest.raises(RateLimited, match="searches from your address"):
        await town.people.search(CAROL, "nobody", "192.0.2.1")
    with pytest.raises(HandleUnknown):
        await town.people.search(CAROL, "nobody", "192.0.2.2")


async def test_the_policy_towards_strangers_is_the_users_own_or_the_installations_and_outlives_a_restart(
    world: World,
) -> None:
    town = await founded(world, PeopleOptions(strangers=Strangers.REQUEST))
    assert town.people.doors.is_closed(ALICE)
    await town.people.set_privacy(ALICE, PrivacyChange(strangers=Strangers.OPEN))
    await town.people.set_privacy(BOB, PrivacyChange(strangers=Strangers.FRIENDS))
    await town.people.set_privacy(CAROL, PrivacyChange(strangers=Strangers.FRIENDS))
    await town.people.set_privacy(CAROL, PrivacyChange(strangers=Strangers.DEFAULT))
    again = People(town.store, world.clock, PeopleOptions(strangers=Strangers.OPEN))
    await again.load()
    policies = [[people.policy_of(user_id).name for user_id in (ALICE, BOB, CAROL)] for people in (town.people, again)]
    assert policies == [["OPEN", "FRIENDS", "REQUEST"], ["OPEN", "FRIENDS", "OPEN"]]
    again.forget(BOB)
    assert not again.doors.is_closed(BOB)


async def test_settings_of_many_are_read_at_once(world: World) -> None:
    town = await founded(world)
    await town.people.set_privacy(BOB, PrivacyChange(last_seen=Circle.NOBODY))
    found = await town.people.privacy_of([ALICE, BOB, UserId("nobody")])
    assert {user_id: row.last_seen for user_id, row in found.items()} == {ALICE: 3, BOB: 1}


async def test_a_taken_handle_is_refused_by_its_name(world: World) -> None:
    people = (await founded(world)).people
    await people.set_profile(ALICE, ProfileChange(handle="panda"))
    with pytest.raises(HandleTaken, match="Panda is taken"):
        await people.set_profile(BOB, ProfileChange(handle="Panda"))


def test_the_bounds_are_those_of_the_configuration() -> None:
    keys, options = Config().people, PeopleOptions()
    assert Strangers[keys.strangers.upper()] is options.strangers
    for name in ("searches_per_hour", "address_searches_per_hour", "handles_per_day"):
        assert getattr(options, name) == getattr(keys, name)


async def test_of_changes_at_once_none_undoes_another(world: World) -> None:
    town = await founded(world)
    changes = [ProfileChange(name="Alice"), ProfileChange(bio="fishes"), ProfileChange(avatar="blob:face")]
    await asyncio.gather(*(town.people.set_profile(ALICE, change) for change in changes))
    profile = (await town.people.own(ALICE)).profile
    assert (profile.name, profile.bio, profile.avatar) == ("Alice", "fishes", "blob:face")
    assert town.told[-1].profile == profile


async def test_no_search_is_answered_sooner_than_another(world: World) -> None:
    town = await founded(world, PeopleOptions(search_s=0.05))
    await town.people.set_profile(BOB, ProfileChange("bobby"))
    loop, took_s = asyncio.get_running_loop(), []
    for handle in ("bobby", "nobody"):
        began = loop.time()
        with contextlib.suppress(HandleUnknown):
            await town.people.search(ALICE, handle)
        took_s.append(loop.time() - began)
    # The loop's clock counts in milliseconds.
    assert min(took_s) >= 0.048
