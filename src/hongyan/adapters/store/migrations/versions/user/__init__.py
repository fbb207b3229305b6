"""The revisions of db_user."""
