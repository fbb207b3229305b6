"""Runs Alembic on one SQLite file. Imported by a short child process, or by tests; see `migrate`."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(database: str) -> Config:
    """Alembic's configuration for a database, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(MIGRATIONS / "versions" / database).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _take_over_transactions(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver would run DDL outside of a transaction; with this, SQLAlchemy's BEGIN is the only one.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def upgrade(path: Path, database: str, revision: str = "head") -> None:
    """Brings a file up to a revision, one transaction each; raises what SQLAlchemy or Alembic raise."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # SQLite gives the files beside it the same rights.
    path.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    event.listen(engine, "connect", _take_over_transactions)
    event.listen(engine, "begin", _begin)
    config = alembic_config(database)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def main(arguments: list[str]) -> None:
    """Takes pairs of a database's name and a path."""
    for database, path in zip(arguments[::2], arguments[1::2], strict=True):
        upgrade(Path(path), database)


if __name__ == "__main__":
    main(sys.argv[1:])
