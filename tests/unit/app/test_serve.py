"""Starting and stopping one process. What it does in between is told by the flows."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from hongyan.adapters.store.migrate import REVISIONS
from hongyan.app.rest import RestServer
from hongyan.app.serve import Addresses, Door, Front, announce_json, announce_text, first_of, prepare_data_dir
from hongyan.config import Config, Listen
from hongyan.model.errors import SetupError
from hongyan.rest import Status
from tests.unit.app.test_node import joined

ADDRESSES = Addresses("http://127.0.0.1:1", "ws://127.0.0.1:2", "tcp://127.0.0.1:3")
FREE = Config(listen=Listen(http="127.0.0.1:0", ws="127.0.0.1:0", tcp="127.0.0.1:0"))


def test_a_data_directory_is_made_for_its_owner_alone_and_brought_to_this_version(tmp_path: Path) -> None:
    path = tmp_path / "a" / "data"
    lock = prepare_data_dir(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {file.name for file in path.glob("*.db")} == {f"{database}.db" for database in REVISIONS}
    with pytest.raises(SetupError, match="in use"):
        prepare_data_dir(path)
    lock.close()
    prepare_data_dir(path).close()


def test_a_place_where_nothing_can_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be made"):
        prepare_data_dir(tmp_path / "file" / "data")


def test_a_directory_that_is_not_ours_is_let_go_again(tmp_path: Path) -> None:
    (tmp_path / "message.db").write_text("these are not tables, these are words")
    for _ in range(2):
        with pytest.raises(SetupError, match="cannot be read"):
            prepare_data_dir(tmp_path)


@pytest.mark.parametrize("which", [0, 1])
async def test_one_event_of_two_is_enough(which: int) -> None:
    events = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(first_of(*events))
        await asyncio.sleep(0)
        assert not waiting.done()
        events[which].set()
        await waiting
    assert not events[1 - which].is_set()


async def test_a_signal_during_the_replay_stops_the_start() -> None:
    _, stages = await joined(FREE)
    announced: list[Addresses] = []
    stop, status = asyncio.Event(), Status()
    rest = RestServer(FREE, None)
    front = Front(FREE, stages, rest, Door(announced.append, stop), status)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(front.run())
        await asyncio.sleep(0)
        stop.set()
        await running
    rest._socket.close()
    assert (announced, status.ready) == ([], False)


async def test_an_address_that_is_taken_is_refused_with_its_name() -> None:
    _, stages = await joined(FREE)
    first = RestServer(FREE, None)
    taken = first.url.removeprefix("http://")
    with pytest.raises(SetupError, match=r"listen\.http: .* cannot be listened on"):
        RestServer(Config(listen=Listen(http=taken)), None)
    config = Config(listen=Listen(http="127.0.0.1:0", ws=taken, tcp="127.0.0.1:0"))
    front = Front(config, stages, first, Door(lambda _: None, asyncio.Event()), Status())
    stages.delivery.caught_up.set()
    with pytest.raises(SetupError, match=r"listen\.ws: .* cannot be listened on"):
        await front.run()
    first._socket.close()


def test_addresses_are_announced_to_programs_and_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    announce_json(ADDRESSES)
    line = json.loads(capsys.readouterr().out)
    assert (line["ready"], line["http"], line["ws"], line["tcp"]) == (True, ADDRESSES.http, ADDRESSES.ws, ADDRESSES.tcp)
    announce_text(ADDRESSES)
    text = capsys.readouterr().out
    assert all(address in text for address in (ADDRESSES.http, ADDRESSES.ws, ADDRESSES.tcp))
