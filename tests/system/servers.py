"""Server processes for tests that start, kill and starve them. None of them outlives its test, however that ends."""

import asyncio
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hongyan.cli.bench.procfs import resident

PASSWORD = "correct horse battery"
CHEAP_SETTINGS = (
    *("users.argon2_memory_kib=64", "users.argon2_iterations=1", "users.registrations_per_hour=100000"),
    *("limits.submissions_per_s=1000000", "limits.submissions_burst=1000000", "limits.frames_per_s=1000000"),
    *("limits.conversation_submissions_per_s=1000000", "limits.conversation_submissions_burst=1000000"),
    *("limits.reads_per_s=1000000", "limits.marks_per_s=1000000", "limits.signals_per_s=1000000"),
)
"""Passwords cost nothing, and nobody is too quick: what is tested here is something else."""

START_S = 40.0
# The kernel kills the server when the thread that started it is gone: the last resort after a test runner was killed.
_PROGRAM = "import ctypes; ctypes.CDLL(None).prctl(1, 9); from hongyan.cli import main; main()"
_PORTS_FROM, _PORTS_TO = 20_000, 32_000


class Ports(msgspec.Struct, frozen=True):
    """Where a server listens, so that it comes back where its clients look for it."""

    http: int
    ws: int
    tcp: int


def free_ports() -> Ports:
    """Three that nobody listens on, below those that outgoing connections get.

    A client that calls a port of the other kind again and again, while nobody is there, is sooner or later given that very
    port for its own end, and has then connected to itself.
    """
    found: list[int] = []
    while len(found) < 3:
        port = random.randrange(_PORTS_FROM, _PORTS_TO)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return Ports(*found)


class Answer(msgspec.Struct, frozen=True):
    """What came over HTTP. `json` is None where the body is none."""

    status: int
    media_type: str
    json: Any
    text: str


class Server:
    """One data directory and one address for all its runs. `said` is where every run writes what it has to say."""

    def __init__(self, data: Path, said: Path, settings: Sequence[str] = ()) -> None:
        self.data, self.said, self.settings = data, said, settings
        self.ports = free_ports()
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_s = 0.0
        self._started_at = 0.0

    @property
    def http(self) -> str:
        """Its address of REST."""
        return f"http://127.0.0.1:{self.ports.http}"

    @property
    def ws(self) -> str:
        """Its address of WebSocket connections."""
        return f"ws://127.0.0.1:{self.ports.ws}"

    def command(self) -> list[str]:
        """What is run."""
        ports = {"http": self.ports.http, "ws": self.ports.ws, "tcp": self.ports.tcp}
        listen = [word for name, port in ports.items() for word in (f"--{name}", f"127.0.0.1:{port}")]
        words = [word for assignment in (*CHEAP_SETTINGS, *self.settings) for word in ("--set", assignment)]
        return [sys.executable, "-c", _PROGRAM, "serve", "--data", str(self.data), *listen, "--ready-json", *words]

    def spawn(self) -> None:
        """Starts a run; does not wait for it."""
        assert self.process is None, "one run at a time"
        ready, errors = self._ready_file(), self.said
        self._started_at = time.monotonic()
        with ready.open("wb") as out, errors.open("ab") as err:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def is_ready(self) -> bool:
        """Whether this run has announced itself. Fails when it has ended instead."""
        assert self.process is not None
        if self._ready_file().read_bytes().endswith(b"\n"):
            self.ready_s = self.ready_s or time.monotonic() - self._started_at
            return True
        code = self.process.poll()
        assert code is None, f"the server ended with {code}: {self.said.read_text()[-4000:]}"
        return False

    async def ready(self) -> None:
        """Waits until this run takes connections."""
        async with asyncio.timeout(START_S):
            while not self.is_ready():
                await asyncio.sleep(0.01)

    def start(self) -> "Server":
        """Starts a run and waits until it takes connections."""
        self.spawn()
        deadline = time.monotonic() + START_S
        while not self.is_ready():
            assert time.monotonic() < deadline, f"not ready after {START_S} s"
            time.sleep(0.01)
        return self

    def kill(self) -> None:
        """As `kill -9` does. May be called at any time."""
        process, self.process, self.ready_s = self.process, None, 0.0
        if process is not None:
            process.kill()
            process.wait()

    def stop(self, patience_s: float = 20.0) -> int:
        """As an operator does; the exit code. Fails when it does not stop in time."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience_s)
        finally:
            self.kill()

    def refusal(self, patience_s: float = 30.0) -> str:
        """The sentence with which it refuses to start; fails when it starts, or says more or other than a sentence."""
        done = subprocess.run(self.command(), capture_output=True, text=True, timeout=patience_s, check=False)
        assert done.returncode == 2, f"exit code {done.returncode}: {done.stderr[-4000:]}"
        assert done.stdout == ""
        assert re.fullmatch(r"hongyan: .+[.!)]\n", done.stderr), f"not one sentence: {done.stderr[-4000:]}"
        return done.stderr

    @property
    def rss_bytes(self) -> int:
        """What it holds in memory now."""
        assert self.process is not None
        found = resident(self.process.pid)
        assert found is not None
        return found.rss_bytes

    def ask(self, method: str, path: str, body: Any = None, token: str = "", idempotency_key: str = "") -> Answer:
        """A request over HTTP and its answer, whatever its status."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        headers |= {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.http + path, raw, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return _answer(answer)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)

    def register(self, *user_ids: str) -> None:
        """Makes accounts."""
        for user_id in user_ids:
            answer = self.ask("POST", "/api/v1/users", {"user_id": user_id, "password": PASSWORD})
            assert answer.status == 201, answer

    def token(self, user_id: str, device_id: str) -> str:
        """An access token of a device."""
        body = {"user_id": user_id, "password": PASSWORD, "device_id": device_id}
        answer = self.ask("POST", "/api/v1/sessions", body)
        assert answer.status == 201, answer
        return str(answer.json["access_token"])

    def metric(self, name: str) -> float:
        """A value of its metrics page, 0 where it is not there yet. `name` with its labels."""
        for line in self.ask("GET", "/metrics").text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def _ready_file(self) -> Path:
        return self.said.with_suffix(".ready")


def hongyan(*words: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-c", "from hongyan.cli import main; main()", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _answer(response: Any) -> Answer:
    raw = response.read()
    media_type = response.headers.get_content_type()
    body = json.loads(raw) if raw and "json" in media_type else None
    return Answer(response.status, media_type, body, raw.decode(errors="replace"))


def is_root() -> bool:
    """Whether file systems may be mounted."""
    return os.geteuid() == 0
