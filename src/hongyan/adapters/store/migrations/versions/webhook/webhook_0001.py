"""The first tables of db_webhook."""

from alembic import op

revision = "webhook_0001"
down_revision = None

STATEMENTS = (
    """CREATE TABLE webhook (
        webhook_id TEXT NOT NULL PRIMARY KEY, key_id TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL,
        events TEXT NOT NULL, bot_id TEXT NOT NULL, created_ms INTEGER NOT NULL, previous_secret TEXT NOT NULL,
        previous_until_ms INTEGER NOT NULL, disabled_ms INTEGER NOT NULL, disabled_reason TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE delivery (
        delivery_id INTEGER NOT NULL PRIMARY KEY, webhook_id TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL,
        conversation_id TEXT NOT NULL, seq INTEGER NOT NULL, bot_id TEXT NOT NULL, since_ms INTEGER NOT NULL,
        state INTEGER NOT NULL, attempts INTEGER NOT NULL, tried_ms INTEGER NOT NULL, status INTEGER NOT NULL,
        problem TEXT NOT NULL) STRICT""",
    "CREATE UNIQUE INDEX delivery_event ON delivery (webhook_id, event_id)",
    "CREATE INDEX delivery_state ON delivery (webhook_id, state, delivery_id)",
    "CREATE INDEX delivery_waiting ON delivery (webhook_id, conversation_id, delivery_id) WHERE state = 0",
    """CREATE TABLE lane (
        webhook_id TEXT NOT NULL, conversation_id TEXT NOT NULL, next_ms INTEGER NOT NULL,
        PRIMARY KEY (webhook_id, conversation_id)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX lane_due ON lane (webhook_id, next_ms)",
    "CREATE TABLE reader (partition INTEGER NOT NULL PRIMARY KEY, next_offset INTEGER NOT NULL) STRICT",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
