"""Both ends of one connection, without I/O: framing, codec and codes."""
