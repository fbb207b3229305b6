"""A program of an integrator's does with a server key, through the Python client, what the HTTP interface offers it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.store.admin_sqlite import SqliteAdminStore
from hongyan.adapters.store.database import Database
from hongyan.adapters.store.migrate import database_file
from hongyan.app.node import now_ms
from hongyan.config import Config
from hongyan.services.admin.keys import SCOPES, Keys
from hongyan_client import (
    Client,
    ClientOptions,
    ContentView,
    ErrorCode,
    HttpError,
    Location,
    Login,
    content_of,
    register,
    text_of,
)
from hongyan_client.http import call
from hongyan_client.people import People
from hongyan_client.server import BotCommand, Server, Word
from tests.flow.receiver import receiving
from tests.flow.served import prepared, running

pytestmark = pytest.mark.blocks("a server opens its files on the loop, before it serves anybody")

PASSWORD = "correct horse battery"
FAST = ClientOptions(backoff_first_s=0.001, backoff_last_s=0.05)


class Seen(msgspec.Struct, frozen=True):
    """What a bot is seen to answer to."""

    bot_id: str
    commands: list[BotCommand]


class Place(msgspec.Struct):
    """A server's address, and a key that may everything."""

    url: str
    server: Server

    def device(self, user_id: str) -> Client:
        """A device of a user who has a password."""
        return Client(self.url, Login(user_id, PASSWORD), options=FAST)


async def made_key(config: Config) -> str:
    """A key that may everything, as `hongyan key create` makes it."""
    database = Database(database_file(config.data_dir, "admin"), "keys")
    try:
        return (await Keys(SqliteAdminStore(database), now_ms).create("all", SCOPES)).text
    finally:
        await database.close()


@pytest.fixture
async def place(data_dir: Path) -> AsyncIterator[Place]:
    with prepared(data_dir, "hooks.allowed_networks=127.0.0.0/8") as config:
        key = await made_key(config)
        async with running(config) as addresses:
            yield Place(addresses.http, Server(addresses.http, key))


async def test_a_key_makes_keys_that_may_less_and_ends_them(place: Place) -> None:
    made = await place.server.create_key("shop", ["users"])
    assert made.key not in repr(made)
    shop = Server(place.url, made.key)
    assert await shop.provide_user("alice")
    assert not await shop.provide_user("alice")
    with pytest.raises(HttpError) as refused:
        await shop.mint_tokens("alice")
    assert refused.value.code == ErrorCode.SCOPE_MISSING
    assert "shop" in [key.name for key in await place.server.keys() if not key.revoked_ms]
    await place.server.revoke_key(made.key_id)
    with pytest.raises(HttpError):
        await shop.provide_user("bob")


async def test_own_users_come_in_with_minted_tokens_until_they_are_logged_out(place: Place) -> None:
    await place.server.provide_user("alice")
    tokens = await place.server.mint_tokens("alice", "phone", device_name="Alice's phone")
    assert (tokens.user_id, tokens.device_id) == ("alice", "phone")

    async def token(_refused: str | None) -> str:
        return tokens.access_token

    people = People(place.url, token)
    assert [(device.device_id, device.name) for device in await people.devices()] == [("phone", "Alice's phone")]
    assert await place.server.log_out_user("alice") == 1
    with pytest.raises(HttpError):
        await people.devices()


async def test_a_key_speaks_for_a_user_and_for_the_system_and_once_under_an_id(place: Place) -> None:
    await register(place.url, "bob", PASSWORD)
    await place.server.provide_user("alice")
    key = "s:alice:bob"
    first = await place.server.send(key, "你好", sender_id="alice", client_msg_id="order-17")
    assert await place.server.send(key, "你好", sender_id="alice", client_msg_id="order-17") == first
    where = Location(22.5, 114.05, "深圳")
    await place.server.send(key, ContentView(where), sender_id="alice")
    await place.server.send("n:bob", "the shop is closed")
    async with place.device("bob") as bob:
        await bob.synced()
        said, shown = (await bob.history(key, after=0)).entries
        assert (said.sender_id, text_of(said), said.message_id, said.seq) == ("alice", "你好", first.message_id, 1)
        view = content_of(shown)
        assert view is not None
        assert view.body == where
        assert [text_of(entry) for entry in (await bob.history("n:bob", after=0)).entries] == ["the shop is closed"]


async def test_a_webhook_is_made_changed_told_again_and_removed(place: Place) -> None:
    server = place.server
    await server.provide_user("alice")
    await server.provide_user("bob")
    async with receiving() as receiver:
        made = await server.create_webhook(receiver.url, ["message.sent"])
        assert made.secret not in repr(made)
        await server.send("s:alice:bob", "hello", sender_id="alice")
        (taken,) = await receiver.wait_for(1)
        assert taken.verified(made.secret)["type"] == "message.sent"
        while not (found := await server.deliveries(made.webhook_id, "delivered")):
            pass
        assert [(each.type, each.conversation_id, each.status) for each in found] == [
            ("message.sent", "s:alice:bob", 204)
        ]
        assert await server.replay(made.webhook_id, [found[0].delivery_id]) == 1
        again = (await receiver.wait_for(2))[1]
        assert again.headers["webhook-id"] == taken.headers["webhook-id"]
        rotated = await server.rotate_secret(made.webhook_id)
        assert rotated.secret != made.secret
        changed = await server.change_webhook(made.webhook_id, receiver.url, ["message.recalled"])
        assert (await server.webhook(made.webhook_id)).events == changed.events == ["message.recalled"]
        assert [each.webhook_id for each in await server.webhooks()] == [made.webhook_id]
        assert await server.replay(made.webhook_id, dead=True) == 0
        await server.remove_webhook(made.webhook_id)
        assert await server.webhooks() == []


async def test_a_bot_has_commands_and_tokens_until_it_is_one_no_more(place: Place) -> None:
    commands = [BotCommand("weather", "what it will be")]
    made = await place.server.put_bot("sky", commands)
    assert made.commands == commands
    assert await place.server.bots() == [made]
    tokens = await place.server.mint_bot_tokens("sky", "station")
    url = f"{place.url}/api/v1/bots/sky"
    seen = await call("GET", url, Seen, token=tokens.access_token)
    assert (seen.bot_id, seen.commands) == ("sky", commands)
    await place.server.remove_bot("sky")
    assert await place.server.bots() == []


async def test_words_are_filtered_from_the_next_message_on(place: Place) -> None:
    await place.server.provide_user("alice")
    await register(place.url, "bob", PASSWORD)
    words = [Word("casino", "refuse"), Word("rubbish")]
    assert await place.server.set_words(words) == words
    assert await place.server.words() == words
    await place.server.send("s:alice:bob", "what rubbish", sender_id="alice")
    with pytest.raises(HttpError):
        await place.server.send("s:alice:bob", "come to my casino", sender_id="alice")
    async with place.device("bob") as bob:
        await bob.synced()
        assert [text_of(entry) for entry in (await bob.history("s:alice:bob", after=0)).entries] == ["what *******"]


async def test_a_report_is_seen_with_what_was_said_and_decided(place: Place) -> None:
    await place.server.provide_user("alice")
    await register(place.url, "bob", PASSWORD)
    sent = await place.server.send("s:alice:bob", "buy my coins", sender_id="alice")
    async with place.device("bob") as bob:
        number = await bob.people.report_entry("s:alice:bob", sent.seq, "spam", "every day")
    (report,) = await place.server.reports()
    assert (report.report_id, report.reporter_id, report.reason, report.note) == (number, "bob", "spam", "every day")
    assert report.entry is not None
    assert report.entry["message"]["text"]["text"] == "buy my coins"
    decided = await place.server.resolve_report(number, "warned")
    assert (decided.resolution, decided.resolved_ms > 0) == ("warned", True)
    assert await place.server.reports() == []
    assert await place.server.reports(resolved=True) == [decided]
