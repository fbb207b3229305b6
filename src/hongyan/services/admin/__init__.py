"""What integrators and moderators own: server keys, bots, filtered words, reports.

Does not know HTTP, nor what an event is. Invariant: the secret of a key is told once and kept nowhere; a key makes no key
that may do more than itself.
"""
