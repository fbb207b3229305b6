"""Calls integrators over HTTP, and nobody else: an address inside the operator's own network is refused."""
