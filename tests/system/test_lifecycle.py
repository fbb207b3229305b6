"""Starting, stopping, and what keeps a server from starting: each with its exit code and its one sentence."""

import asyncio
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hongyan.model.commands import MessageKind, SendMessage
from hongyan.model.ids import ClientMsgId, ConversationId
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan.protocol.frames import GoAway, ReceiptReply, Submit
from tests.system.conftest import MakeServer
from tests.system.disks import mounted
from tests.system.files import DATABASES, offsets, put_back, query
from tests.system.plain import PlainClient
from tests.system.raw import RawConnection, fetch
from tests.system.servers import Server
from tests.system.town import Town

PAIR = ConversationId("s:alice:bob")
READY_S = 10.0


def submit(number: int) -> Submit:
    content = build_content(ContentView(Text(f"text {number}")))
    return Submit(PAIR, ClientMsgId(f"m-{number}"), SendMessage(MessageKind.TEXT, content))


def message(number: int, text: str) -> dict[str, Any]:
    """The same for a plain client."""
    return {"conversation_id": str(PAIR), "client_msg_id": f"m-{number}", "message": {"text": {"text": text}}}


# Starting


def test_a_server_is_ready_soon_and_small(make_server: MakeServer) -> None:
    server = make_server().start()
    first_s, rss_bytes = server.ready_s, server.rss_bytes
    assert server.stop() == 0
    again_s = server.start().ready_s
    print(
        f"ready in {first_s:.2f} s on an empty directory, {again_s:.2f} s on its own; {rss_bytes / 1e6:.0f} MB resident"
    )
    assert max(first_s, again_s) < READY_S
    assert rss_bytes < 200e6


def test_everything_in_the_directory_is_its_owners_alone_also_after_a_kill(make_server: MakeServer) -> None:
    server = make_server().start()
    server.kill()
    for path in (server.data, *server.data.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert {path.name for path in server.data.iterdir()} >= {"log.db", "log.db-wal", "secrets", "lock"}
    server.start()


def test_a_server_killed_in_its_first_moments_starts_the_next_time(make_server: MakeServer) -> None:
    """Whatever was half made, files, schema or secrets, is finished or made again."""
    server = make_server()
    for tenths in range(1, 13):
        server.spawn()
        time.sleep(tenths * 0.08)
        server.kill()
        if tenths % 4 == 0:
            server.start()
            server.register(f"user-{tenths}")
            server.kill()
            shutil.rmtree(server.data)


@pytest.mark.parametrize("name", ["http", "ws", "tcp"])
def test_a_port_in_use_is_told_with_the_name_of_its_key(make_server: MakeServer, name: str) -> None:
    server = make_server()
    port = getattr(server.ports, name)
    with socket.create_server(("127.0.0.1", port)):
        assert server.refusal() == (
            f"hongyan: listen.{name}: 127.0.0.1:{port} cannot be listened on: Address already in use.\n"
        )
    server.start()


def test_a_second_server_on_a_directory_refuses_and_the_first_goes_on(make_server: MakeServer) -> None:
    first, second = make_server().start(), make_server()
    second.data = first.data
    assert first.process is not None
    assert f"is in use by another hongyan (process {first.process.pid})" in second.refusal()
    first.kill()
    second.start()


@pytest.mark.parametrize("database", DATABASES)
def test_a_newer_schema_keeps_the_server_from_starting(make_server: MakeServer, database: str) -> None:
    server = make_server().start()
    assert server.stop() == 0
    path = server.data / f"{database}.db"
    (before,) = query(path, "SELECT version_num FROM alembic_version")
    query(path, "UPDATE alembic_version SET version_num = ?", (f"{database}_9999",))
    assert f"{path} was written by a newer hongyan (schema {database}_9999" in server.refusal()
    query(path, "UPDATE alembic_version SET version_num = ?", before)
    server.start()


def test_a_directory_that_cannot_be_written_or_made_is_told(make_server: MakeServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made" in make_server(data=tmp_path / "file" / "data").refusal()
    assert "file" in make_server(data=tmp_path / "file").refusal()
    with mounted(tmp_path / "read-only", "1m") as disk:
        data = disk.path / "data"
        data.mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(disk.path)], check=True)
        assert "cannot be written to" in make_server(data=data).refusal()
        assert "cannot be made" in make_server(data=disk.path / "other").refusal()


# Stopping


async def test_what_is_on_its_way_when_the_server_is_told_to_stop_gets_its_receipt(make_server: MakeServer) -> None:
    server = make_server().start()
    assert server.process is not None
    await asyncio.to_thread(server.register, "alice", "bob")
    connection = await RawConnection.open(server.ports.tcp, await asyncio.to_thread(server.token, "alice", "phone"))
    unanswered: set[int] = set()
    sent = told_to_stop = 0
    went_away = False
    try:
        while True:
            while not went_away and len(unanswered) < 300:
                sent += 1
                unanswered.add(connection.post(submit(sent)))
            for item in await connection.receive():
                went_away = went_away or isinstance(item.frame.event, GoAway)
                if isinstance(item.frame.event, ReceiptReply):
                    unanswered.discard(item.frame.reply_to)
            if not told_to_stop and sent > 1_000:
                server.process.send_signal(signal.SIGTERM)
                told_to_stop = sent
    except ConnectionError:
        connection.close()
    assert told_to_stop
    assert went_away
    assert not unanswered
    assert await asyncio.to_thread(server.process.wait, 10) == 0
    server.kill()
    server.start()
    view = await fetch(server.ports.tcp, server.token("bob", "phone"))
    assert len(view.entries[PAIR]) == sent


def test_a_stopping_server_says_so_and_closes_with_a_resumable_code(make_server: MakeServer) -> None:
    server = make_server().start()
    server.register("alice")
    assert server.process is not None
    client = PlainClient(server.ws)
    client.ask(connect={"token": server.token("alice", "phone")})
    server.process.send_signal(signal.SIGTERM)
    assert client.next("go_away") == {"retry_within_ms": 5000}
    assert client.close_code() == 4000
    client.close()
    assert server.process.wait(10) == 0


def test_the_second_signal_means_now(make_server: MakeServer) -> None:
    """A submission that cannot be finished holds the drain up, until somebody loses patience."""
    server = make_server("gateway.drain_s=60", "delivery.queue_records=1").start()
    server.register("alice", "bob")
    assert server.process is not None
    client = PlainClient(server.ws)
    client.ask(connect={"token": server.token("alice", "phone")})
    with closing(sqlite3.connect(server.data / "message.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the store cannot write, so delivery waits
        for number in range(3):
            if number < 2:
                client.ask(submit=message(number, "x"))
            else:
                client.send({"id": 99, "submit": message(number, "x")})
        server.process.send_signal(signal.SIGTERM)
        client.next("go_away")
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(2) == 130
    client.close()
    server.kill()
    server.start()
    assert texts(server) == ["x"] * 3


async def test_restarts_in_good_order_under_load_lose_nothing(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server().start()
    town = await Town(server, tmp_path, seed=5).found()
    async with town.talking():
        for _ in range(3):
            await town.pause(0.7)
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(server.process.wait, 15) == 0
            server.kill()
            assert not list(server.data.glob("*-wal")), "a stop in good order leaves whole files"
            server.spawn()
            await server.ready()
        await town.quiet()
        faults = await town.judge()
        assert not faults.count, str(faults)


# Damage


def talked(server: Server) -> None:
    """A server that has been talked on, killed with its last records in the log alone."""
    server.start().register("alice", "bob")
    client = PlainClient(server.ws)
    client.ask(connect={"token": server.token("alice", "phone")})
    for number in range(60):
        message = {
            "conversation_id": str(PAIR),
            "client_msg_id": f"m-{number}",
            "message": {"text": {"text": "長" * 90}},
        }
        client.ask(submit=message)
    client.close()
    server.kill()


def texts(server: Server) -> list[str]:
    with closing(PlainClient(server.ws)) as client:
        client.ask(connect={"token": server.token("bob", "phone")})
        page = client.ask(get_entries={"conversation_id": str(PAIR)})["entry_page"]
    return [entry["message"]["text"]["text"] for entry in page["entries"]]


def flip(path: Path, place: int) -> None:
    """One bit of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("where", ["a record", "the key", "a page's header", "the file's header"])
def test_a_bit_flipped_in_the_log_is_told_and_never_served(make_server: MakeServer, where: str) -> None:
    server = make_server("delivery.gather_ms=10000")
    talked(server)
    path = server.data / "log.db"
    query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert offsets(server.data).stored == 0, "the store shall need the log"
    raw = path.read_bytes()
    record = raw.index("長".encode() * 40) + 100
    flip(
        path,
        {"a record": record, "the key": raw.index(b"m-30"), "the file's header": 3}.get(where, record // 4096 * 4096),
    )
    said = server.refusal()
    assert str(path) in said
    assert "damaged" in said or "cannot be read as a database" in said
    path.write_bytes(raw)
    assert texts(server.start()) == ["長" * 90] * 60


def test_a_bit_flipped_in_what_sqlite_has_not_moved_to_the_file_is_no_silent_loss(make_server: MakeServer) -> None:
    """SQLite takes a damaged frame of its write-ahead log for the end of it; the store knows better."""
    server = make_server("delivery.gather_ms=0")
    talked(server)
    stored = offsets(server.data).stored
    assert stored > 50
    path = server.data / "log.db-wal"
    raw = path.read_bytes()
    flip(path, raw.index(b"m-30"))
    said = server.refusal()
    assert f"the store has kept what records up to {stored} did: they do not belong together" in said


def test_a_store_that_is_older_than_a_trimmed_log_is_told(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server("log.trim_s=0.1", "log.retention_records=0", "delivery.gather_ms=0").start()
    assert server.stop() == 0
    kept = shutil.copy(server.data / "message.db", tmp_path / "kept.db")
    talked(server)
    server.start()
    deadline = time.monotonic() + 10
    while query(server.data / "log.db", "SELECT min(first_offset) FROM record_batch") == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    server.kill()
    put_back(Path(kept), server.data)
    assert "the log does not hold them any more" in server.refusal()


def test_a_log_that_is_older_than_the_store_is_told(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server("delivery.gather_ms=0").start()
    assert server.stop() == 0
    kept = shutil.copy(server.data / "log.db", tmp_path / "kept.db")
    talked(server)
    for path in server.data.glob("log.db*"):
        path.unlink()
    shutil.copy(kept, server.data / "log.db")
    assert "restore both from the same backup" in server.refusal()
