"""Who is there, who was when, and who hears of it.

Owns leases and db_presence. Knows no connections: a gateway says who came and who left. Invariants: nobody is told of a
user whom he may not see, and somebody who is back within the grace was never gone.
"""
