"""Server keys open what they were made for, until they are revoked."""

import pytest

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.model.codes import InvalidField, KeyUnknown, NotAuthenticated, ScopeMissing, TokenInvalid
from hongyan.services.admin.keys import SCOPES, Keys


class World:
    """Keys on memory, with a clock that a test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_000
        self.store = MemoryAdminStore()
        self.keys = Keys(self.store, lambda: self.now_ms)


async def test_a_key_opens_its_scopes_and_no_other() -> None:
    world = World()
    made = await world.keys.create("shop", ["users", "tokens", "users"])
    assert made.row.scopes == ("users", "tokens")
    assert await world.keys.authenticate(made.text, "tokens") == made.row
    with pytest.raises(ScopeMissing):
        await world.keys.authenticate(made.text, "filter")


async def test_the_secret_of_a_key_is_kept_nowhere_and_shown_in_no_log() -> None:
    world = World()
    made = await world.keys.create("shop", SCOPES)
    secret = made.text.split("_", 2)[2]
    assert secret.encode() not in made.row.digest
    assert secret not in repr(made)
    assert secret not in repr(await world.store.key(made.row.key_id))


@pytest.mark.parametrize("change", ["", "hys_", "x", "Bearer"])
async def test_what_is_no_key_opens_nothing(change: str) -> None:
    world = World()
    made = await world.keys.create("shop", SCOPES)
    flipped = made.text[:-1] + ("A" if made.text[-1] != "A" else "B")
    other = (await world.keys.create("other", SCOPES)).text
    crossed = made.text[:17] + other[17:]
    for text in (change + made.text[1:], made.text + "A", flipped, crossed, made.text.upper()):
        with pytest.raises(TokenInvalid):
            await world.keys.authenticate(text, "users")
    with pytest.raises(NotAuthenticated):
        await world.keys.authenticate("", "users")


async def test_a_revoked_key_is_refused_at_once() -> None:
    world = World()
    made = await world.keys.create("shop", SCOPES)
    await world.keys.authenticate(made.text, "users")
    await world.keys.revoke(made.row.key_id)
    with pytest.raises(TokenInvalid):
        await world.keys.authenticate(made.text, "users")
    with pytest.raises(KeyUnknown):
        await world.keys.revoke("0")


async def test_a_key_that_another_process_revoked_is_refused_within_a_second() -> None:
    world = World()
    made = await world.keys.create("shop", SCOPES)
    await world.keys.authenticate(made.text, "users")
    await world.store.revoke_key(made.row.key_id, 1_500)
    world.now_ms += 1_000
    with pytest.raises(TokenInvalid):
        await world.keys.authenticate(made.text, "users")


async def test_a_key_makes_no_key_that_may_more() -> None:
    world = World()
    maker = (await world.keys.create("shop", ["keys", "users"])).row
    assert (await world.keys.create("child", ["users"], maker)).row.scopes == ("users",)
    with pytest.raises(ScopeMissing):
        await world.keys.create("child", ["users", "tokens"], maker)


@pytest.mark.parametrize(
    ("name", "scopes"),
    [("", ["users"]), (" ", ["users"]), ("x" * 65, ["users"]), ("a\nb", ["users"]), ("x", []), ("x", ["all"])],
)
async def test_a_key_needs_a_name_and_scopes_that_there_are(name: str, scopes: list[str]) -> None:
    with pytest.raises(InvalidField):
        await World().keys.create(name, scopes)
