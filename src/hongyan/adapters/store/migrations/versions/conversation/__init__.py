"""The revisions of db_conversation."""
