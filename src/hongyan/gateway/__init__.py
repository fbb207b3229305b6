"""Stages 1 and 5. Owns sockets: WebSocket and raw TCP, one protocol.

Knows connections, their codec and who is behind them; does not know conversations, rights or storage. It hands commands to
the callables it was given and writes what comes down. Invariant: a route is registered before the connection syncs, and
no connection holds more memory than its bounds: a slow one is closed with a code that lets it resume.
"""
