"""What the Python client asks a whole server beside the conversations themselves: reads, reports, the account's export."""

import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from hongyan.config import Config
from hongyan_client import Client, ClientOptions, HttpError, Login, register, text_of
from tests.flow.served import prepared, running

pytestmark = pytest.mark.blocks("a server opens its files on the loop, before it serves anybody")

PASSWORD = "correct horse battery"
FAST = ClientOptions(backoff_first_s=0.001, backoff_last_s=0.05, mark_every_s=0.01)


@pytest.fixture
def config(data_dir: Path) -> Iterator[Config]:
    with prepared(data_dir) as found:
        yield found


@pytest.fixture
async def pair(config: Config) -> AsyncIterator[tuple[Client, Client]]:
    """Alice and Bob, connected to a server."""
    async with running(config) as addresses:
        for user_id in ("alice", "bob"):
            await register(addresses.http, user_id, PASSWORD)
        async with (
            Client(addresses.http, Login("alice", PASSWORD), options=FAST) as alice,
            Client(addresses.http, Login("bob", PASSWORD), options=FAST) as bob,
        ):
            await alice.connected()
            await bob.connected()
            yield alice, bob


def parts(folder: Path) -> list[Path]:
    """What is left of exports that did not end."""
    return list(folder.glob("*.part"))


async def test_who_has_read_an_entry_is_told(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    group = await alice.create_group("Club", ["bob"])
    sent = await alice.send(group, "who reads this?")
    assert [(reader.user_id, reader.has_read) for reader in await alice.people.readers(group, sent.seq)] == [
        ("bob", False)
    ]
    answered = await bob.send(group, "me")
    (reader,) = await alice.people.readers(group, sent.seq)
    assert (reader.user_id, reader.read_seq, reader.has_read) == ("bob", answered.seq, True)
    (position,) = await alice.people.positions(group, ["bob"])
    assert (position,) == await alice.positions(group, ["bob"])
    assert position.read_seq == answered.seq


async def test_what_a_user_deleted_for_himself_or_cleared_is_not_shown_to_him(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    key = alice.single("bob")
    for number in range(1, 8):
        await bob.send(key, str(number))
    await alice.synced()
    for seq in (3, 4, 5, 7):
        await alice.delete_for_me(key, seq)

    async def shown(client: Client, before: int = 0) -> tuple[list[str], bool]:
        page = await client.shown(key, before=before, limit=2)
        return [text_of(entry) for entry in page.entries], page.more

    assert await shown(alice) == (["2", "6"], True)
    assert await shown(alice, 2) == (["1"], False)
    assert await shown(bob) == (["6", "7"], True)
    await alice.clear(key)
    assert await shown(alice) == ([], False)
    await bob.send(key, "8")
    await alice.synced()
    while (await shown(alice))[0] != ["8"]:
        await alice.positions(key)  # a round trip: what was pushed before has come then
    assert await shown(alice) == (["8"], False)


async def test_an_export_is_whole_private_and_replaces_nothing(pair: tuple[Client, Client], tmp_path: Path) -> None:
    alice, bob = pair
    await bob.send(alice.single("bob"), "你好")
    path = tmp_path / "alice.jsonl"
    await alice.people.export(path)
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert lines[-1]["type"] == "end"
    assert "你好" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        await alice.people.export(path)
    assert path.read_bytes() == before
    assert parts(tmp_path) == []


async def test_a_report_said_again_is_the_same_one(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    sent = await bob.send(alice.single("bob"), "buy my coins")
    first = await alice.people.report_entry(alice.single("bob"), sent.seq, "spam", "again and again")
    assert await alice.people.report_entry(alice.single("bob"), sent.seq, "spam", "again and again") == first
    assert await alice.people.report_user("bob", "fraud") != first
    with pytest.raises(HttpError):
        await alice.people.report_user("nobody", "spam")
