"""Accounts, devices, and what becomes of their tokens."""

import asyncio
from itertools import pairwise

import msgspec
import pytest

from hongyan.config import Config, Limits
from hongyan.model.codes import (
    CloseCode,
    DeviceUnknown,
    InvalidField,
    NotAllowed,
    PasswordWrong,
    RateLimited,
    RefreshReused,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
    TooManyDevices,
    UserExists,
    UserUnknown,
    WrongCredentials,
)
from hongyan.model.errors import HongyanError
from hongyan.model.ids import DeviceId, UserId
from hongyan.ports.link import Identity
from hongyan.services.users.passwords import Passwords
from hongyan.services.users.records import Farewell, Grant, LogIn, NewPassword, Registration, UsersOptions
from tests.unit.services.users.worlds import ALICE, BOB, LAPTOP, PASSWORD, PHONE, World, opened_world

# Accounts


async def test_who_registered_logs_in_and_the_token_says_who(world: World) -> None:
    user = await world.service.register(Registration(ALICE, PASSWORD, "192.0.2.1"))
    assert user == await world.service.user(ALICE)
    grant = await world.service.log_in(LogIn(ALICE, PASSWORD, PHONE, "my phone", "192.0.2.1"))
    assert await world.service.authenticate(grant.access_token) == Identity(ALICE, PHONE)
    assert [(device.device_id, device.name) for device in await world.service.devices(ALICE)] == [(PHONE, "my phone")]


async def test_a_taken_id_is_refused_and_its_password_stays(world: World) -> None:
    await world.service.register(Registration(ALICE, PASSWORD))
    with pytest.raises(UserExists):
        await world.service.register(Registration(ALICE, "another password"))
    await world.granted()


async def test_of_two_who_register_an_id_at_once_one_gets_it(world: World) -> None:
    asked = [Registration(ALICE, f"{number} {PASSWORD}") for number in range(2)]
    results = await asyncio.gather(*map(world.service.register, asked), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["User", "UserExists"]


@pytest.mark.parametrize("user_id", ["system", "System", "SYSTEM"])
async def test_nobody_registers_as_the_system(world: World, user_id: str) -> None:
    with pytest.raises(InvalidField, match="user_id is not valid: it is reserved"):
        await world.service.register(Registration(UserId(user_id), PASSWORD))


async def test_a_closed_server_takes_new_users_from_its_own_machine_only() -> None:
    async with opened_world(registration_open=False) as world:
        with pytest.raises(NotAllowed):
            await world.service.register(Registration(ALICE, PASSWORD, "192.0.2.1"))
        await world.service.register(Registration(ALICE, PASSWORD))


async def test_what_is_known_is_said_at_once_and_the_missing_are_found(world: World) -> None:
    assert world.service.known(ALICE) is None
    await world.service.register(Registration(ALICE, PASSWORD))
    assert world.service.known(ALICE) is True
    assert await world.service.missing([BOB, ALICE, UserId("carol"), BOB]) == [BOB, "carol"]
    assert world.service.known(BOB) is False
    await world.service.register(Registration(BOB, PASSWORD))
    assert world.service.known(BOB) is True
    assert await world.service.missing([BOB]) == []


async def test_an_unknown_user_is_named(world: World) -> None:
    with pytest.raises(UserUnknown):
        await world.service.user(BOB)
    with pytest.raises(UserUnknown):
        await world.service.set_password(BOB, PASSWORD)


async def test_a_new_password_logs_every_device_out(world: World) -> None:
    grants = [await world.granted(), await world.granted(device_id=LAPTOP)]
    await world.service.set_password(ALICE, "another password")
    for grant in grants:
        with pytest.raises(TokenRevoked):
            await world.service.authenticate(grant.access_token)
        with pytest.raises(TokenRevoked):
            await world.service.refresh(grant.refresh_token)
    with pytest.raises(WrongCredentials):
        await world.service.log_in(LogIn(ALICE, PASSWORD, PHONE))
    await world.service.log_in(LogIn(ALICE, "another password", PHONE))


async def test_a_password_is_hashed_anew_when_the_cost_has_changed(world: World) -> None:
    await world.granted()
    before = await world.users.find(ALICE)
    world.passwords = Passwords(memory_kib=128, iterations=1, queue=10)
    service = world.started()
    await service.log_in(LogIn(ALICE, PASSWORD, PHONE))
    after = await world.users.find(ALICE)
    assert before is not None
    assert after is not None
    assert "m=64," in before.password_hash
    assert "m=128," in after.password_hash
    await service.log_in(LogIn(ALICE, PASSWORD, PHONE))
    await world.passwords.close()


# Logging in


async def refusal_of(world: World, asked: LogIn) -> HongyanError:
    """Why a log-in is refused."""
    with pytest.raises(HongyanError) as caught:
        await world.service.log_in(asked)
    return caught.value


async def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(world: World) -> None:
    await world.granted()
    wrong = await refusal_of(world, LogIn(ALICE, "not the password", address="192.0.2.1"))
    unknown = await refusal_of(world, LogIn(BOB, "not the password", address="192.0.2.2"))
    assert type(wrong) is type(unknown) is WrongCredentials
    assert (str(wrong), wrong.fields) == (str(unknown), unknown.fields)


async def test_a_device_without_an_id_gets_one_of_its_own(world: World) -> None:
    await world.granted()
    grants = [await world.service.log_in(LogIn(ALICE, PASSWORD)) for _ in range(2)]
    ids = {grant.device_id for grant in grants}
    assert len(ids) == 2
    assert ids <= {device.device_id for device in await world.service.devices(ALICE)}


async def test_a_new_log_in_of_a_device_ends_its_earlier_session_and_says_so(world: World) -> None:
    first = await world.granted()
    other = await world.granted(device_id=LAPTOP)
    assert world.closed == []
    second = await world.granted()
    assert world.closed == [(ALICE, PHONE)]
    with pytest.raises(TokenRevoked):
        await world.service.authenticate(first.access_token)
    assert await world.service.authenticate(second.access_token) == Identity(ALICE, PHONE)
    assert await world.service.authenticate(other.access_token) == Identity(ALICE, LAPTOP)


async def test_a_device_too_many_is_refused_until_one_is_logged_out() -> None:
    async with opened_world(devices_per_user=2) as world:
        await world.granted()
        await world.granted(device_id=LAPTOP)
        with pytest.raises(TooManyDevices):
            await world.granted(device_id=DeviceId("tablet"))
        await world.service.log_out_device(ALICE, LAPTOP)
        await world.granted(device_id=DeviceId("tablet"))


async def test_a_device_name_has_a_bound(world: World) -> None:
    assert isinstance(await refusal_of(world, LogIn(ALICE, PASSWORD, PHONE, "n" * 65)), InvalidField)


async def test_guesses_at_a_user_from_an_address_are_slowed_and_the_owner_elsewhere_is_not_locked_out() -> None:
    async with opened_world(user_log_ins_per_minute=3) as world:
        await world.granted()
        guess = LogIn(ALICE, "a wrong guess", PHONE, address="192.0.2.66")
        for _ in range(3):
            assert isinstance(await refusal_of(world, guess), WrongCredentials)
        refused = await refusal_of(world, guess)
        assert isinstance(refused, RateLimited)
        assert 0 < refused.retry_after_ms <= 20_001
        await world.service.log_in(LogIn(ALICE, PASSWORD, PHONE, address="192.0.2.1"))
        world.now_ms += refused.retry_after_ms
        assert isinstance(await refusal_of(world, guess), WrongCredentials)


async def test_guesses_at_many_users_from_one_network_are_slowed() -> None:
    async with opened_world(log_ins_per_minute=5) as world:
        for number in range(5):
            asked = LogIn(UserId(f"u{number}"), "a wrong guess", address=f"2001:db8::{number}")
            assert isinstance(await refusal_of(world, asked), WrongCredentials)
        asked = LogIn(UserId("u9"), "a wrong guess", address="2001:db8::9")
        assert isinstance(await refusal_of(world, asked), RateLimited)


async def test_logging_in_rightly_is_no_guess() -> None:
    async with opened_world(user_log_ins_per_minute=2, log_ins_per_minute=2) as world:
        await world.granted()
        for _ in range(10):
            await world.service.log_in(LogIn(ALICE, PASSWORD, PHONE, address="192.0.2.1"))


async def test_registrations_from_an_address_are_slowed() -> None:
    async with opened_world(registrations_per_hour=2) as world:
        for name in ("a", "b"):
            await world.service.register(Registration(UserId(name), PASSWORD, "192.0.2.1"))
        with pytest.raises(RateLimited):
            await world.service.register(Registration(UserId("c"), PASSWORD, "192.0.2.1"))
        await world.service.register(Registration(UserId("c"), PASSWORD, "192.0.2.2"))


# Tokens


async def test_authentication_asks_no_store(world: World) -> None:
    grant = await world.granted()
    world.sessions.calls = 0
    for _ in range(10):
        await world.service.authenticate(grant.access_token)
    assert world.sessions.calls == 0


async def test_an_access_token_ends_by_itself(world: World) -> None:
    grant = await world.granted()
    world.now_ms += grant.expires_in_s * 1_000
    with pytest.raises(TokenExpired):
        await world.service.authenticate(grant.access_token)


async def test_a_refresh_gives_new_tokens_of_the_same_device_and_prolongs_its_session() -> None:
    async with opened_world(refresh_ttl_s=1_000, access_ttl_s=100) as world:
        grant = await world.granted()
        for _ in range(5):
            world.now_ms += 900_000
            earlier, grant = grant, await world.service.refresh(grant.refresh_token)
            assert grant.refresh_token != earlier.refresh_token
            assert await world.service.authenticate(grant.access_token) == Identity(ALICE, PHONE)
        assert [device.refreshed_ms for device in await world.service.devices(ALICE)] == [world.now_ms]
        world.now_ms += 1_000_000
        with pytest.raises(TokenRevoked):
            await world.service.refresh(grant.refresh_token)
        assert await world.service.devices(ALICE) == []


async def test_a_refresh_token_used_twice_ends_the_session_for_both_hands(world: World) -> None:
    stolen = await world.granted()
    other = await world.granted(device_id=LAPTOP)
    thief = await world.service.refresh(stolen.refresh_token)
    with pytest.raises(RefreshReused):
        await world.service.refresh(stolen.refresh_token)
    assert world.closed == [(ALICE, PHONE)]
    for token in (stolen.access_token, thief.access_token):
        with pytest.raises(TokenRevoked):
            await world.service.authenticate(token)
    with pytest.raises(TokenRevoked):
        await world.service.refresh(thief.refresh_token)
    assert await world.service.authenticate(other.access_token) == Identity(ALICE, LAPTOP)


async def test_an_old_token_of_an_ended_session_does_not_touch_the_new_one_of_the_device(world: World) -> None:
    first = await world.granted()
    await world.service.refresh(first.refresh_token)
    second = await world.granted()
    world.closed.clear()
    with pytest.raises(RefreshReused):
        await world.service.refresh(first.refresh_token)
    assert world.closed == []
    await world.service.authenticate(second.access_token)
    await world.service.refresh(second.refresh_token)


async def test_of_a_hundred_refreshes_of_one_token_one_wins(world: World) -> None:
    grant = await world.granted()
    asked = [world.service.refresh(grant.refresh_token) for _ in range(100)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted({type(result).__name__ for result in results}) == ["Grant", "RefreshReused"]
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert await world.service.devices(ALICE) == [], "a token in a hundred hands is a stolen one"
    assert world.closed == [(ALICE, PHONE)]


@pytest.mark.parametrize(
    "token",
    ["", "x", "é", "\ud800", "A" * 75, "hyr_" + "A" * 75, "hyr_" + "A" * 74, "hyr_", "hyr_" + "=" * 76, "a.b.c"],
)
async def test_what_is_no_refresh_token_is_refused_and_ends_nothing(world: World, token: str) -> None:
    await world.granted()
    with pytest.raises(TokenInvalid):
        await world.service.refresh(token)
    assert len(await world.service.devices(ALICE)) == 1


async def test_a_forged_refresh_token_of_a_known_session_is_refused_and_ends_nothing(world: World) -> None:
    grant = await world.granted()
    for position in range(0, len(grant.refresh_token), 5):
        other = "B" if grant.refresh_token[position] != "B" else "C"
        forged = grant.refresh_token[:position] + other + grant.refresh_token[position + 1 :]
        with pytest.raises(TokenInvalid):
            await world.service.refresh(forged)
    assert len(await world.service.devices(ALICE)) == 1
    await world.service.refresh(grant.refresh_token)


async def test_the_tokens_of_another_server_are_refused(world: World) -> None:
    async with opened_world() as elsewhere:
        grant = await elsewhere.granted()
        await world.granted()
        with pytest.raises(TokenInvalid):
            await world.service.authenticate(grant.access_token)
        with pytest.raises(TokenInvalid):
            await world.service.refresh(grant.refresh_token)


async def test_neither_token_passes_for_the_other(world: World) -> None:
    grant = await world.granted()
    with pytest.raises(TokenInvalid):
        await world.service.authenticate(grant.refresh_token)
    with pytest.raises(TokenInvalid):
        await world.service.refresh(grant.access_token)


# Logging out


async def test_logging_out_ends_both_tokens_of_the_device_alone(world: World) -> None:
    phone, laptop = await world.granted(), await world.granted(device_id=LAPTOP)
    await world.service.log_out(Identity(ALICE, PHONE))
    assert world.closed == [(ALICE, PHONE)]
    with pytest.raises(TokenRevoked):
        await world.service.authenticate(phone.access_token)
    with pytest.raises(TokenRevoked):
        await world.service.refresh(phone.refresh_token)
    assert await world.service.authenticate(laptop.access_token) == Identity(ALICE, LAPTOP)


async def test_a_device_is_logged_out_by_its_id_and_anothers_cannot_be(world: World) -> None:
    grant = await world.granted()
    with pytest.raises(DeviceUnknown):
        await world.service.log_out_device(BOB, PHONE)
    await world.service.authenticate(grant.access_token)
    await world.service.log_out_device(ALICE, PHONE)
    with pytest.raises(DeviceUnknown):
        await world.service.log_out_device(ALICE, PHONE)
    with pytest.raises(TokenRevoked):
        await world.service.authenticate(grant.access_token)


async def test_who_was_logged_out_stays_out_after_a_restart(world: World) -> None:
    gone, stays = await world.granted(), await world.granted(device_id=LAPTOP)
    await world.service.log_out(Identity(ALICE, PHONE))
    restarted = world.started()
    await restarted.load()
    with pytest.raises(TokenRevoked):
        await restarted.authenticate(gone.access_token)
    await restarted.authenticate(stays.access_token)


async def test_a_restart_forgets_sessions_whose_tokens_ended_long_ago() -> None:
    async with opened_world(access_ttl_s=100, refresh_ttl_s=1_000) as world:
        grants = []
        for number in range(4):
            grants.append(await world.granted(device_id=DeviceId(f"d{number}")))
            world.now_ms += 1_000_000
        restarted = world.started()
        await restarted.load()
        assert [row.device_id for row in await world.sessions.living(ALICE, world.now_ms - 1)] == ["d3"]
        for older, newer in pairwise(grants):
            assert older.device_id != newer.device_id
        with pytest.raises(TokenInvalid):
            await restarted.refresh(grants[0].refresh_token)


# What is told


def test_what_is_secret_is_in_no_repr() -> None:
    asked = LogIn(ALICE, "s3cret", PHONE)
    assert "s3cret" not in f"{asked!r} {asked} {Registration(ALICE, 's3cret')!r}"


async def test_a_grant_does_not_show_its_tokens(world: World) -> None:
    grant = await world.granted()
    assert grant.access_token not in repr(grant)
    assert grant.refresh_token not in repr(grant)
    assert repr(world.secrets.access_keys[0].secret) not in repr(world.secrets)


def test_the_bounds_of_the_service_are_those_of_the_configuration() -> None:
    config = Config()
    options = UsersOptions()
    assert options.devices_per_user == Limits().devices_per_user
    names = {item.name for item in msgspec.structs.fields(UsersOptions)} - {
        "devices_per_user",
        "registration_open",
        "platforms",
    }
    assert {name: getattr(options, name) for name in names} == {name: getattr(config.users, name) for name in names}


# Platforms, another password, the end of an account


async def test_a_second_phone_takes_the_place_of_the_first_and_a_desktop_stays() -> None:
    async with opened_world(platforms={"phone": 1, "desktop": 1}) as world:
        first = await world.granted()
        service = world.service
        assert first.device_id == PHONE
        one = await service.log_in(LogIn(ALICE, PASSWORD, DeviceId("one"), platform="phone"))
        desk = await service.log_in(LogIn(ALICE, PASSWORD, DeviceId("desk"), platform="desktop"))
        two = await service.log_in(LogIn(ALICE, PASSWORD, DeviceId("two"), platform="phone"))
        assert (world.closed, world.codes) == ([(ALICE, "one")], [CloseCode.REPLACED])
        with pytest.raises(TokenRevoked):
            await service.authenticate(one.access_token)
        for grant in (first, desk, two):
            await service.authenticate(grant.access_token)
        assert {device.device_id: device.platform for device in await service.devices(ALICE)} == {
            PHONE: "",
            "desk": "desktop",
            "two": "phone",
        }


async def test_who_knows_the_password_changes_it_and_keeps_his_device(world: World) -> None:
    here, there = await world.granted(), await world.granted(device_id=LAPTOP)
    identity = await world.service.authenticate(here.access_token)
    with pytest.raises(PasswordWrong):
        await world.service.change_password(NewPassword(identity, "not the password", "another password"))
    with pytest.raises(InvalidField):
        await world.service.change_password(NewPassword(identity, PASSWORD, "short"))
    assert world.closed == []
    await world.service.change_password(NewPassword(identity, PASSWORD, "another password"))
    assert (world.closed, world.codes) == ([(ALICE, LAPTOP)], [CloseCode.LOGGED_OUT])
    await world.service.authenticate(here.access_token)
    with pytest.raises(TokenRevoked):
        await world.service.refresh(there.refresh_token)
    with pytest.raises(WrongCredentials):
        await world.service.log_in(LogIn(ALICE, PASSWORD, PHONE))


async def test_guesses_at_the_password_of_ones_own_account_are_slowed() -> None:
    async with opened_world(user_log_ins_per_minute=2) as world:
        await world.granted()
        guess = NewPassword(Identity(ALICE, PHONE), "a wrong guess", "another password", "192.0.2.1")
        for _ in range(2):
            with pytest.raises(PasswordWrong):
                await world.service.change_password(guess)
        with pytest.raises(RateLimited):
            await world.service.change_password(guess)
        with pytest.raises(RateLimited):
            await world.service.delete(Farewell(ALICE, PASSWORD, "192.0.2.1"))


async def test_of_two_changes_of_a_password_at_once_one_wins(world: World) -> None:
    await world.granted()
    wishes = [NewPassword(Identity(ALICE, PHONE), PASSWORD, f"another password {number}") for number in range(4)]
    results = await asyncio.gather(*map(world.service.change_password, wishes), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", *["PasswordWrong"] * 3]


async def test_a_device_that_logs_in_while_the_password_changes_does_not_stay_with_the_old_one(world: World) -> None:
    await world.granted()
    wish = NewPassword(Identity(ALICE, PHONE), PASSWORD, "another password")
    late = [world.service.log_in(LogIn(ALICE, PASSWORD, DeviceId(f"late-{number}"))) for number in range(5)]
    _, *results = await asyncio.gather(world.service.change_password(wish), *late, return_exceptions=True)
    for result in results:
        if isinstance(result, WrongCredentials):
            continue
        assert isinstance(result, Grant), result
        with pytest.raises(TokenRevoked):
            await world.service.authenticate(result.access_token)
    assert [device.device_id for device in await world.service.devices(ALICE)] == [PHONE]


async def test_a_deleted_account_is_nobodys_and_is_told_to_leave(world: World) -> None:
    grant = await world.granted()
    ended: list[UserId] = []
    world.service.on_deleted = ended.append
    with pytest.raises(PasswordWrong):
        await world.service.delete(Farewell(ALICE, "not the password"))
    await world.service.delete(Farewell(ALICE, PASSWORD))
    assert (ended, world.closed) == ([ALICE], [(ALICE, PHONE)])
    assert world.service.known(ALICE) is False
    assert await world.service.missing([ALICE]) == [ALICE]
    with pytest.raises(TokenRevoked):
        await world.service.authenticate(grant.access_token)
    with pytest.raises(TokenRevoked):
        await world.service.refresh(grant.refresh_token)
    with pytest.raises(UserUnknown):
        await world.service.delete(Farewell(ALICE, PASSWORD))
    with pytest.raises(UserExists):
        await world.service.register(Registration(ALICE, PASSWORD))
    assert await world.service.departing() == [ALICE]
    await world.service.departed(ALICE)
    assert await world.service.departing() == []


async def test_a_device_that_logs_in_while_the_account_ends_does_not_stay(world: World) -> None:
    await world.granted()
    late = [world.service.log_in(LogIn(ALICE, PASSWORD, DeviceId(f"late-{number}"))) for number in range(5)]
    _, *results = await asyncio.gather(world.service.delete(Farewell(ALICE, PASSWORD)), *late, return_exceptions=True)
    for result in results:
        if isinstance(result, WrongCredentials):
            continue
        assert isinstance(result, Grant), result
        with pytest.raises(TokenRevoked):
            await world.service.authenticate(result.access_token)
    assert await world.service.devices(ALICE) == []
    assert world.service.known(ALICE) is False


async def test_sessions_that_a_crash_left_to_a_deleted_account_end_at_the_next_start(world: World) -> None:
    grant = await world.granted()
    await world.users.delete(ALICE, world.now_ms)
    service = world.started()
    await service.load()
    with pytest.raises(TokenRevoked):
        await service.authenticate(grant.access_token)
