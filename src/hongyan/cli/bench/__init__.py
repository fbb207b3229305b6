"""`hongyan bench`: a load generator over the real wire, and a checker of what it saw.

Owns the clients, the schedules, the histograms, the verdict and the report. It knows the protocol's client side and
how to start a server; it never looks into one. It keeps this: a figure is printed only beside the verdict of the same
run, and all that a client does under load is to note what it saw, so that the generator's cost stays out of the figure.

    plan → server, accounts → fleet ⇄ worker(scenario, clients) → audit, checker → result → report, page
"""
