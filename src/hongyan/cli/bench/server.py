"""A server process of our own: started on a fresh data directory, watched, and stopped by its id."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import msgspec

from hongyan.cli.bench.troubles import ServerFailedError

START_S = 30.0
STOP_S = 20.0
_PR_SET_PDEATHSIG = 1
_SERVE = "import typer; from hongyan.cli.serve import serve; typer.run(serve)"


class Endpoints(msgspec.Struct, frozen=True):
    """Where a server is reached."""

    http: str
    ws: str
    tcp: str = ""


def _end_with_parent() -> None:
    """Asks the system to end this process when its parent dies, however it dies; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class OwnServer:
    """`hongyan serve` as a child process, on free ports of the loopback address."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str]) -> None:
        """Settings are keys of the configuration, as `section.key`."""
        self._data_dir, self._settings = data_dir, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self.ready_ms = 0.0

    @property
    def pid(self) -> int:
        """The process; 0 before it was started."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> Endpoints:
        """Starts and waits until it is ready. Raises ServerFailedError."""
        anywhere = "127.0.0.1:0"
        command = [sys.executable, "-c", _SERVE, "--data", str(self._data_dir), "--ready-json"]
        command += ["--http", anywhere, "--ws", anywhere, "--tcp", anywhere]
        settings = {"logging.level": "warning", **self._settings}
        command += [f"--set={key}={value}" for key, value in settings.items()]
        self._log = (self._data_dir / "bench-server.log").open("wb")
        started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call that allocates nothing, and no other thread runs yet
        )
        line = self._first_line(started + START_S)
        self.ready_ms = (time.monotonic() - started) * 1000
        try:
            return msgspec.json.decode(line, type=Endpoints)
        except msgspec.MsgspecError as error:
            self.stop()
            raise ServerFailedError(f"the server said {line[:200]!r} instead of where it is.") from error

    def _first_line(self, deadline: float) -> bytes:
        assert self._process is not None
        output = self._process.stdout
        assert output is not None
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.stop()
                    raise ServerFailedError(f"the server was not ready after {START_S:.0f} s.{self.last_words()}")
                byte = os.read(output.fileno(), 4096)
                if not byte:
                    code = self._process.wait()
                    raise ServerFailedError(f"the server ended with code {code} at its start.{self.last_words()}")
                line += byte
        return line

    def check_alive(self) -> None:
        """Raises ServerFailedError when the process has ended."""
        code = self._process.poll() if self._process is not None else None
        if code is not None:
            raise ServerFailedError(f"the server ended with code {code} under load.{self.last_words()}")

    def last_words(self) -> str:
        """The end of what the server wrote to its standard error."""
        try:
            text = (self._data_dir / "bench-server.log").read_text(errors="replace").strip()
        except OSError:
            return ""
        return f"\n{text[-2_000:]}" if text else ""

    def stop(self) -> int | None:
        """Asks the server to stop, and after a while ends it; its exit code. May be called again."""
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if self._log is not None:
            self._log.close()
        return process.returncode
