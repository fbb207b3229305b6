"""The revisions of db_relation."""
