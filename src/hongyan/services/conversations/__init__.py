"""What a user sees of conversations: the list since a cursor, entries both ways, members, positions.

Reads the hot head first and the store below it, so what was pushed is found even before it is stored. Never writes.
Invariant: nobody is shown an entry outside of his membership's interval, and a range has no silent holes.
"""
