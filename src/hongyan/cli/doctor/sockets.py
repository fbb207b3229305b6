"""The addresses a server listens on: free, or held by whom."""

import errno
import socket
from pathlib import Path

import msgspec

from hongyan.cli.doctor.findings import Finding, bad, ok
from hongyan.config import Config
from hongyan.config.load import parse_address

_LISTENING = "0A"


class Holder(msgspec.Struct, frozen=True):
    """A process; `command` is how it was started."""

    pid: int
    command: str


def look_at_ports(config: Config, server_pid: int, proc: Path = Path("/proc")) -> list[Finding]:
    """One finding an address. `server_pid` is the server that holds the data directory, 0 for none."""
    return [check_port(name, getattr(config.listen, name), server_pid, proc) for name in ("http", "ws", "tcp")]


def check_port(name: str, address: str, server_pid: int, proc: Path = Path("/proc")) -> Finding:
    """Tries to listen on `host:port`, and lets go at once."""
    host, port = parse_address(address, f"listen.{name}")
    title = f"listen.{name}"
    try:
        family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as listening:
            # As a server does: what an ended connection left behind is in nobody's way.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            listening.listen(1)
    except socket.gaierror as error:
        return bad(title, f"{host} is no address of a machine: {error.strerror}.", _set(title, "127.0.0.1", port))
    except OSError as error:
        return _refused(title, address, error, holder_of(port, proc), server_pid)
    return ok(title, f"{address} is free." if port else f"{address}: any free port will be taken.")


def _refused(title: str, address: str, error: OSError, holder: Holder | None, server_pid: int) -> Finding:
    host, port = parse_address(address, title)
    if error.errno == errno.EADDRINUSE:
        if holder is not None and holder.pid == server_pid:
            return ok(title, f"{address} is served by hongyan on this data directory (process {server_pid}).")
        whose = f"process {holder.pid} ({holder.command})" if holder else "a process that this user may not see"
        # Any port that nobody is known to hold would do; the next one is easy to remember.
        cure = f"Stop it ({f'kill {holder.pid}' if holder else f'find it with: ss -ltnp sport = :{port}'}), or "
        return bad(title, f"{address} is held by {whose}.", cure + _set(title, host, port + 1, lower=True))
    if error.errno in (errno.EACCES, errno.EPERM):
        cure = "Choose a port above 1023 behind a proxy, or give the right: setcap cap_net_bind_service=+ep on Python."
        return bad(title, f"{address} may not be listened on by this user.", cure)
    if error.errno == errno.EADDRNOTAVAIL:
        return bad(title, f"{host} is no address of this machine.", _set(title, "0.0.0.0", port))  # noqa: S104 - advice
    return bad(title, f"{address} cannot be listened on: {error.strerror}.", _set(title, "127.0.0.1", port))


def _set(title: str, host: str, port: int, *, lower: bool = False) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{'choose' if lower else 'Choose'} another address: --set {title}={shown}:{port if port <= 65_535 else 0}."


def holder_of(port: int, proc: Path = Path("/proc")) -> Holder | None:
    """Who listens on a TCP port, as far as this user may see. Linux only."""
    inodes = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening(proc / "net" / table, port)}
    if not inodes:
        return None
    for folder in proc.glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in inodes for link in (folder / "fd").iterdir()):
                return Holder(int(folder.name), _command(folder))
        except OSError:
            # It ended just now, or is another user's.
            continue
    return None


def _listening(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]


def _command(folder: Path) -> str:
    words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return words[:80] or (folder / "comm").read_text().strip()
