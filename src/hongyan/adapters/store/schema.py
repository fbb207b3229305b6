"""Every table, once: one MetaData a database. What changes here changes by a migration; a test holds the two equal.

Columns are never NULL: a row is a record, and records say 0 or "". Integers have 64 bits; SQLite tables are STRICT.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

INTEGER = BigInteger().with_variant(Integer(), "sqlite")  # allow import-effect: makes a type of two types

MESSAGE = MetaData()
USER = MetaData()
LOG = MetaData()
ADMIN = MetaData()
RELATION = MetaData()
WEBHOOK = MetaData()
CONVERSATION = MetaData()
PRESENCE = MetaData()
DATABASES = {
    "message": MESSAGE,
    "user": USER,
    "log": LOG,
    "relation": RELATION,
    "admin": ADMIN,
    "webhook": WEBHOOK,
    "conversation": CONVERSATION,
    "presence": PRESENCE,
}

# The database db_message keeps what conversations show, and what delivery decided.

entry = Table(
    "entry",
    MESSAGE,
    Column("conversation_id", Text, primary_key=True),
    Column("seq", INTEGER, primary_key=True),
    Column("message_id", INTEGER, nullable=False),
    Column("sender_id", Text, nullable=False),
    Column("client_msg_id", Text, nullable=False),
    Column("time_ms", INTEGER, nullable=False),
    Column("countable", INTEGER, nullable=False),
    Column("kind", INTEGER, nullable=False),
    Column("recalled", INTEGER, nullable=False),
    Column("encoded", LargeBinary, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

submission = Table(
    "submission",
    MESSAGE,
    Column("conversation_id", Text, primary_key=True),
    Column("sender_id", Text, primary_key=True),
    Column("client_msg_id", Text, primary_key=True),
    Column("seq", INTEGER, nullable=False),
    Column("message_id", INTEGER, nullable=False),
    Column("time_ms", INTEGER, nullable=False),
    Column("countable", INTEGER, nullable=False),
    Column("digest", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

conversation = Table(
    "conversation",
    MESSAGE,
    Column("conversation_id", Text, primary_key=True),
    Column("seq", INTEGER, nullable=False),
    Column("countable", INTEGER, nullable=False),
    Column("time_ms", INTEGER, nullable=False),
    Column("offset", INTEGER, nullable=False),
    Column("name", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

member = Table(
    "member",
    MESSAGE,
    Column("conversation_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("role", INTEGER, nullable=False),
    Column("joined_seq", INTEGER, nullable=False),
    Column("left_seq", INTEGER, nullable=False),
    Column("read_seq", INTEGER, nullable=False),
    Column("read_countable", INTEGER, nullable=False),
    Column("delivered_seq", INTEGER, nullable=False),
    Column("first_seq", INTEGER, nullable=False, server_default=text("0")),
    Column("muted_until_ms", INTEGER, nullable=False, server_default=text("0")),
    Column("nickname", Text, nullable=False, server_default=text("''")),
    Column("flags", INTEGER, nullable=False, server_default=text("0")),
    Column("left_name", Text, nullable=False, server_default=text("''")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("member_flags", member.c.user_id, member.c.conversation_id, sqlite_where=text("flags > 0"))

membership = Table(
    "membership",
    MESSAGE,
    Column("user_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("left_offset", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

settings = Table(
    "settings",
    MESSAGE,
    Column("conversation_id", Text, primary_key=True),
    Column("settings", LargeBinary, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

log_position = Table(
    "log_position",
    MESSAGE,
    Column("partition", INTEGER, primary_key=True),
    Column("next_offset", INTEGER, nullable=False),
    sqlite_strict=True,
)

dead_letter = Table(
    "dead_letter",
    MESSAGE,
    Column("partition", INTEGER, primary_key=True),
    Column("offset", INTEGER, primary_key=True),
    Column("time_ms", INTEGER, nullable=False),
    Column("reason", Text, nullable=False),
    Column("record", LargeBinary, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# The database db_user keeps accounts and sessions.

user = Table(
    "user",
    USER,
    Column("user_id", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    Column("deleted_ms", INTEGER, nullable=False, server_default=text("0")),
    Column("departing", INTEGER, nullable=False, server_default=text("0")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("user_departing", user.c.deleted_ms, sqlite_where=text("departing = 1"))

session = Table(
    "session",
    USER,
    Column("session_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("device_name", Text, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    Column("refreshed_ms", INTEGER, nullable=False),
    Column("expires_ms", INTEGER, nullable=False),
    Column("generation", INTEGER, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("revoked_ms", INTEGER, nullable=False),
    Column("platform", Text, nullable=False, server_default=text("''")),
    sqlite_strict=True,
    sqlite_with_rowid=False,
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

profile = Table(
    "profile",
    USER,
    Column("user_id", Text, primary_key=True),
    Column("handle", Text, nullable=False),
    Column("handle_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("avatar", Text, nullable=False),
    Column("bio", Text, nullable=False),
    Column("updated_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("profile_handle", profile.c.handle_key, unique=True, sqlite_where=text("handle_key <> ''"))

privacy = Table(
    "privacy",
    USER,
    Column("user_id", Text, primary_key=True),
    Column("by_handle", INTEGER, nullable=False),
    Column("strangers", INTEGER, nullable=False),
    Column("details", INTEGER, nullable=False),
    Column("last_seen", INTEGER, nullable=False),
    Column("invitations", INTEGER, nullable=False),
    Column("updated_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("privacy_strangers", privacy.c.user_id, sqlite_where=text("strangers > 0"))

# The database db_relation keeps friend requests; who is whose friend is db_message's.

request = Table(
    "request",
    RELATION,
    Column("request_id", Text, primary_key=True),
    Column("from_user_id", Text, nullable=False),
    Column("to_user_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", INTEGER, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    Column("expires_ms", INTEGER, nullable=False),
    Column("answered_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("request_pending", request.c.from_user_id, request.c.to_user_id, unique=True, sqlite_where=text("state = 1"))
Index("request_of", request.c.from_user_id, request.c.created_ms)
Index("request_to", request.c.to_user_id, request.c.created_ms)
Index("request_accepted", request.c.request_id, sqlite_where=text("state = 2"))

# The log of one machine.

record_batch = Table(
    "record_batch",
    LOG,
    Column("partition", INTEGER, primary_key=True),
    Column("first_offset", INTEGER, primary_key=True),
    Column("count", INTEGER, nullable=False),
    Column("records", LargeBinary, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

log_meta = Table(
    "log_meta",
    LOG,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# The database db_admin keeps what integrators and moderators own.

server_key = Table(
    "server_key",
    ADMIN,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    Column("revoked_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

bot = Table(
    "bot",
    ADMIN,
    Column("bot_id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("commands", Text, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

word = Table(
    "word",
    ADMIN,
    Column("word", Text, primary_key=True),
    Column("action", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

report = Table(
    "report",
    ADMIN,
    Column("report_id", INTEGER, primary_key=True),
    Column("reporter_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("seq", INTEGER, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    Column("resolved_ms", INTEGER, nullable=False),
    Column("resolution", Text, nullable=False),
    sqlite_strict=True,
)
Index(
    "report_of_one",
    report.c.reporter_id,
    report.c.user_id,
    report.c.conversation_id,
    report.c.seq,
    unique=True,
)
Index("report_open", report.c.report_id, sqlite_where=text("resolved_ms = 0"))

# The database db_webhook keeps webhooks and their outbox.

webhook = Table(
    "webhook",
    WEBHOOK,
    Column("webhook_id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("bot_id", Text, nullable=False),
    Column("created_ms", INTEGER, nullable=False),
    Column("previous_secret", Text, nullable=False),
    Column("previous_until_ms", INTEGER, nullable=False),
    Column("disabled_ms", INTEGER, nullable=False),
    Column("disabled_reason", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

delivery = Table(
    "delivery",
    WEBHOOK,
    Column("delivery_id", INTEGER, primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("seq", INTEGER, nullable=False),
    Column("bot_id", Text, nullable=False),
    Column("since_ms", INTEGER, nullable=False),
    Column("state", INTEGER, nullable=False),
    Column("attempts", INTEGER, nullable=False),
    Column("tried_ms", INTEGER, nullable=False),
    Column("status", INTEGER, nullable=False),
    Column("problem", Text, nullable=False),
    sqlite_strict=True,
)
Index("delivery_event", delivery.c.webhook_id, delivery.c.event_id, unique=True)
Index("delivery_state", delivery.c.webhook_id, delivery.c.state, delivery.c.delivery_id)
Index(
    "delivery_waiting",
    delivery.c.webhook_id,
    delivery.c.conversation_id,
    delivery.c.delivery_id,
    sqlite_where=text("state = 0"),
)

lane = Table(
    "lane",
    WEBHOOK,
    Column("webhook_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("next_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
Index("lane_due", lane.c.webhook_id, lane.c.next_ms)

reader = Table(
    "reader",
    WEBHOOK,
    Column("partition", INTEGER, primary_key=True),
    Column("next_offset", INTEGER, nullable=False),
    sqlite_strict=True,
)

# The database db_conversation keeps what users keep for themselves.

item = Table(
    "item",
    CONVERSATION,
    Column("user_id", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("deleted", INTEGER, nullable=False),
    Column("version", INTEGER, nullable=False),
    Index("item_by_version", "user_id", "version", unique=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

shelf = Table(
    "shelf",
    CONVERSATION,
    Column("user_id", Text, primary_key=True),
    Column("version", INTEGER, nullable=False),
    Column("floor_version", INTEGER, nullable=False),
    Column("items", INTEGER, nullable=False),
    Column("size_bytes", INTEGER, nullable=False),
    Column("deletions", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# The database db_presence keeps when users were there last.

last_seen = Table(
    "last_seen",
    PRESENCE,
    Column("user_id", Text, primary_key=True),
    Column("seen_ms", INTEGER, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
