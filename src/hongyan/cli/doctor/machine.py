"""Python, the clock and the open-file limit."""

import ctypes
import os
import resource
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hongyan.cli.doctor.findings import Finding, bad, ok, warning
from hongyan.config import Config

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35, 0)
"""The first with RETURNING, which the stores use."""
RELEASED_MS = 1_760_000_000_000
"""No clock that is right says less: this program did not exist."""
AHEAD_S = 5.0
"""Files written so far in the future were written under another clock."""
OWN_FILES = 200
"""Databases, logs, listening sockets and HTTP requests of a server, beside its connections."""

_TIME_ERROR = 5
_TIMEX_BYTES = 512


def check_python(version: tuple[int, ...], sqlite: tuple[int, ...], protobuf: str) -> list[Finding]:
    """The interpreter and what it was built with. `protobuf` names the implementation in use: upb, python or cpp."""
    text = ".".join(map(str, version[:3]))
    if version[:2] < OLDEST_PYTHON:
        found = bad("python", f"Python {text} is too old.", "Install Python 3.11 or newer and hongyan in it.")
    else:
        found = ok("python", f"Python {text}.")
    findings = [found]
    if sqlite < OLDEST_SQLITE:
        sentence = f"SQLite {'.'.join(map(str, sqlite))} is older than 3.35."
        findings.append(bad("sqlite", sentence, "Use a Python built with a newer SQLite."))
    if protobuf != "upb":
        sentence = f"protobuf runs in its implementation {protobuf!r}: slow, and a server refuses it."
        cure = "Install a protobuf wheel made for this machine and unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION."
        findings.append(bad("protobuf", sentence, cure))
    return findings


def look_at_python() -> list[Finding]:
    """The interpreter that runs this."""
    from google.protobuf.internal import api_implementation

    return check_python(tuple(sys.version_info[:3]), sqlite3.sqlite_version_info, api_implementation.Type())


class ClockSeen(msgspec.Struct, frozen=True):
    """What the clock says. `synchronised` is None where the system does not tell; `newest_ms` is 0 without a file."""

    now_ms: int
    synchronised: bool | None
    newest_ms: int = 0
    newest_file: str = ""


def check_clock(seen: ClockSeen) -> Finding:
    """Times and ids of messages come from the server's clock."""
    shown = datetime.fromtimestamp(seen.now_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if seen.now_ms < RELEASED_MS:
        return bad(
            "clock", f"The clock says {shown}, which is long past.", "Set the clock; better, run chrony or ntpd."
        )
    ahead_s = (seen.newest_ms - seen.now_ms) / 1000
    if ahead_s > AHEAD_S:
        sentence = f"The clock says {shown}, but {seen.newest_file} was written {ahead_s:.0f} s after that."
        return warning(
            "clock", sentence, "It was set back, or was wrong before: set it right and keep it with chrony or ntpd."
        )
    if seen.synchronised is False:
        cure = "Run chrony, ntpd or systemd-timesyncd (timedatectl set-ntp true); in a container, on the host."
        return warning("clock", f"The clock says {shown} and nothing keeps it right.", cure)
    kept = ", kept right by a time service" if seen.synchronised else ""
    return ok("clock", f"{shown}{kept}.")


def look_at_clock(now_ms: int, data_dir: Path) -> Finding:
    """This machine's clock, and what a data directory knows of earlier times."""
    newest = max(_files(data_dir), default=(0, ""))
    return check_clock(ClockSeen(now_ms, _is_synchronised(), newest[0] // 1_000_000, newest[1]))


def _files(folder: Path) -> list[tuple[int, str]]:
    try:
        return [(entry.stat().st_mtime_ns, entry.name) for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []


def _is_synchronised() -> bool | None:
    """What the kernel's clock discipline says, by adjtimex(2) with no change asked for."""
    try:
        # The first field of the structure is the modes: 0 only reads.
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _TIME_ERROR


def check_files(soft: int, hard: int, connections: int) -> Finding:
    """Each connection is an open file of the process. `hard` is how far a process may raise its own limit."""
    wanted = connections + OWN_FILES
    if soft >= wanted:
        return ok("open files", f"{soft:,} open files are allowed; {connections:,} connections need {wanted:,}.")
    fitting = max(0, soft - OWN_FILES)
    sentence = (
        f"{soft:,} open files are allowed: {fitting:,} connections, not the {connections:,} of limits.connections."
    )
    how = f"`ulimit -n {wanted}`" if hard >= wanted else f"a higher hard limit ({wanted}) in /etc/security/limits.conf"
    cure = (
        f"Start with {how}, or LimitNOFILE={wanted} in a systemd unit; or set limits.connections to {max(1, fitting)}."
    )
    if fitting == 0:
        return bad("open files", sentence, cure)
    return warning("open files", sentence, cure)


def look_at_files(config: Config) -> Finding:
    """The limits of this process, which a server started from the same place gets too."""
    soft, hard = (sys.maxsize if limit < 0 else limit for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    return check_files(soft, hard, config.limits.connections)
