"""`hongyan demo` against the whole server in one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hongyan.cli.demo.play import Played, play
from hongyan.cli.demo.story import Story, load_story
from hongyan.config import Config
from hongyan.model.errors import SetupError
from hongyan_client import Client, Conversation, Entry, Login, Message, Recalled, content_of
from tests.flow.served import prepared, running

pytestmark = pytest.mark.blocks("a server opens its files on the loop, before it serves anybody")

PASSWORD = "for the demo"


@pytest.fixture
def config(data_dir: Path) -> Iterator[Config]:
    with prepared(data_dir) as found:
        yield found


class Counted:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.wanted: dict[str, int] = {}
        self.steps = 0

    def phase(self, name: str, total: int) -> None:
        self.wanted[name] = total

    def step(self) -> None:
        self.steps += 1


Seen = tuple[list[Conversation], dict[str, list[Entry]]]


async def seen_by(url: str, user_id: str) -> Seen:
    """What a new device of a user finds: its list, and all that was said."""
    async with Client(url, Login(user_id, PASSWORD, device_id="eyes")) as client:
        await client.synced()
        chats = client.conversations()
        return chats, {chat.conversation_id: await _all(client, chat.conversation_id) for chat in chats}


async def _all(client: Client, key: str) -> list[Entry]:
    found: list[Entry] = []
    while True:
        page = await client.history(key, before=found[0].seq if found else 0, limit=500)
        found[:0] = page.entries
        if not page.more:
            return found


def said(story: Story, entries: dict[str, list[Entry]]) -> set[str]:
    """The words of those conversations."""
    views = [content_of(entry) for found in entries.values() for entry in found if isinstance(entry.body, Message)]
    return {view.text for view in views if view is not None}


async def test_the_day_is_told_once_however_often_it_is_played(config: Config) -> None:
    story, progress = load_story(), Counted()
    async with running(config) as addresses:
        first = await play(addresses.http, PASSWORD, story, progress)
        assert first == Played(len(story.people), story.lines, ())
        assert progress.steps == sum(progress.wanted.values())
        before = await seen_by(addresses.http, "lin_wei")
        second = await play(addresses.http, PASSWORD, story, Counted())
        assert second == Played(0, story.lines, ())
        assert await seen_by(addresses.http, "lin_wei") == before
    chats, entries = before
    assert len(chats) == 5
    assert "吃了两根，太好吃了" in said(story, entries)


async def test_answers_quote_and_what_was_taken_back_is_gone(config: Config) -> None:
    async with running(config) as addresses:
        await play(addresses.http, PASSWORD, load_story(), Counted())
        _, entries = await seen_by(addresses.http, "tom_okafor")
        pair = entries["s:priya_nair:tom_okafor"]
        assert [entry.seq for entry in pair if isinstance(entry.body, Recalled)] == [6]
        _, entries = await seen_by(addresses.http, "lin_wei")
        family = [view for entry in entries["g:demo-family"] if (view := content_of(entry)) is not None]
        answer = next(view for view in family if view.text == "吃了两根，太好吃了")
        assert answer.quote is not None
        assert answer.quote.preview == "豆浆油条在桌上，小薇记得吃"


async def test_people_with_other_passwords_are_told_by_name(config: Config) -> None:
    async with running(config) as addresses:
        await play(addresses.http, "another one", load_story(), Counted())
        with pytest.raises(SetupError, match=r"lin_wei cannot log in .* another password"):
            await play(addresses.http, PASSWORD, load_story(), Counted())
