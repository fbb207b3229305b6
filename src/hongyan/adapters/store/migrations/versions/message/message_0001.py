"""The first tables of db_message."""

from alembic import op

revision = "message_0001"
down_revision = None

TABLES = (
    """CREATE TABLE entry (
        conversation_id TEXT NOT NULL, seq INTEGER NOT NULL, message_id INTEGER NOT NULL, sender_id TEXT NOT NULL,
        client_msg_id TEXT NOT NULL, time_ms INTEGER NOT NULL, countable INTEGER NOT NULL, kind INTEGER NOT NULL,
        recalled INTEGER NOT NULL, encoded BLOB NOT NULL, PRIMARY KEY (conversation_id, seq)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE submission (
        conversation_id TEXT NOT NULL, sender_id TEXT NOT NULL, client_msg_id TEXT NOT NULL, seq INTEGER NOT NULL,
        message_id INTEGER NOT NULL, time_ms INTEGER NOT NULL, countable INTEGER NOT NULL, digest INTEGER NOT NULL,
        PRIMARY KEY (conversation_id, sender_id, client_msg_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE conversation (
        conversation_id TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, countable INTEGER NOT NULL,
        time_ms INTEGER NOT NULL, "offset" INTEGER NOT NULL, name TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE member (
        conversation_id TEXT NOT NULL, user_id TEXT NOT NULL, role INTEGER NOT NULL, joined_seq INTEGER NOT NULL,
        left_seq INTEGER NOT NULL, read_seq INTEGER NOT NULL, read_countable INTEGER NOT NULL,
        delivered_seq INTEGER NOT NULL, PRIMARY KEY (conversation_id, user_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE membership (
        user_id TEXT NOT NULL, conversation_id TEXT NOT NULL, left_offset INTEGER NOT NULL,
        PRIMARY KEY (user_id, conversation_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE log_position (
        partition INTEGER NOT NULL PRIMARY KEY, next_offset INTEGER NOT NULL) STRICT""",
    """CREATE TABLE dead_letter (
        partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, time_ms INTEGER NOT NULL, reason TEXT NOT NULL,
        record BLOB NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID""",
)


def upgrade() -> None:
    """Makes the tables."""
    for table in TABLES:
        op.execute(table)
