"""The checks of the kill tests see what they are there to see: each planted fault is found in a server that runs on it."""

import asyncio
import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import uvloop

from hongyan.model.commands import MessageKind
from hongyan.model.ids import MessageId
from hongyan.model.records import Entry, Message, Recalled
from hongyan.protocol.codec import decode_entry, encode_entry
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from tests.system.conftest import MakeServer
from tests.system.files import faults_of_files, offsets, query
from tests.system.ledger import Faults, check_copy
from tests.system.servers import Server
from tests.system.town import Town, truth_of

TALK_S = 2.0


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town that talked for a while, and was found in order; its server is stopped."""
    folder = tmp_path_factory.mktemp("past")
    server = Server(folder / "data", folder / "server.log")
    try:
        yield uvloop.run(lived(Town(server.start(), folder, seed=1)))
    finally:
        server.kill()


async def lived(town: Town) -> Town:
    await town.found()
    async with town.talking():
        while len(town.room.ledger.recalled) < 2 or len(town.raw[0].answered) < 50:
            await town.pause(TALK_S)
        await town.quiet()
        faults = await town.judge()
    assert not faults.count, str(faults)
    # What the log alone knows would be replayed, and mend what is damaged here.
    await town.pause(1.0)
    assert await asyncio.to_thread(town.server.metric, "hongyan_persist_lag") == 0
    assert town.server.stop() == 0
    found = offsets(town.server.data)
    assert found.stored == found.log_end
    return town


async def judged(past: Town, server: Server, damage: Callable[[Path], None]) -> Faults:
    """What the checks say of a server on a damaged copy of the past."""
    shutil.copytree(past.server.data, server.data)
    damage(server.data / "message.db")
    again = copy.copy(past)
    again.server, again.room = server.start(), copy.deepcopy(past.room)
    again.raw = copy.copy(past.raw)
    for place, voice in enumerate(past.raw):
        again.raw[place] = copy.copy(voice)
        again.raw[place].room = again.room
    return await again.judge_server()


def some_entry(path: Path, where: str = "conversation_id = 'g:town' AND kind = 1") -> Entry:
    """One from the middle of what a condition selects."""
    rows = query(path, f"SELECT encoded FROM entry WHERE {where} ORDER BY seq")
    return decode_entry(rows[len(rows) // 2][0])


def put(path: Path, entry: Entry) -> None:
    statement = "UPDATE entry SET encoded = ? WHERE conversation_id = ? AND seq = ?"
    query(path, statement, (encode_entry(entry), entry.conversation_id, entry.seq))


def lose_one(path: Path) -> None:
    entry = some_entry(path)
    query(path, "DELETE FROM entry WHERE conversation_id = ? AND seq = ?", (entry.conversation_id, entry.seq))


def lose_the_last(path: Path) -> None:
    query(
        path, "UPDATE conversation SET seq = seq - 3, countable = countable - 3 WHERE conversation_id = 's:carol:dave'"
    )
    query(
        path,
        "DELETE FROM entry WHERE conversation_id = 's:carol:dave' AND seq >"
        " (SELECT seq FROM conversation WHERE conversation_id = 's:carol:dave')",
    )


def swap(path: Path) -> None:
    one = some_entry(path)
    other = some_entry(path, f"conversation_id = 'g:town' AND seq > {one.seq} AND kind = 1 AND sender_id = 'carol'")
    put(path, msgspec.structs.replace(one, seq=other.seq))
    put(path, msgspec.structs.replace(other, seq=one.seq))


def change_time(path: Path) -> None:
    entry = some_entry(path)
    put(path, msgspec.structs.replace(entry, time_ms=entry.time_ms + 1))


def change_id(path: Path) -> None:
    entry = some_entry(path)
    put(path, msgspec.structs.replace(entry, message_id=MessageId(entry.message_id + 1)))


def change_text(path: Path) -> None:
    content = build_content(ContentView(Text("never sent")))
    put(path, msgspec.structs.replace(some_entry(path), body=Message(MessageKind.TEXT, content)))


def double(path: Path) -> None:
    """The last entry of a conversation stands once more, above itself."""
    query(
        path,
        "INSERT INTO entry SELECT conversation_id, seq + 1, message_id, sender_id, 'new', time_ms, countable + 1, kind,"
        " recalled, encoded FROM entry WHERE conversation_id = 's:carol:dave' ORDER BY seq DESC LIMIT 1",
    )
    query(
        path, "UPDATE conversation SET seq = seq + 1, countable = countable + 1 WHERE conversation_id = 's:carol:dave'"
    )
    entry = some_entry(path, "client_msg_id = 'new'")
    put(path, msgspec.structs.replace(entry, seq=entry.seq + 1, countable=entry.countable + 1))


def forget_submission(path: Path) -> None:
    query(path, "DELETE FROM submission WHERE client_msg_id = 'raw-7' AND sender_id = 'carol'")


def miscount_read(path: Path) -> None:
    query(path, "UPDATE member SET read_countable = read_countable - 1 WHERE user_id = 'dave'")


def miscount_entry(path: Path) -> None:
    entry = some_entry(path)
    put(path, msgspec.structs.replace(entry, countable=entry.countable + 1))


def undo_recall(path: Path) -> None:
    entry = some_entry(path, "recalled = 1")
    assert type(entry.body) is Recalled
    text = f"{entry.conversation_id} {entry.sender_id} 1 "
    put(path, msgspec.structs.replace(entry, body=Message(MessageKind.TEXT, build_content(ContentView(Text(text))))))


def forget_membership(path: Path) -> None:
    query(path, "DELETE FROM membership WHERE user_id = 'dave' AND conversation_id = 'g:town'")


def show_too_much(path: Path) -> None:
    query(path, "UPDATE member SET joined_seq = 1 WHERE user_id = 'eve' AND conversation_id = 'g:town'")


FAULTS: dict[Callable[[Path], None], str] = {
    lose_one: "where",
    lose_the_last: "is missing",
    swap: "out of order",
    change_time: "(a fresh fetch)",
    change_id: "where",
    change_text: "never sent",
    double: "doubles",
    forget_submission: "stands at",
    miscount_read: "list shows",
    miscount_entry: "counts",
    undo_recall: "was recalled",
    forget_membership: "does not show",
    show_too_much: "eve is given",
}


@pytest.mark.parametrize("damage", FAULTS, ids=lambda damage: damage.__name__)
async def test_a_planted_fault_is_found(past: Town, make_server: MakeServer, damage: Callable[[Path], None]) -> None:
    faults = await judged(past, make_server(), damage)
    assert faults.count
    assert FAULTS[damage] in str(faults)


async def test_without_a_fault_nothing_is_found(past: Town, make_server: MakeServer) -> None:
    faults = await judged(past, make_server(), lambda _path: None)
    assert not faults.count, str(faults)


def test_a_hole_in_a_store_that_is_not_told_is_found_in_its_file(past: Town, tmp_path: Path) -> None:
    data = Path(shutil.copytree(past.server.data, tmp_path / "data"))
    assert faults_of_files(data) == []
    lose_one(data / "message.db")
    (found,) = faults_of_files(data)
    assert found.startswith("g:town has")


async def test_a_copy_with_a_hole_a_change_or_an_end_too_early_is_found(past: Town, make_server: MakeServer) -> None:
    server = make_server()
    shutil.copytree(past.server.data, server.data)
    again = copy.copy(past)
    again.server = server.start()
    history = truth_of(await again.views())["g:town"]  # type: ignore[index]  # a conversation's id
    assert not check_copy("whole", history, history).count
    assert not check_copy("its end", history[20:], history).count
    changed = [*history[:5], msgspec.structs.replace(history[5], time_ms=1), *history[6:]]
    for wrong in ([], history[:-1], [*history[:5], *history[6:]], changed, [*history, history[-1]]):
        assert check_copy("wrong", wrong, history).count
