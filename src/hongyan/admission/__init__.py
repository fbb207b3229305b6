"""Stage 2. Refuses early and cheaply, stamps, appends to the log.

Knows shape, rate and what is plainly wrong; does not decide rights, which hold at the entry's place in the order. What it
lets through delivery may still refuse; what it refuses never was. Invariant: nothing is acknowledged here.
"""
