"""Both ends of one connection, without I/O: framing, codecs, and the states a connection goes through.

Owns the bytes of proto/hongyan/v1 and their JSON form. Does not know sockets, time, users or conversations' rules.
Invariant: whatever bytes come in, the answer is frames or one coded error, in bounded time and memory.
"""
