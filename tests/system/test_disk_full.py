"""A full disk: sends are refused with a code, reads go on, and when space returns everything goes on by itself."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hongyan.model.commands import MessageKind, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.model.records import Message
from hongyan.protocol.codec_content import build_content, parse_content
from hongyan.protocol.content import ContentView, Text
from hongyan.protocol.frames import ErrorReply, Submit
from tests.system.conftest import MakeServer
from tests.system.disks import SmallDisk, mounted
from tests.system.raw import RawConnection
from tests.system.servers import PASSWORD, Server
from tests.system.town import ALICE, DAVE, GROUP, Town

PATIENCE_S = 30.0
OFTEN = ("log.trim_s=0.2", "log.retention_records=100")
"""Trimming writes too, so it must come in a disk's bad time, and not only half a minute later."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk", "64m") as found:
        yield found


async def until(holds: Callable[[], bool], what: str) -> None:
    """Waits for something to become true."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"after {PATIENCE_S} s not yet: {what}")


async def full(town: Town, disk: SmallDisk) -> None:
    """Fills the disk, and waits until everybody was refused for that reason."""
    disk.fill()
    before = [voice.refusals["storage_full"] for voice in town.raw]
    await until(
        lambda: all(voice.refusals["storage_full"] > count + 5 for voice, count in zip(town.raw, before, strict=True)),
        f"storage_full; refused were {[dict(voice.refusals) for voice in town.raw]}",
    )
    assert {name for voice in town.raw for name in voice.refusals} == {"storage_full"}


async def flows(town: Town) -> None:
    """Waits until messages are acknowledged again."""
    before = len(town.room.ledger.acknowledged)
    await until(lambda: len(town.room.ledger.acknowledged) > before + 100, "receipts")


async def refused_for_good(town: Town) -> set[str]:
    """Texts that were refused while the disk was full, and are never sent again."""
    connection = await RawConnection.open(town.server.ports.tcp, town.tokens[DAVE])
    texts = {}
    for number in range(20):
        said = town.room.ledger.say(ConversationId("s:carol:dave"), DAVE, "only once")
        content = build_content(ContentView(Text(said.text)))
        submit = Submit(said.conversation_id, ClientMsgId(f"once-{number}"), SendMessage(MessageKind.TEXT, content))
        texts[connection.post(submit)] = said.text
    refused, answered = set(), 0
    while answered < len(texts):
        for item in await connection.receive():
            if item.frame.reply_to in texts:
                answered += 1
                if isinstance(item.frame.event, ErrorReply):
                    assert (item.frame.event.name, item.frame.event.permanent) == ("storage_full", False)
                    refused.add(texts[item.frame.reply_to])
    connection.close()
    return refused


async def check_reads_go_on(town: Town) -> None:
    """Old and new entries are given, and whoever asks over HTTP gets a coded answer."""
    views = await town.views()
    assert views[ALICE].entries[GROUP]
    ask = town.server.ask
    assert (await asyncio.to_thread(ask, "GET", "/healthz")).status == 200
    answer = await asyncio.to_thread(ask, "GET", "/api/v1/devices", None, town.tokens[ALICE])
    assert len(answer.json["devices"]) == 2
    metrics = await asyncio.to_thread(ask, "GET", "/metrics")
    assert 'hongyan_refusals_total{code="storage_full"}' in metrics.text


async def check_accounts_are_refused(server: Server) -> None:
    """Registering and logging in say why they cannot."""
    codes = []
    for number in range(60):
        body = {"user_id": f"newcomer-{number}", "password": PASSWORD}
        answer = await asyncio.to_thread(server.ask, "POST", "/api/v1/users", body)
        assert answer.status in (201, 507), answer
        codes.append(answer.json.get("name", "made"))
        if answer.status == 507:
            assert answer.media_type == "application/problem+json"
            assert (answer.json["code"], answer.json["permanent"]) == (5002, False)
            return
    pytest.fail(f"accounts were made on a full disk: {codes}")


async def test_a_full_disk_refuses_and_recovers_without_a_restart(
    disk: SmallDisk, make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(*OFTEN, data=disk.path / "data").start()
    assert server.process is not None
    pid = server.process.pid
    town = await Town(server, tmp_path, seed=2).found()
    async with town.talking():
        refused: set[str] = set()
        for _ in range(2):
            await flows(town)
            await full(town, disk)
            refused |= await refused_for_good(town)
            await check_reads_go_on(town)
            await check_accounts_are_refused(server)
            disk.free()
        await flows(town)
        assert (server.process.pid, server.process.poll()) == (pid, None)
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)
        assert len(refused) > 20
        assert not refused & await texts_with_dave(town)
    said = server.said.read_text()
    assert len(said.splitlines()) < 20, f"a line a refusal: {said[-2000:]}"


async def texts_with_dave(town: Town) -> set[str]:
    """All that stands between carol and dave."""
    entries = (await town.views())[DAVE].entries[ConversationId("s:carol:dave")]
    return {parse_content(entry.body.content).text for entry in entries if isinstance(entry.body, Message)}


async def test_when_only_the_store_cannot_grow_the_log_keeps_what_was_acknowledged(
    disk: SmallDisk, make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(*OFTEN)
    server.data.mkdir(mode=0o700)
    (server.data / "message.db").symlink_to(disk.path / "message.db")
    town = await Town(server.start(), tmp_path, seed=3).found()
    async with town.talking():
        for kills in (False, True):
            await flows(town)
            await full(town, disk)
            await check_reads_go_on(town)
            if kills:
                server.kill()
                await start_full(server)
            disk.free()
            if server.process is None:
                server.start()
            await flows(town)
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)


async def test_killed_on_a_full_disk_everything_is_there_when_space_returns(
    disk: SmallDisk, make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(*OFTEN, data=disk.path / "data").start()
    town = await Town(server, tmp_path, seed=4).found()
    async with town.talking():
        for _ in range(2):
            await flows(town)
            await full(town, disk)
            server.kill()
            await start_full(server)
            disk.free()
            if server.process is None:
                server.start()
        await flows(town)
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)


async def start_full(server: Server) -> None:
    """Starts on a full disk: it runs and refuses to send, or it says in a sentence why it does not."""
    server.spawn()
    assert server.process is not None
    said = len(server.said.read_text())
    while (code := server.process.poll()) is None and not server.is_ready():
        await asyncio.sleep(0.05)
    if code is not None:
        server.process = None
        assert (code, server.said.read_text()[said:].count("\n")) == (2, 1), server.said.read_text()[-4000:]
