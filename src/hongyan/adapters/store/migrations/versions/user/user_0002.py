"""Profiles, privacy settings, platforms of sessions, and accounts that were deleted."""

from alembic import op

revision = "user_0002"
down_revision = "user_0001"

STATEMENTS = (
    "ALTER TABLE user ADD COLUMN deleted_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE user ADD COLUMN departing INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN platform TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE profile (
        user_id TEXT NOT NULL PRIMARY KEY, handle TEXT NOT NULL, handle_key TEXT NOT NULL, name TEXT NOT NULL,
        avatar TEXT NOT NULL, bio TEXT NOT NULL, updated_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE privacy (
        user_id TEXT NOT NULL PRIMARY KEY, by_handle INTEGER NOT NULL,
        strangers INTEGER NOT NULL, details INTEGER NOT NULL, last_seen INTEGER NOT NULL,
        invitations INTEGER NOT NULL, updated_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX user_departing ON user (deleted_ms) WHERE departing = 1",
    "CREATE UNIQUE INDEX profile_handle ON profile (handle_key) WHERE handle_key <> ''",
    "CREATE INDEX privacy_strangers ON privacy (user_id) WHERE strangers > 0",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
