"""`hongyan chat`: two people in two terminals, or a pipe and a person.

Owns: what a person types and sees. `typed` and `words` are pure, `session` joins them to a `Client` of the SDK, and a
`Screen` is either a terminal or plain lines. Does not know: the protocol; the SDK alone speaks with the server.
Keeps: whatever others wrote passes `text.clean` before it reaches a screen, so nobody can steer another's terminal.
"""
