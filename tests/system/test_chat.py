"""`hongyan chat` as people and pipes run it: processes against a real server."""

import json
import os
import pty
import queue
import re
import select
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

PROGRAM = [sys.executable, "-c", "from hongyan.cli import main; main()"]
ADDRESSES = ["--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--tcp", "127.0.0.1:0"]
CHEAP = ["--set", "users.argon2_memory_kib=64", "--set", "users.argon2_iterations=1"]
PASSWORD = "canary horse 正确的马"
PATIENCE_S = 30
SAYINGS = ["你好，鸿雁", "👨‍👩‍👧 👍🏽 🇨🇳", "مرحبا كيف حالك؟", "שלום עולם", "e\u0301 naïve // 1 < 2 & [bold]"]
LONG = "\n".join(f"{number} 高并发、高性能、高可用的即时通讯系统。" for number in range(1_000))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server process on free ports."""
    data: Path = tmp_path_factory.mktemp("chat") / "data"
    words = [*PROGRAM, "serve", "--ready-json", "--data", str(data), *ADDRESSES, *CHEAP]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["http"])
        process.terminate()
        assert process.wait(20) == 0


class Piped:
    """A chat whose input and output are pipes."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | environment,
            text=True,
            encoding="utf-8",
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def type(self, *lines: str) -> None:
        """Enters lines."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def until(self, pattern: str) -> str:
        """Waits for a line that matches, and gives it."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0, deadline_s - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"no {pattern!r} in {self.said[-30:]}"
            self.said.append(line)
            if re.search(pattern, line):
                return line

    def rest(self) -> list[str]:
        """Ends the input, and gives all lines from the beginning to the end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE_S) == 0, self.problem()
        while (line := self._lines.get(timeout=PATIENCE_S)) is not None:
            self.said.append(line)
        return self.said

    def refusal(self, status: int = 2) -> str:
        """What it says when it does not start, or cannot go on."""
        assert self._process.wait(PATIENCE_S) == status
        return self.problem()

    def problem(self) -> str:
        """What stands on standard error."""
        assert self._process.stderr is not None
        return self._process.stderr.read()

    def kill(self) -> None:
        """Kills it with signal 9, if it still runs."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                # What was typed last was not read any more.
                continue

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


Chats = Callable[..., Piped]


@pytest.fixture
def chats(url: str, tmp_path: Path) -> Iterator[Chats]:
    """Starts chats; `device` is whose folder of this machine, `password` may be kept back."""
    with ExitStack() as stack:

        def start(user: str, *options: str, device: str = "one", password: str = PASSWORD) -> Piped:
            environment = {"XDG_STATE_HOME": str(tmp_path / device), "HONGYAN_PASSWORD": password}
            words = [*PROGRAM, "chat", "--url", url, "--user", user, *options]
            return stack.enter_context(Piped(words, environment))

        yield start


def entries(lines: list[str]) -> dict[int, str]:
    """The entries among the lines that a chat wrote, by their numbers."""
    found: dict[int, str] = {}
    last = 0
    for line in lines:
        if match := re.match(r"(?:\* )?(\d+) (\w+: .*|.* took message .*)", line):
            last = int(match[1])
            found[last] = match[2]
        elif line.startswith("    ") and last:
            found[last] += "\n" + line[4:]
        else:
            last = 0
    return found


def test_two_people_chat_in_every_script_and_a_third_device_ends_equal(chats: Chats, tmp_path: Path) -> None:
    # A device of alice that will be away.
    assert "* online" in chats("alice", "--register", device="tablet").rest()
    alice = chats("alice", "--with", "bob")
    alice.until("nothing was said|There is no user")
    bob = chats("bob", "--register", "--with", "alice")
    bob.until("nothing was said")
    for saying in SAYINGS:
        alice.type(saying)
        bob.until(re.escape(f"alice: {saying}") + "$")
        bob.type(saying[::-1])
        alice.until(re.escape(f"bob: {saying[::-1]}") + "$")
    alice.until(r"^\* 9 ✓✓ read$")

    alice.type("\x1b[31mred\x1b[0m\x9b2J\x07!")
    assert bob.until("alice: .*!$").endswith(" alice: [31mred[0m2J!")

    (tmp_path / "long.txt").write_text(LONG)
    assert len(LONG.encode()) > 60_000 - 1_000
    alice.type(f"/paste {tmp_path / 'long.txt'}")
    assert bob.until(r"^\* … [\d,]+ characters more: /show 12$")
    bob.type("/show 12", "seen")
    bob.until("bob: seen")
    assert entries(bob.said)[12] == f"alice: {LONG}"
    bob.type("字" * 20_000)
    alice.until("more: /show 14")

    # kill -9; what was said meanwhile is there when bob comes back, with no password needed any more.
    bob.kill()
    alice.type(*(f"meanwhile {number}" for number in range(25)), "/recall 1")
    alice.until("took message 1 back")
    bob = chats("bob", "--with", "alice", password="")
    bob.until("alice: meanwhile 24")
    bob.type("/more", "I am back 回来了")
    alice.until("bob: I am back 回来了$")
    bob.until("bob: I am back 回来了$")

    everywhere = [alice, bob, chats("alice", "--with", "bob", device="tablet", password="")]
    shown = []
    for chat in everywhere:
        chat.type("/open alice" if chat is bob else "/open bob")
        chat.until(r"^\* (alice|bob): /more")
        chat.until("I am back")
        chat.said.clear()
        chat.type("/open alice" if chat is bob else "/open bob", "/more", "/more")
        chat.until("This is where it begins|That was all of it")
        shown.append(entries(chat.rest()))
    assert sorted(shown[0]) == list(range(1, 42))
    assert shown[0][1] == "you took message 1 back"
    assert shown[0] == shown[2]
    assert shown[1] == shown[0] | {1: "alice took message 1 back", 40: "alice took message 1 back"}


def test_what_was_said_before_a_kill_is_not_lost(chats: Chats) -> None:
    assert chats("frank", "--register").rest()
    erin = chats("erin", "--register", "--with", "frank")
    erin.until("nothing was said")
    erin.type(*(f"number {number}" for number in range(200)))
    erin.until("number 20$")
    erin.kill()
    again = chats("erin", "--with", "frank")
    again.until("online")
    again.type("and on")
    again.until("erin: and on")
    frank = chats("frank", "--with", "erin")
    frank.until("erin: and on")
    for _ in range(10):
        frank.type("/more")
    frank.until("This is where it begins|That was all of it")
    said = [text for _, text in sorted(entries(frank.rest()).items())]
    # Lines that were still in the pipe are gone with the process; of those it had taken none is missing or doubled.
    assert said[:21] == [f"erin: number {number}" for number in range(21)]
    assert said == [*(f"erin: number {number}" for number in range(len(said) - 1)), "erin: and on"]


def test_a_group_from_its_beginning_to_its_end(chats: Chats) -> None:
    for user in ("heidi", "ivan"):
        assert chats(user, "--register").rest()
    grace = chats("grace", "--register")
    grace.type('/group "Reading club 读书会" heidi')
    grace.until("you made the group #Reading club 读书会 with you, heidi")
    heidi = chats("heidi", "--with", "#Reading club 读书会")
    heidi.until("grace made the group")
    grace.type("first", "/add ivan", "second")
    heidi.until("grace brought in ivan")
    heidi.until("grace: second")
    grace.until(r"^\* \d ✓✓ read by 1")
    ivan = chats("ivan", "--with", "Reading club 读书会")
    ivan.until("grace: second")
    ivan.type("/who", "/add nobody-of-this-name", "/remove grace", "/leave")
    ivan.until(r"^\* grace, owner, has read up to")
    ivan.until("^! .*nobody-of-this-name")
    ivan.until("^! .*allowed|^! .*may not")
    heidi.until("ivan left")
    assert not any("first" in line for line in ivan.rest())
    grace.type("/remove heidi", "/list")
    grace.until("you put out heidi")
    heidi.until("grace put out heidi|put out you")
    heidi.type("still here?")
    heidi.until("^! Not sent: .")


def test_a_message_in_another_chat_is_a_short_notice(chats: Chats) -> None:
    judy, mallory = chats("judy", "--register"), chats("mallory", "--register")
    judy.until("Nobody has written")
    mallory.until("Nobody has written")
    mallory.type("/open judy", "x" * 500)
    judy.until(r"^\* mallory: x+…$")
    mallory.type("hello?")
    judy.until(r"^\* mallory \(2 unread\): hello\?$")
    judy.type("no chat is open", "/nonsense", "/show 1", "/paste /nowhere/to be found")
    judy.until("^! No chat is open")
    judy.until("^! There is no /nonsense")
    mallory.type("/open nobody-of-this-name", "hello?")
    mallory.until("^! Not sent: There is no user nobody-of-this-name")


def test_tokens_are_kept_for_the_owner_alone_and_the_password_is_not(chats: Chats, tmp_path: Path) -> None:
    assert chats("olivia", "--register").rest()
    kept = list((tmp_path / "one" / "hongyan").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept if path.is_dir()} == {0o700}
    files = [path for path in kept if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_who_cannot_begin_is_told_in_a_sentence(chats: Chats, tmp_path: Path) -> None:
    assert chats("peggy", "--register").rest()
    assert "has another password" in chats("peggy", device="two", password="a wrong password").refusal()
    assert "another password" in chats("peggy", "--register", device="two", password="a wrong password").refusal()
    assert "HONGYAN_PASSWORD" in chats("peggy", device="two", password="").refusal()
    assert "looks like http://" in chats("peggy", "--url", "localhost").refusal()
    (tmp_path / "password").write_text(f"{PASSWORD}\nmore")
    first = chats("peggy", "--password-file", str(tmp_path / "password"), device="three", password="")
    first.until("online")
    second = chats("peggy", device="three", password="").refusal()
    assert "another process" in second
    assert second.count("\n") == 1


def test_a_device_that_was_logged_out_ends_with_a_sentence_and_asks_for_the_password_again(
    chats: Chats, url: str, tmp_path: Path
) -> None:
    sybil = chats("sybil", "--register")
    sybil.until("online")
    tokens = json.loads(next((tmp_path / "one").rglob("tokens.json")).read_text())
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    request = urllib.request.Request(f"{url}/api/v1/sessions/current", headers=headers, method="DELETE")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert answer.status == 204
    assert sybil.refusal(1) == "hongyan: This device was logged out. Start again to log in.\n"
    assert "HONGYAN_PASSWORD" in chats("sybil", password="").refusal()
    assert "* online" in chats("sybil").rest()


def test_a_person_at_a_terminal_makes_an_account_and_chats(chats: Chats, url: str, tmp_path: Path) -> None:
    trent = chats("trent", "--register")
    trent.until("Nobody has written")
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "pty"), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    environment.pop("HONGYAN_PASSWORD", None)
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, "chat", "--url", url, "--with", "trent"], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        try:
            for expected, answer in [
                ("Your name", "victor"),
                ("Password of victor: ", PASSWORD),
                ("Make a new account", "y"),
                ("password again: ", PASSWORD),
                ("nothing was said", "hello from a terminal 你好"),
            ]:
                _see(master, expected)
                os.write(master, f"{answer}\r".encode())
            trent.until("victor: hello from a terminal 你好")
            trent.type("/open victor", "and \x1b]0;owned\x07 back")
            _see(master, "owned back")
            os.write(master, b"/quit\r")
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
            os.close(slave)
            os.close(master)


def _see(master: int, expected: str) -> None:
    """Reads what the terminal shows until it shows this; a password is never among it."""
    seen = ""
    while expected not in re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", seen):
        ready, _, _ = select.select([master], [], [], PATIENCE_S)
        assert ready, seen
        seen += os.read(master, 65_536).decode("utf-8", "replace")
    assert PASSWORD not in seen
    assert "\x1b]0;owned" not in seen
