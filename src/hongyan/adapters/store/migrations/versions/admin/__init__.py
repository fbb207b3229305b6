"""The revisions of db_admin."""
