"""What the kernel says about processes and the machine. Linux only; elsewhere the figures are absent."""

import os
import platform
import re
import resource
import subprocess
from pathlib import Path

import msgspec

_TICKS_PER_S = 100


class Usage(msgspec.Struct, frozen=True):
    """A process at a moment."""

    cpu_s: float
    rss_bytes: int


class Resident(msgspec.Struct, frozen=True):
    """How a process's memory is resident: all of it, its proportional share, and what is its alone."""

    rss_bytes: int
    pss_bytes: int
    anonymous_bytes: int


def usage(pid: int, proc: Path = Path("/proc")) -> Usage | None:
    """CPU time in user and system mode so far, of all threads, and resident memory; None when there is none to be seen."""
    try:
        # The name in brackets may hold anything; the fields begin after the last bracket.
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS_PER_S, int(fields[21]) * resource.getpagesize())


def machine_cpu_s(proc: Path = Path("/proc")) -> float | None:
    """CPU time of all processes and the kernel so far, and what a host took away; None when it is not to be seen."""
    try:
        fields = (proc / "stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / _TICKS_PER_S


def resident(pid: int, proc: Path = Path("/proc")) -> Resident | None:
    """The memory of a process as smaps_rollup tells it; None when there is none to be seen."""
    try:
        text = (proc / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return None
    found = {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    return Resident(found.get("Rss", 0), found.get("Pss", 0), found.get("Anonymous", 0))


def raise_open_files() -> int:
    """Lets this process and its children open as many files as the system allows; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def machine(proc: Path = Path("/proc")) -> str:
    """The machine in a line."""
    return ", ".join(part for part in (_processor(proc), _memory(proc), platform.platform(), _python()) if part)


def _python() -> str:
    return f"Python {platform.python_version()}"


def _processor(proc: Path) -> str:
    cores = f"{os.cpu_count()} cores"
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", (proc / "cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    return f"{match[1].strip()}, {cores}" if match else cores


def _memory(proc: Path) -> str:
    try:
        match = re.search(r"^MemTotal:\s*(\d+) kB", (proc / "meminfo").read_text(), re.MULTILINE)
    except OSError:
        match = None
    return f"{int(match[1]) / 1024 / 1024:.1f} GiB" if match else ""


def commit(folder: Path) -> str:
    """The commit of a checkout, with a plus when something was changed since; "" outside of one."""
    try:
        found = _git(folder, "rev-parse", "--short=12", "HEAD").strip()
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no").strip()
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{found}+" if changed else found


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - git of the PATH, fixed arguments
    return done.stdout
