"""Migrations of every database, run by `upgrade`. A revision that was released never changes."""
