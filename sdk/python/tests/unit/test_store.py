"""What every store promises; the one in memory keeps it too, so tests may stand on it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hongyan.model.commands import AddMembers, AnyCommand, Recall, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import (
    Amended,
    AnyBody,
    EditNotice,
    Entry,
    GroupCreated,
    MemberLeft,
    Message,
    Reaction,
    ReactionNotice,
    Recalled,
    RecallNotice,
)
from hongyan.protocol.frames import Submit
from hongyan_client.copy import Added, Copy, DroppedBelow, Told
from hongyan_client.errors import StoreError
from hongyan_client.outbox import Pending
from hongyan_client.store import Batch, MemoryStore, Store
from hongyan_client.store_sqlite import SqliteStore

KEY, OTHER = ConversationId("s:alice:bob"), ConversationId("g:club")
ALICE = UserId("alice")


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """The same store each time, as after a restart."""
    memory = MemoryStore()
    return lambda: memory if request.param == "memory" else SqliteStore(tmp_path / "deep" / "store.db")


def entry(seq: int, key: ConversationId = KEY) -> Entry:
    body = Message(1, f"text {seq}".encode())
    return Entry(key, seq, MessageId(2**63 + seq), ALICE, ClientMsgId(f"c{seq}"), 1_700_000_000_000 + seq, seq, body)


def added(*seqs: int) -> Added:
    return Added(tuple(entry(seq) for seq in seqs))


async def read(store: Store, low: int = 0, high: int = 1 << 62) -> list[int]:
    return [found.seq for found in await store.read(KEY, low, high, 1000)]


async def test_a_new_store_is_empty(make_store: Callable[[], Store]) -> None:
    store = make_store()
    kept = await store.open()
    assert (kept.user_id, kept.cursor, kept.synced, list(kept.copies), list(kept.pending)) == ("", "", False, [], [])
    assert await read(store) == []
    await store.close()


async def test_everything_comes_back_after_a_restart(make_store: Callable[[], Store]) -> None:
    store = make_store()
    await store.open()
    bodies = [entry(1).body, Recalled(ALICE), RecallNotice(1), GroupCreated("读书会", (ALICE,)), MemberLeft()]
    entries = tuple(msgspec.structs.replace(entry(seq), body=body) for seq, body in enumerate(bodies, 1))
    copy = Copy(KEY, 1, 5, head=9, countable=4, read_seq=2, name="名", preview=entries[0])
    commands: list[AnyCommand] = [
        SendMessage(1, b"\x00\xff", mention_all=True),
        Recall(3, 0),
        AddMembers((ALICE,), 0),
    ]
    pending = [Pending(n, Submit(KEY, ClientMsgId(f"p{n}"), command), 7) for n, command in enumerate(commands, 1)]
    await store.write(
        Batch([Added(entries)], {KEY: copy}, pending, [], cursor="41", synced=True, user_id=ALICE),
    )
    await store.close()
    store = make_store()
    kept = await store.open()
    assert (kept.user_id, kept.cursor, kept.synced) == (ALICE, "41", True)
    assert list(kept.copies) == [copy]
    assert list(kept.pending) == pending
    assert await store.read(KEY, 1, 5, 10) == list(entries)
    await store.write(Batch(done=[ClientMsgId("p1"), ClientMsgId("p3")], synced=False))
    await store.close()
    store = make_store()
    kept = await store.open()
    assert [item.number for item in kept.pending] == [2]
    assert (kept.cursor, kept.synced) == ("41", False)
    await store.close()


def told(seq: int, body: AnyBody) -> Told:
    return Told(msgspec.structs.replace(entry(seq), body=body))


def kept(change: Told) -> Added:
    return Added((change.entry,))


async def test_changes_are_done_in_their_order(make_store: Callable[[], Store]) -> None:
    store = make_store()
    await store.open()
    notice = told(5, RecallNotice(4))
    await store.write(Batch([added(1, 2, 3), DroppedBelow(KEY, 3), added(2), added(4), notice]))
    assert await read(store) == [2, 3, 4]
    found = await store.read(KEY, 4, 4, 1)
    assert found == [msgspec.structs.replace(entry(4), body=Recalled(notice.entry.sender_id))]
    await store.write(Batch([told(99, RecallNotice(98)), added(4)]))
    assert await store.read(KEY, 4, 4, 1) == found
    await store.close()


async def test_an_edit_changes_the_message_and_what_earlier_edits_of_it_said(make_store: Callable[[], Store]) -> None:
    store = make_store()
    await store.open()
    edits = [told(seq, EditNotice(1, 1, f"edit {seq}".encode())) for seq in (3, 5)]
    other = told(4, EditNotice(2, 1, b"another"))
    liked = told(6, ReactionNotice(1, "👍", on=True))
    for change in (added(1, 2), *(step for each in (edits[0], other, edits[1], liked) for step in (kept(each), each))):
        await store.write(Batch([change]))
    bodies = [found.body for found in await store.read(KEY, 1, 6, 10)]
    who = liked.entry.sender_id
    assert bodies[0] == Amended(1, b"edit 5", 5, edits[1].entry.time_ms, (Reaction("👍", (who,)),), 6)
    assert bodies[2:5] == [EditNotice(1), other.entry.body, edits[1].entry.body]
    await store.close()


async def test_a_file_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE entry (conversation_id TEXT NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL,"
            " PRIMARY KEY (conversation_id, seq)) WITHOUT ROWID"
        )
        old.execute("INSERT INTO entry VALUES (?, 1, ?)", (KEY, msgspec.msgpack.encode(entry(1))))
        old.execute("PRAGMA user_version = 1")
    old.close()
    store = SqliteStore(path)
    await store.open()
    edit = told(2, EditNotice(1, 1, b"new"))
    await store.write(Batch([kept(edit), edit]))
    assert [type(found.body) for found in await store.read(KEY, 1, 2, 10)] == [Amended, EditNotice]
    await store.close()


async def test_a_range_is_read_from_either_end(make_store: Callable[[], Store]) -> None:
    store = make_store()
    await store.open()
    await store.write(Batch([added(*range(1, 11)), Added((entry(5, OTHER),))]))
    assert [found.seq for found in await store.read(KEY, 3, 8, 3)] == [3, 4, 5]
    assert [found.seq for found in await store.read(KEY, 3, 8, 3, backward=True)] == [6, 7, 8]
    assert [found.seq for found in await store.read(KEY, 9, 100, 100, backward=True)] == [9, 10]
    assert await store.read(KEY, 20, 30, 5) == []
    assert [found.seq for found in await store.read(OTHER, 0, 100, 5)] == [5]
    await store.close()


async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await store.open()
    await store.write(Batch(cursor="1"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}  # noqa: ASYNC240 - a test may look
    assert set(modes.values()) == {0o600}, modes
    await store.close()


async def test_a_file_that_another_process_uses_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    script = (
        "import asyncio, sys\n"
        "from hongyan_client import SqliteStore\n"
        "asyncio.run(SqliteStore(sys.argv[1]).open())\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match="another process"):
            await SqliteStore(path).open()
        other.kill()
    store = SqliteStore(path)
    await store.open()
    await store.close()


async def test_a_file_of_a_newer_release_or_of_something_else_is_refused(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer release"):
        await SqliteStore(newer).open()
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(StoreError, match="no store"):
        await SqliteStore(other).open()
    assert other.read_text().startswith("Dear Sir")


async def test_a_batch_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await store.open()
    await store.write(Batch([added(1)]))
    await store._call(lambda: store._db.execute("PRAGMA max_page_count = 1"))
    with pytest.raises(StoreError, match="full"):
        await store.write(Batch([Added((msgspec.structs.replace(entry(2), body=Message(1, os.urandom(100_000))),))]))
    assert await read(store) == [1]
    await store.close()
    with pytest.raises(StoreError, match="not open"):
        await store.write(Batch(cursor="1"))
