"""What lies in a data directory, looked at and damaged while no server has it open."""

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

DATABASES = ("log", "message", "user")


class Offsets(msgspec.Struct, frozen=True):
    """How far the log goes, and how far the store has followed it."""

    log_end: int
    stored: int


def offsets(data: Path) -> Offsets:
    """Looks at copies: opening a file after a kill would mend it."""
    with tempfile.TemporaryDirectory() as folder:
        for path in data.glob("*.db*"):
            shutil.copy(path, folder)
        end = query(Path(folder) / "log.db", "SELECT coalesce(max(first_offset + count), 0) FROM record_batch")
        stored = query(Path(folder) / "message.db", "SELECT coalesce(max(next_offset), 0) FROM log_position")
    return Offsets(end[0][0], stored[0][0])


def query(path: Path, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a statement, which may also change the file."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(statement, values).fetchall()
        connection.commit()
    return rows


def faults_of_files(data: Path) -> list[str]:
    """What SQLite finds wrong with the files, and entries that a conversation's head does not account for."""
    found = []
    for name in DATABASES:
        (verdict,) = query(data / f"{name}.db", "PRAGMA integrity_check")[0]
        if verdict != "ok":
            found.append(f"{name}.db: {verdict}")
    rows = query(
        data / "message.db",
        "SELECT c.conversation_id, c.seq, count(e.seq), max(e.seq) FROM conversation AS c"
        " LEFT JOIN entry AS e ON e.conversation_id = c.conversation_id GROUP BY c.conversation_id",
    )
    found += [
        f"{key} has {count} rows up to {last}, its head is {head}"
        for key, head, count, last in rows
        if not head == count == last
    ]
    return found


def put_back(kept: Path, data: Path) -> None:
    """Puts an older store in the place of the newer one, as a disk that lost its last writes would."""
    for path in data.glob("message.db*"):
        path.unlink()
    shutil.copy(kept, data / "message.db")
