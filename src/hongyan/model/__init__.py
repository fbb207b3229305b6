"""The vocabulary as frozen records, and the pure rules over them: nothing here does I/O or reads a clock."""
