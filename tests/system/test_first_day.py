"""The first day of a server, by program: two people chat, a client is killed, a device was away, a plain client joins in."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hongyan.model.commands import MessageKind
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, Message
from hongyan.protocol.codec_content import build_content
from hongyan.protocol.content import ContentView, Text
from hongyan.protocol.frames import ConversationHead
from hongyan_client import Client, ClientOptions, Login, SqliteStore, text_of
from tests.system.conftest import MakeServer
from tests.system.ledger import View, check_copy
from tests.system.newcomer import Copy, Device
from tests.system.raw import fetch
from tests.system.servers import PASSWORD, Server
from tests.system.town import list_differences

PAIR = ConversationId("s:alice:bob")
CHINESE = "鸿雁传书，尺素寄情。云中谁寄锦书来？雁字回时，月满西楼。"
ENGLISH = "Wild geese carry letters over the mountains; nobody is too far to be written to."
ARABIC = "الرسائل تصل مهما طال الطريق، وهذه جملة تُقرأ من اليمين إلى اليسار."
HEBREW = "גם המשפט הזה נכתב מימין לשמאל, ובאמצעו English words and 中文。"
EMOJI = "🪿✉️ 👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 e\u0301 is not é, and \u200f marks stay"
PARAGRAPH = f"{CHINESE}\n{ENGLISH}\n{ARABIC}\n{HEBREW}\n{EMOJI}"
LONG = (PARAGRAPH + "\n") * (60_000 // len(PARAGRAPH.encode()) + 1)
LINES = [
    *(CHINESE, ENGLISH, ARABIC, HEBREW, EMOJI, " ", "<b>&amp;\"'\\</b>\x00\t\r\n", "\ufeff\u2028"),
    *(f"第 {number} 句，还在说 🗣" for number in range(40)),
    *(LONG, "结束 · the end · النهاية"),
]


class Speaker:
    """alice's phone: a process that says LINES, and can be killed."""

    def __init__(self, server: Server, folder: Path) -> None:
        lines = folder / "lines.json"
        lines.write_text(json.dumps(LINES))
        who = ("alice", PASSWORD, "phone")
        self._command = [sys.executable, "-m", "tests.system.talking_process", server.http, *who]
        self._command += [str(folder / "phone.db"), PAIR, str(lines)]
        self.told: list[dict[str, Any]] = []
        self.process: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """One run, killed at the end of the block as the system kills a telephone's programs."""
        process = self.process = await asyncio.create_subprocess_exec(
            *self._command, stdout=subprocess.PIPE, limit=1 << 20
        )
        assert process.stdout is not None
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            # What it had told until then.
            rest = await process.stdout.read()
            self.told += [json.loads(line) for line in rest.splitlines() if line.endswith(b"}")]
            await process.wait()

    async def until(self, name: str, count: int) -> None:
        """Reads on until it has told something so many times, in all its runs."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while len(self.all(name)) < count:
                line = await self.process.stdout.readline()
                assert line, "the client ended"
                self.told.append(json.loads(line))

    def seqs(self, name: str) -> list[int]:
        """The places of what it told under a name."""
        return [told["seq"] for told in self.told if name in told]

    def all(self, name: str) -> list[Any]:
        """What it told under a name."""
        return [told[name] for told in self.told if name in told]


def client_of(server: Server, user_id: str, device_id: str, store: Path | None = None) -> Client:
    options = ClientOptions(backoff_first_s=0.05, backoff_last_s=0.5)
    kept = SqliteStore(store) if store is not None else None
    return Client(server.http, Login(user_id, PASSWORD, device_id), store=kept, options=options)


async def assert_equal(client: Client, server: Server) -> View:
    """A device has what a fresh one is given, entry by entry and in its list. Marks take half a second to arrive."""
    view = await view_of(server, client.user_id)
    async with asyncio.timeout(10):
        await client.synced()
        while list_differences(client, view):
            await asyncio.sleep(0.1)
            view = await view_of(server, client.user_id)
    for conversation_id, entries in view.entries.items():
        copy = await client.entries(conversation_id, limit=100_000)
        faults = check_copy(f"{client.user_id} keeps of {conversation_id}", copy, entries)
        assert not faults.count, str(faults)
    return view


def assert_plain_equal(copy: Copy, view: View, conversation_id: ConversationId) -> None:
    """The plain client agrees with the others."""
    head, entries = view.heads[conversation_id], view.entries[conversation_id]
    assert (copy.head, copy.unread, copy.read_seq, copy.name) == (head.seq, head.unread, head.read_seq, head.name)
    kept = [copy.entries[seq] for seq in sorted(copy.entries)]
    expected = entries[len(entries) - len(kept) :]
    assert [(int(entry["seq"]), entry["message_id"]) for entry in kept] == [
        (entry.seq, str(entry.message_id)) for entry in expected
    ]
    assert [entry.get("message", {}).get("text", {}).get("text", "") for entry in kept] == texts(expected)


def texts(entries: Sequence[Entry]) -> list[str]:
    return [text_of(entry) for entry in entries]


async def view_of(server: Server, user_id: str) -> View:
    return await fetch(server.ports.tcp, await asyncio.to_thread(server.token, user_id, "observer"))


async def test_two_people_chat_in_every_script_and_a_killed_client_goes_on(
    make_server: MakeServer, tmp_path: Path
) -> None:
    assert len(LONG.encode()) >= 60_000
    server = make_server().start()
    await asyncio.to_thread(server.register, "alice", "bob")
    async with client_of(server, "alice", "tablet", tmp_path / "tablet.db") as tablet:
        await tablet.synced()
    alice = Speaker(server, tmp_path)
    async with client_of(server, "bob", "laptop") as bob:
        await bob.synced()
        async with alice.running():
            await alice.until("said", 10)
            answer = await bob.send(PAIR, ARABIC)
            await alice.until("heard", answer.seq)
        # Killed in the middle of a sentence; what she wrote is in her file.
        assert len(set(alice.all("said"))) < len(LINES)
        while_away = await bob.send(PAIR, "还在吗？")
        async with alice.running():
            await alice.until("known", 2)
            assert alice.told[-1]["known"] >= 10
            # What the first run heard and had not stored is heard again.
            while len(set(alice.seqs("heard"))) < len(LINES) + 2:
                await alice.until("heard", len(alice.all("heard")) + 1)
            assert while_away.seq in alice.seqs("heard")
            view = await view_of(server, "bob")
            assert [text for text in texts(view.entries[PAIR]) if text not in (ARABIC, "还在吗？")] == [
                line for line in LINES if line != ARABIC
            ]
            assert sorted(texts(view.entries[PAIR])) == sorted([*LINES, ARABIC, "还在吗？"])
            await bob.mark_read(PAIR)
            await assert_equal(bob, server)
    async with (
        client_of(server, "alice", "tablet", tmp_path / "tablet.db") as tablet,
        client_of(server, "alice", "phone", tmp_path / "phone.db") as phone,
    ):
        view = await assert_equal(tablet, server)
        await assert_equal(phone, server)
        assert await tablet.entries(PAIR, limit=1_000) == view.entries[PAIR], "from the first entry on"


async def test_a_plain_client_in_json_joins_the_conversation_and_a_group(
    make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server().start()
    await asyncio.to_thread(server.register, "alice", "bob", "carol")
    do = asyncio.to_thread
    async with client_of(server, "alice", "phone") as alice, client_of(server, "bob", "phone") as bob:
        await alice.synced()
        await bob.synced()
        await alice.send(PAIR, CHINESE)
        # bob's other device is the plain one: it finds what was said, and takes part.
        plain = Device(server.http, "bob", PASSWORD, "plain")
        await do(plain.connect)
        assert plain.texts(PAIR) == [CHINESE]
        assert plain.copies[PAIR].unread == 1
        await bob.send(PAIR, LONG)
        await do(plain.wait, lambda: plain.texts(PAIR)[-1:] == [LONG], "the long message")
        said = await do(plain.say, PAIR, EMOJI)
        await do(plain.wait, lambda: said in plain.receipts, "its receipt")
        assert plain.copies[PAIR].unread == 0
        await do(plain.type, PAIR)

        # A group, made in JSON.
        carol = Device(server.http, "carol", PASSWORD, "plain")
        await do(carol.connect)
        made = await do(carol.submit, {"create_group": {"name": "读书会 📚", "member_ids": ["alice", "bob"]}})
        await do(carol.wait, lambda: made in carol.receipts, "the group")
        group = ConversationId(carol.receipts[made]["conversation_id"])
        await do(carol.wait, lambda: carol.copies[group].end == 1, "its first entry")
        await do(plain.wait, lambda: group in plain.copies, "the group at another's")
        for text in LINES[:8]:
            await alice.send(group, text)
        await do(carol.wait, lambda: carol.copies[group].end == 9, "the first eight")

        # Cut off; what is said meanwhile is found, and what she wrote goes out once, also when its receipt was lost.
        await do(carol.say, group, HEBREW)
        carol.hang_up()
        await do(carol.say, group, "written in the tunnel")
        for text in LINES[8:30]:
            await bob.send(group, text)
        await do(carol.connect)
        await do(carol.wait, lambda: not carol.outbox and not carol.copies[group].has_gap, "everything")
        recalled = await bob.send(group, "oops")
        await bob.recall(group, recalled.seq)
        await do(carol.wait, lambda: carol.copies[group].end == recalled.seq + 1, "the recall")
        assert carol.copies[group].entries[recalled.seq]["recalled"] == {"by_user_id": "bob"}
        await do(plain.wait, lambda: plain.copies[group].end == recalled.seq + 1, "the same")
        shown = carol.texts(group)
        assert (shown.count(HEBREW) - LINES[:30].count(HEBREW), shown.count("written in the tunnel")) == (1, 1)
        assert carol.copies[group].unread == 1
        await do(carol.mark_read, group)
        await do(plain.mark_read, group)

        await settled(server, {"carol": carol, "bob": plain}, [PAIR, group])
        await assert_equal(alice, server)
        await assert_equal(bob, server)
        for device in (plain, carol):
            assert not device.refused
            device.hang_up()


async def settled(server: Server, devices: dict[str, Device], conversations: list[ConversationId]) -> None:
    """Every plain device ends equal to a fresh one; marks take half a second."""
    for user_id, device in devices.items():
        for conversation_id in conversations:
            if conversation_id not in device.copies:
                continue
            async with asyncio.timeout(10):
                while True:
                    view = await view_of(server, user_id)
                    if view.heads[conversation_id].read_seq == device.copies[conversation_id].read_seq:
                        break
                    await asyncio.sleep(0.1)
            assert_plain_equal(device.copies[conversation_id], view, conversation_id)


def test_a_plain_copy_that_differs_would_be_seen() -> None:
    entries = [
        Entry(
            *(PAIR, seq, MessageId(seq), UserId("alice"), ClientMsgId(f"m-{seq}"), seq, seq),
            Message(MessageKind.TEXT, build_content(ContentView(Text(f"text {seq}")))),
        )
        for seq in (1, 2, 3)
    ]
    view = View(UserId("bob"), {PAIR: ConversationHead(PAIR, 3, 3, 1, 1, 2, 1)}, {PAIR: entries})

    def copy_of(seqs: Sequence[int], text: str = "text", read_seq: int = 1) -> Copy:
        copy = Copy()
        for seq in seqs:
            said = {"message": {"text": {"text": f"{text} {seq}"}}}
            copy.see(
                {"seq": str(seq), "countable": str(seq), "message_id": str(seq), "sender_id": "alice"} | said, "bob"
            )
        copy.join()
        copy.read(read_seq, read_seq)
        return copy

    assert_plain_equal(copy_of([1, 2, 3]), view, PAIR)
    for wrong in (copy_of([1, 2]), copy_of([1, 2, 3], "other"), copy_of([1, 2, 3], read_seq=2)):
        with pytest.raises(AssertionError):
            assert_plain_equal(wrong, view, PAIR)
