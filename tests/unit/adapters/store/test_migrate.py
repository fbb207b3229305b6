"""Databases are brought to this code's schema whole, once, and never backwards."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event

from hongyan.adapters.store.migrate import REVISIONS, database_file, migrate, migrate_all, revision_of
from hongyan.adapters.store.schema import DATABASES
from hongyan.adapters.store.upgrade import alembic_config, upgrade
from hongyan.model.errors import SetupError

NAMES = pytest.mark.parametrize("database", sorted(DATABASES))


def shape_of(path: Path) -> dict[str, Any]:
    """Tables with their columns, options and indexes, but without the text they were declared in."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            row for row in connection.execute("PRAGMA table_list") if not row[1].startswith(("sqlite_", "alembic_"))
        ]
        return {
            name: {
                "options": (kind, without_rowid, strict),
                "columns": connection.execute(f"PRAGMA table_xinfo({name})").fetchall(),
                "indexes": {
                    row[1:]: connection.execute(f"PRAGMA index_xinfo({row[1]})").fetchall()
                    for row in connection.execute(f"PRAGMA index_list({name})")
                },
            }
            for _, name, kind, _, without_rowid, strict in tables
        }


@NAMES
def test_a_migrated_database_is_the_declared_schema(tmp_path: Path, database: str) -> None:
    migrate(tmp_path / "migrated.db", database, in_process=True)
    engine = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    DATABASES[database].create_all(engine)
    engine.dispose()
    shape = shape_of(tmp_path / "migrated.db")
    assert shape
    assert shape == shape_of(tmp_path / "declared.db")
    assert all(options["options"][2] == 1 for options in shape.values()), "every table is STRICT"


@NAMES
def test_the_known_revisions_are_the_migrations(database: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config(database)).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == REVISIONS[database]


def test_repeating_it_changes_nothing_and_imports_neither_alembic_nor_sqlalchemy(tmp_path: Path) -> None:
    files = [(database_file(tmp_path / "data", database), database) for database in REVISIONS]
    migrate_all(files)
    before = [path.read_bytes() for path, _ in files]
    pairs = [(str(path), database) for path, database in files]
    code = (
        "import sys; from pathlib import Path; from hongyan.adapters.store.migrate import migrate\n"
        f"for path, database in {pairs!r}: migrate(Path(path), database)\n"
        "sys.exit(any(name in sys.modules for name in ('alembic', 'sqlalchemy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert [path.read_bytes() for path, _ in files] == before


def test_a_newer_schema_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "message.db"
    migrate(path, "message", in_process=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'message_9999'")
        connection.commit()
    with pytest.raises(SetupError, match=r"newer hongyan \(schema message_9999, this one knows message_\d+\)"):
        migrate(path, "message")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "message.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    with pytest.raises(SetupError, match="not hongyan's"):
        migrate(path, "message")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "message.db"
    path.write_bytes(b"dear diary, " * 100)
    with pytest.raises(SetupError, match="cannot be read as a database"):
        migrate(path, "message")


def test_what_the_child_process_cannot_do_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"could not be brought to this version's schema: .*file"):
        migrate(tmp_path / "file" / "message.db", "message")


class Interrupted(BaseException):
    """Stands for a process that dies."""


@NAMES
def test_an_interrupted_migration_leaves_nothing_half_done_and_resumes(tmp_path: Path, database: str) -> None:
    migrate(tmp_path / "whole.db", database, in_process=True)
    whole = shape_of(tmp_path / "whole.db")
    steps: list[dict[str, Any]] = [{}]
    for revision in REVISIONS[database]:
        upgrade(tmp_path / "steps.db", database, revision)
        steps.append(shape_of(tmp_path / "steps.db"))
    allowed = 0
    statements = 0

    def die_at_the_limit(*_arguments: object) -> None:
        nonlocal statements
        statements += 1
        if statements > allowed:
            raise Interrupted

    event.listen(Engine, "before_cursor_execute", die_at_the_limit)
    try:
        while True:
            path = tmp_path / f"{allowed}.db"
            statements = 0
            try:
                upgrade(path, database)
                break
            except Interrupted:
                assert shape_of(path) in steps, f"half a revision stayed after statement {allowed}"
            statements = -1_000
            migrate(path, database, in_process=True)
            assert shape_of(path) == whole
            allowed += 1
    finally:
        event.remove(Engine, "before_cursor_execute", die_at_the_limit)
    assert allowed > len(whole), "the loop interrupted every statement"


def test_a_migration_killed_in_the_middle_resumes(tmp_path: Path) -> None:
    path = tmp_path / "message.db"
    code = (
        "import os, sys; from pathlib import Path; from sqlalchemy import Engine, event\n"
        "from hongyan.adapters.store.upgrade import upgrade\n"
        "def die(c, cursor, statement, *rest):\n"
        "    if 'CREATE TABLE member ' in statement: os.kill(os.getpid(), 9)\n"
        "event.listen(Engine, 'before_cursor_execute', die)\n"
        f"upgrade(Path({str(path)!r}), 'message')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert revision_of(path, "message") == ""
    migrate(path, "message")
    assert revision_of(path, "message") == REVISIONS["message"][-1]
    assert len(shape_of(path)) == len(DATABASES["message"].tables)


def test_who_left_before_his_group_could_be_renamed_has_the_name_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "message.db"
    upgrade(path, "message", "message_0001")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO conversation VALUES ('g:books', 4, 2, 1000, 7, '读书会')")
        connection.execute("INSERT INTO member VALUES ('g:books', 'alice', 3, 1, 0, 4, 2, 4)")
        connection.execute("INSERT INTO member VALUES ('g:books', 'carol', 1, 1, 2, 2, 1, 2)")
        connection.commit()
    migrate(path, "message", in_process=True)
    with closing(sqlite3.connect(path)) as connection:
        names = dict(connection.execute("SELECT user_id, left_name FROM member"))
    assert names == {"alice": "", "carol": "读书会"}
