"""The revisions of db_webhook."""
