"""The first tables of db_user."""

from alembic import op

revision = "user_0001"
down_revision = None

STATEMENTS = (
    """CREATE TABLE user (
        user_id TEXT NOT NULL PRIMARY KEY, password_hash TEXT NOT NULL, created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE session (
        session_id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, device_id TEXT NOT NULL, device_name TEXT NOT NULL,
        created_ms INTEGER NOT NULL, refreshed_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
        generation INTEGER NOT NULL, nonce BLOB NOT NULL, revoked_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX session_by_user ON session (user_id, device_id)",
    "CREATE UNIQUE INDEX session_live_device ON session (user_id, device_id) WHERE revoked_ms = 0",
    "CREATE INDEX session_revoked ON session (revoked_ms) WHERE revoked_ms > 0",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
