"""The revisions of db_message."""
