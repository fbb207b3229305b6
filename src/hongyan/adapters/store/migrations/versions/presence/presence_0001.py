"""The first table of db_presence."""

from alembic import op

revision = "presence_0001"
down_revision = None


def upgrade() -> None:
    """Makes the table."""
    op.execute(
        "CREATE TABLE last_seen (user_id TEXT NOT NULL PRIMARY KEY, seen_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )
