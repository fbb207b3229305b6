"""Stage 4. Owns partitions: decides, numbers, answers, pushes, persists.

Knows the log, the store and the hot head; does not know sockets, tokens or the wire beyond the bytes of an entry.
Invariant: what it does is a function of the log, so after a crash at any point the same records get the same numbers;
the position moves only with the effects, in one transaction.
"""
