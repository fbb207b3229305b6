"""Accounts, devices and tokens.

Owns db_user and the secrets that sign tokens. Knows nothing of HTTP or sockets: whoever closes connections listens on
`Users.on_logged_out`. Invariant: a token is answered from memory alone, and never again once its session has ended.
"""
