"""What is set for a conversation, and what a member has in it beside rank and positions."""

from alembic import op

revision = "message_0002"
down_revision = "message_0001"

STATEMENTS = (
    "ALTER TABLE member ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE member ADD COLUMN muted_until_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE member ADD COLUMN nickname TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE member ADD COLUMN flags INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE settings (
        conversation_id TEXT NOT NULL PRIMARY KEY, settings BLOB NOT NULL) STRICT, WITHOUT ROWID""",
)


def upgrade() -> None:
    """Adds columns and a table; rows that are there get the defaults."""
    for statement in STATEMENTS:
        op.execute(statement)
