"""Adapters of the state port: what can be rebuilt."""
