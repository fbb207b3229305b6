"""One tree of frozen records: each key with its default, unit and sentence; the manual is printed from it."""
