"""The first tables of db_conversation."""

from alembic import op

revision = "conversation_0001"
down_revision = None

STATEMENTS = (
    """CREATE TABLE item (
        user_id TEXT NOT NULL, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, deleted INTEGER NOT NULL,
        version INTEGER NOT NULL, PRIMARY KEY (user_id, topic, key)) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX item_by_version ON item (user_id, version)",
    """CREATE TABLE shelf (
        user_id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, floor_version INTEGER NOT NULL,
        items INTEGER NOT NULL, size_bytes INTEGER NOT NULL, deletions INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
