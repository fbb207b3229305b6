"""`hongyan doctor`: looks at a machine and a configuration before, or beside, a server, and names the cure of what it finds.

Owns: what is looked at, and the sentences. Does not know: how a server runs; it opens none of its databases and changes
nothing but one file of its own in the data directory, which it removes.
"""
