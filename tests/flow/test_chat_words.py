"""What a person types in `hongyan chat` for himself alone, against a whole server."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hongyan.cli.chat.screen import PlainScreen
from hongyan.cli.chat.session import Chat
from hongyan_client import Client, ClientOptions, Login, register
from tests.flow.served import prepared, running

pytestmark = pytest.mark.blocks("a server opens its files on the loop, before it serves anybody")

PASSWORD = "correct horse battery"
FAST = ClientOptions(backoff_first_s=0.001, backoff_last_s=0.05, mark_every_s=0.01)


class Place(msgspec.Struct):
    """A server with Alice, who types, and Bob, whom she speaks with."""

    url: str
    bob: Client

    async def types(self, *lines: str) -> list[str]:
        """What Alice sees after she typed all this, on a fresh device."""
        reading, writing = os.pipe()
        os.write(writing, "\n".join([*lines, ""]).encode())
        os.close(writing)
        seen = io.StringIO()
        try:
            async with Client(self.url, Login("alice", PASSWORD, device_id="chat"), options=FAST) as client:
                await Chat(client, PlainScreen(reading, seen)).run("bob")
        finally:
            os.close(reading)
        return seen.getvalue().splitlines()


@pytest.fixture
async def place(data_dir: Path) -> AsyncIterator[Place]:
    with prepared(data_dir) as config:
        async with running(config) as addresses:
            for user_id in ("alice", "bob"):
                await register(addresses.http, user_id, PASSWORD)
            async with Client(addresses.http, Login("bob", PASSWORD), options=FAST) as bob:
                await bob.connected()
                for text in ("one", "two", "three"):
                    await bob.send(bob.single("alice"), text)
                yield Place(addresses.http, bob)


def listed(seen: list[str]) -> list[str]:
    """The lines that tell of the chat with Bob in a list."""
    return [line for line in seen if "three" in line and not line.startswith("3 ")]


async def test_how_a_chat_stands_in_the_list_is_kept_for_the_next_device(place: Place) -> None:
    await place.types("/top", "/silence", "/label work 读书")
    assert "bob (on top, silent, work, 读书)" in listed(await place.types("/untop", "/unsilence", "/label"))[0]
    (first, *_) = listed(await place.types("/unread"))
    assert not any(word in first for word in ("on top", "silent", "work"))
    assert "bob (unread)" in listed(await place.types())[0]
    assert "bob (unread)" not in listed(await place.types())[0]


async def test_a_hidden_chat_is_out_of_the_list_and_still_opens(place: Place) -> None:
    await place.types("/hide")
    seen = await place.types("/list")
    assert listed(seen) == []
    assert any(line.startswith("3 bob: three") for line in seen)
    assert len(listed(await place.types("/unhide", "/list"))) == 1


async def test_what_was_begun_is_there_when_the_chat_is_opened_again(place: Place) -> None:
    await place.types("/draft dear Bob,")
    assert "* You began: dear Bob," in await place.types("/undraft")
    assert not any("You began" in line for line in await place.types())


async def test_what_was_taken_away_for_oneself_is_not_shown_again(place: Place) -> None:
    await place.types("/forget 2")
    seen = await place.types("/show 2")
    assert [line for line in seen if line[0].isdigit()] == ["1 bob: one", "3 bob: three"]
    assert "! There is no message 2 here." in seen
    await place.types("/clear really")
    seen = await place.types()
    assert not any(line[0].isdigit() for line in seen)


async def test_who_has_read_and_what_is_wrong_are_told(place: Place) -> None:
    seen = await place.types("hello", "/report 1 spam", "/report @bob fraud again")
    assert [line for line in seen if "moderators" in line] == [
        "* Told to the moderators, as report 1.",
        "* Told to the moderators, as report 2.",
    ]
    assert "* Read by: nobody. Not yet by: bob." in await place.types("/readers 4")
    await place.bob.mark_read(place.bob.single("alice"), 4)
    while not (await place.bob.people.readers(place.bob.single("alice"), 4))[0].has_read:
        await asyncio.sleep(0)
    assert "* Read by: bob. Not yet by: nobody." in await place.types("/readers 4")
