"""The asyncio client of hongyan: one connection, resumed when it breaks, over the shared protocol core.

Owns: the socket, reconnecting with backoff, and a device's local copy of its conversations.
Does not know: anything of the server beyond `hongyan.model` and `hongyan.protocol`.
"""

__version__ = "0.1.0"
