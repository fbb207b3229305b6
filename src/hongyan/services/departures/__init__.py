"""What a user takes along, and how he leaves.

Owns nothing: it reads what the other services have about a user, and asks them to let go of it. Invariant: a deleted account
leaves everything it is in, in whatever order processes die; until then it is among `Users.departing`.
"""
