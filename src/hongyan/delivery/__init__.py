"""Stage 4: delivery owns partitions of the log; it decides, numbers, pushes and persists."""
