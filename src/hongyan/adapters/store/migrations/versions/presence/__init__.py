"""The revisions of the log of one machine."""
