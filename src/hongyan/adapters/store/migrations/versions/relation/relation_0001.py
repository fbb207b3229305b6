"""The first table of db_relation."""

from alembic import op

revision = "relation_0001"
down_revision = None

STATEMENTS = (
    """CREATE TABLE request (
        request_id TEXT NOT NULL PRIMARY KEY, from_user_id TEXT NOT NULL, to_user_id TEXT NOT NULL, note TEXT NOT NULL,
        source TEXT NOT NULL, state INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
        answered_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX request_pending ON request (from_user_id, to_user_id) WHERE state = 1",
    "CREATE INDEX request_of ON request (from_user_id, created_ms)",
    "CREATE INDEX request_to ON request (to_user_id, created_ms)",
    "CREATE INDEX request_accepted ON request (request_id) WHERE state = 2",
)


def upgrade() -> None:
    """Makes the table."""
    for statement in STATEMENTS:
        op.execute(statement)
