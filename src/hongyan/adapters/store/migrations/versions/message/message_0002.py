"""What is set for a conversation, and what a member has in it beside rank and positions."""

from alembic import op

revision = "message_0002"
down_revision = "message_0001"

STATEMENTS = (
    "ALTER TABLE member ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE member ADD COLUMN muted_until_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE member ADD COLUMN nickname TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE member ADD COLUMN flags INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE member ADD COLUMN left_name TEXT NOT NULL DEFAULT ''",
    # No group could be renamed before this revision: what it is called now it was called when they left.
    """UPDATE member SET left_name = (SELECT name FROM conversation WHERE conversation_id = member.conversation_id)
        WHERE left_seq > 0""",
    """CREATE TABLE settings (
        conversation_id TEXT NOT NULL PRIMARY KEY, settings BLOB NOT NULL) STRICT, WITHOUT ROWID""",
)


def upgrade() -> None:
    """Adds columns and a table; rows that are there get the defaults, and former members the name of their group."""
    for statement in STATEMENTS:
        op.execute(statement)
