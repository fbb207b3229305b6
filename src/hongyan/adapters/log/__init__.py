"""The durable log on each engine. Invariant: a record can be read only after it would survive a power cut."""
