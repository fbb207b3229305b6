"""Friend requests, friends and blocks.

Owns db_relation, where requests wait for answers. Does not own who is whose friend: that is the state of the conversation of
the two, and is changed by commands in its log; lists are read from what delivery stored. Invariant: a request that was
accepted ends as a friendship, whatever dies in between.
"""
