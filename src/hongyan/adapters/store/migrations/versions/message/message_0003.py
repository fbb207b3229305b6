"""Who is whose friend, and who blocks whom, by user."""

from alembic import op

revision = "message_0003"
down_revision = "message_0002"

STATEMENTS = ("CREATE INDEX member_flags ON member (user_id, conversation_id) WHERE flags > 0",)


def upgrade() -> None:
    """Makes the index: a member row with a flag is rare."""
    for statement in STATEMENTS:
        op.execute(statement)
