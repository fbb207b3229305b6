"""The vocabulary as frozen records, and the pure rules.

Owns what a conversation is: its commands, its entries, who may do what, and how one record turns into the next state.
Does not know the wire, a database, a clock or the network. Invariant: everything here is a function of its arguments,
so the same log gives the same entries with the same numbers on every machine, today and at a replay.
"""
