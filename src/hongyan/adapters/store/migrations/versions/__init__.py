"""A folder a database, a file a revision."""
