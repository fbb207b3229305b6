"""The first tables of db_admin."""

from alembic import op

revision = "admin_0001"
down_revision = None

STATEMENTS = (
    """CREATE TABLE server_key (
        key_id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL, scopes TEXT NOT NULL,
        created_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE bot (
        bot_id TEXT NOT NULL PRIMARY KEY, key_id TEXT NOT NULL, commands TEXT NOT NULL, created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE word (word TEXT NOT NULL PRIMARY KEY, action TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE report (
        report_id INTEGER NOT NULL PRIMARY KEY, reporter_id TEXT NOT NULL, user_id TEXT NOT NULL,
        conversation_id TEXT NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL,
        evidence BLOB NOT NULL, created_ms INTEGER NOT NULL, resolved_ms INTEGER NOT NULL, resolution TEXT NOT NULL
    ) STRICT""",
    "CREATE UNIQUE INDEX report_of_one ON report (reporter_id, user_id, conversation_id, seq)",
    "CREATE INDEX report_open ON report (report_id) WHERE resolved_ms = 0",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
