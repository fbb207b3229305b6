"""What delivery decided, and accounts, on each engine. Invariant: a batch is kept whole with its log position, or not at all."""
