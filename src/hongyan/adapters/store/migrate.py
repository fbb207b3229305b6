"""Brings SQLite files to the schema of this code, and refuses what it cannot.

At head this costs one query: neither SQLAlchemy nor Alembic is imported. Otherwise a child process does the work and
goes away with its memory: the two libraries cost 38 MB and a third of a second.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from hongyan.model.errors import SetupError

REVISIONS: dict[str, tuple[str, ...]] = {
    "message": ("message_0001", "message_0002", "message_0003"),
    "user": ("user_0001", "user_0002"),
    "log": ("log_0001",),
    "relation": ("relation_0001",),
    "admin": ("admin_0001",),
    "webhook": ("webhook_0001",),
    "conversation": ("conversation_0001",),
    "presence": ("presence_0001",),
}
"""By database, every revision in order; the last is the head. A test holds it equal to the migrations."""


def database_file(data_dir: Path, database: str) -> Path:
    """Where a database ("message", "user" or "log") lives in a data directory."""
    return data_dir / f"{database}.db"


def revision_of(path: Path, database: str) -> str:
    """The revision a file has; "" when the file is absent or holds nothing yet.

    Raises SetupError when the file is not a database of hongyan's, or one of a newer hongyan.
    """
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            versioned = "alembic_version" in tables
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if versioned else []
    except sqlite3.DatabaseError as error:
        raise SetupError(f"{path} cannot be read as a database ({error}); restore it from a backup.") from error
    if not rows:
        if tables - {"alembic_version"}:
            raise SetupError(f"{path} holds tables that are not hongyan's; choose another data directory.")
        return ""
    revision = str(rows[0][0])
    if revision not in REVISIONS[database]:
        raise SetupError(
            f"{path} was written by a newer hongyan (schema {revision}, this one knows {REVISIONS[database][-1]}); "
            "start that version, or restore the backup made before the upgrade."
        )
    return revision


def migrate(path: Path, database: str, *, in_process: bool = False) -> None:
    """As `migrate_all`, for one file."""
    migrate_all([(path, database)], in_process=in_process)


def migrate_all(files: Sequence[tuple[Path, str]], *, in_process: bool = False) -> None:
    """Brings (path, database) files to head, each revision in one transaction; files are made when absent.

    After an interruption the next call goes on where the last whole revision ended. `in_process` saves a process where
    memory is no concern, as in tests and commands; then the libraries' own errors are raised beside SetupError. After
    an error a file is as its last whole revision left it.
    """
    behind = [(path, database) for path, database in files if revision_of(path, database) != REVISIONS[database][-1]]
    if not behind:
        return
    if in_process:
        from hongyan.adapters.store.upgrade import upgrade  # noqa: PLC0415 - see the module's docstring

        for path, database in behind:
            upgrade(path, database)
        return
    command = [sys.executable, "-m", "hongyan.adapters.store.upgrade"]
    arguments = [argument for path, database in behind for argument in (database, str(path))]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode != 0:
        names = ", ".join(str(path) for path, _ in behind)
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise SetupError(f"{names} could not be brought to this version's schema: {reason}")
