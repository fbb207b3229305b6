"""Composition: configuration becomes adapters, adapters become roles, roles run in one task group."""
