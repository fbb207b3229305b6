"""Stage 2: admission refuses early and appends; it acknowledges nothing before the log has it."""
