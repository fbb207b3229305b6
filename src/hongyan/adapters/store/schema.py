"""Every table, once: one MetaData a database. What changes here changes by a migration; a test holds the two equal.

Columns are never NULL: a row is a record, and records say 0 or "". Integers have 64 bits; SQLite tables are STRICT.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.types import TypeEngine

AnyColumn = Column[str] | Column[int] | Column[bytes]
_INTEGER: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")

MESSAGE = MetaData()
USER = MetaData()
LOG = MetaData()

DATABASES: dict[str, MetaData] = {"message": MESSAGE, "user": USER, "log": LOG}


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _integers(*names: str) -> list[Column[int]]:
    return [Column(name, _INTEGER, nullable=False, autoincrement=False) for name in names]


def _blob(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _table(metadata: MetaData, name: str, columns: Sequence[AnyColumn], key: str) -> Table:
    """A table clustered by its key, which is one column or more; one integer alone is SQLite's row id."""
    key_names = key.split()
    for column in columns:
        column.primary_key = column.name in key_names
    is_row_id = len(key_names) == 1 and any(column.name == key and column.type is _INTEGER for column in columns)
    return Table(name, metadata, *columns, sqlite_strict=True, sqlite_with_rowid=is_row_id)


# ---- db_message: what conversations show, and what delivery decided

entry = _table(
    MESSAGE,
    "entry",
    [
        *_texts("conversation_id"),
        *_integers("seq", "message_id"),
        *_texts("sender_id", "client_msg_id"),
        *_integers("time_ms", "countable", "kind", "recalled"),
        _blob("encoded"),
    ],
    key="conversation_id seq",
)
submission = _table(
    MESSAGE,
    "submission",
    [
        *_texts("conversation_id", "sender_id", "client_msg_id"),
        *_integers("seq", "message_id", "time_ms", "countable", "digest"),
    ],
    key="conversation_id sender_id client_msg_id",
)
conversation = _table(
    MESSAGE,
    "conversation",
    [*_texts("conversation_id"), *_integers("seq", "countable", "time_ms", "offset"), *_texts("name")],
    key="conversation_id",
)
member = _table(
    MESSAGE,
    "member",
    [
        *_texts("conversation_id", "user_id"),
        *_integers("role", "joined_seq", "left_seq", "read_seq", "read_countable", "delivered_seq"),
    ],
    key="conversation_id user_id",
)
membership = _table(MESSAGE, "membership", _texts("user_id", "conversation_id"), key="user_id conversation_id")
log_position = _table(MESSAGE, "log_position", _integers("partition", "next_offset"), key="partition")
dead_letter = _table(
    MESSAGE,
    "dead_letter",
    [*_integers("partition", "offset", "time_ms"), *_texts("reason"), _blob("record")],
    key="partition offset",
)

# ---- db_user: accounts and sessions

user = _table(USER, "user", [*_texts("user_id", "password_hash"), *_integers("created_ms")], key="user_id")
session = _table(
    USER,
    "session",
    [
        *_texts("session_id", "user_id", "device_id", "device_name"),
        *_integers("created_ms", "refreshed_ms", "expires_ms", "generation"),
        _blob("nonce"),
        *_integers("revoked_ms"),
    ],
    key="session_id",
)
Index("session_by_user", session.c.user_id, session.c.device_id)
Index(
    "session_live_device",
    session.c.user_id,
    session.c.device_id,
    unique=True,
    sqlite_where=text("revoked_ms = 0"),
)
Index("session_revoked", session.c.revoked_ms, sqlite_where=text("revoked_ms > 0"))

# ---- the log of one machine

record_batch = _table(
    LOG,
    "record_batch",
    [*_integers("partition", "first_offset", "count"), _blob("records")],
    key="partition first_offset",
)
log_meta = _table(LOG, "log_meta", _texts("key", "value"), key="key")
