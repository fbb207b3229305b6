"""The first tables of the log of one machine."""

from alembic import op

revision = "log_0001"
down_revision = None

TABLES = (
    """CREATE TABLE record_batch (
        partition INTEGER NOT NULL, first_offset INTEGER NOT NULL, count INTEGER NOT NULL, records BLOB NOT NULL,
        PRIMARY KEY (partition, first_offset)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE log_meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
)


def upgrade() -> None:
    """Makes the tables."""
    for table in TABLES:
        op.execute(table)
