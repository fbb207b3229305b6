"""The data directory: rights, who holds it, what file system it lies on, room, and how fast the disk says "durable"."""

import fcntl
import os
import shutil
import statistics
import time
from pathlib import Path

from hongyan.cli.doctor.findings import Finding, bad, ok, warning

MIB = 1 << 20
LITTLE_BYTES = 2 << 30
TOO_LITTLE_BYTES = 64 * MIB
SLOW_MS = 10.0
VERY_SLOW_MS = 100.0
PROBES = 20
PROBE_BYTES = 16_384
PROBING_S = 2.0
"""A disk that is slower than that is known to be slow by then."""

_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre", "afs")
_MEMORY = ("tmpfs", "ramfs")


def look_at_directory(data_dir: Path, mounts: Path = Path("/proc/mounts")) -> list[Finding]:
    """All about it; the first that keeps a server out is the last looked at."""
    place = nearest(data_dir)
    rights = check_rights(data_dir, place)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return [rights]
    findings = [rights, check_file_system(place, mounts), check_room(place, shutil.disk_usage(place).free)]
    return [*findings, check_speed(place, probe(place))]


def nearest(data_dir: Path) -> Path:
    """The directory, or the nearest folder above it that exists."""
    place = data_dir.absolute()
    while not _exists(place) and place != place.parent:
        place = place.parent
    return place


def check_rights(data_dir: Path, place: Path) -> Finding:
    """Whether this user may write there and others may not read there. `place`: see `nearest`."""
    name = "data directory"
    if not place.is_dir():
        return bad(name, f"{place} is no folder.", "Choose another directory with --data.")
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        cure = f"chown it to the user that runs the server (now {_user()}), or choose another directory with --data."
        return bad(name, f"{place} cannot be written to by {_user()}.", cure)
    if place != data_dir.absolute():
        return ok(name, f"{data_dir} does not exist; the server will make it in {place}.")
    facts = place.stat()
    if facts.st_mode & 0o077:
        return warning(name, f"Others may enter {data_dir} (mode {facts.st_mode & 0o777:o}).", f"chmod 700 {data_dir}")
    foreign = _foreign(place)
    if foreign:
        cure = f"chown -R {_user()} {data_dir}, or run the server as the user who owns them."
        return bad(name, f"{', '.join(foreign)} in {data_dir} may not be read and written by {_user()}.", cure)
    return ok(name, f"{data_dir} belongs to {_user()} alone.")


def check_file_system(place: Path, mounts: Path) -> Finding:
    """SQLite's write-ahead log needs a local disk; what lies in memory is no log."""
    kind = kind_of(place, mounts)
    if kind.startswith(_NETWORK):
        cure = "Put the data directory on a local disk: write-ahead logs do not work over a network."
        return bad("file system", f"{place} lies on a network file system ({kind}).", cure)
    if kind in _MEMORY:
        cure = "Fine for a trial; for anything else choose a directory on a disk with --data."
        return warning("file system", f"{place} lies in memory ({kind}): a reboot loses all of it.", cure)
    return ok("file system", f"{kind or 'unknown'}.")


def kind_of(place: Path, mounts: Path) -> str:
    """The file system's name as the system has it; "" where that cannot be seen."""
    try:
        rows = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    real = place.resolve()
    above = [(len(row[1]), number, row[2]) for number, row in enumerate(rows) if real.is_relative_to(_plain(row[1]))]
    return max(above)[2] if above else ""


def check_room(place: Path, free_bytes: int) -> Finding:
    """What is left of the disk."""
    free = f"{free_bytes / MIB:,.0f} MiB are free on the disk of {place}"
    cure = "Free some room, or choose a directory on a larger disk with --data."
    if free_bytes < TOO_LITTLE_BYTES:
        return bad("room", f"{free}: sends will be refused.", cure)
    if free_bytes < LITTLE_BYTES:
        return warning("room", f"{free}; a million short messages take about 500.", cure)
    return ok("room", f"{free}.")


def probe(place: Path) -> list[float]:
    """How long it takes to append and to be told that it is durable, in milliseconds, a few times."""
    path = place / f".hongyan-doctor-{os.getpid()}"
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    taken: list[float] = []
    try:
        began = time.perf_counter()
        while len(taken) < PROBES and time.perf_counter() - began < PROBING_S:
            before = time.perf_counter()
            os.write(file, bytes(PROBE_BYTES))
            os.fdatasync(file)
            taken.append(1000 * (time.perf_counter() - before))
    except OSError:
        # A full disk: the finding about room says it.
        taken.append(float("inf"))
    finally:
        os.close(file)
        path.unlink()
    return taken


def check_speed(place: Path, taken_ms: list[float]) -> Finding:
    """Every message waits for one of these; they are shared, so it is the answer's time and not the rate that suffers."""
    median_ms, worst_ms = statistics.median(taken_ms), max(taken_ms)
    said = f"The disk of {place} says durable after {median_ms:.2f} ms (at worst {worst_ms:.1f})"
    cure = "Choose a directory on an SSD with --data, or find out what else keeps this disk busy (iostat -x 1)."
    if median_ms > VERY_SLOW_MS:
        return bad("disk speed", f"{said}: every send waits as long.", cure)
    if median_ms > SLOW_MS:
        return warning("disk speed", f"{said}; good ones take under {SLOW_MS:g}.", cure)
    return ok("disk speed", f"{said}.")


def server_of(data_dir: Path) -> int:
    """The process id of the server that holds a data directory, 0 when none does. Takes nothing from it."""
    try:
        file = os.open(data_dir / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return 0
    except OSError:
        text = os.read(file, 32).decode(errors="replace").strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(file)


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except PermissionError:
        # What lies in a closed folder is not to be seen; the folder above is.
        return False


def _foreign(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.is_file() and not os.access(entry, os.R_OK | os.W_OK)]


def _plain(mounted: str) -> str:
    """A path of the table of mounts, in which spaces are written in octal."""
    return mounted.replace("\\040", " ")


def _user() -> str:
    return os.environ.get("USER") or f"user {os.getuid()}"
