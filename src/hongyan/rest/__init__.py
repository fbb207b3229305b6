"""The HTTP edge: routes, one authentication, one map of errors; it translates and holds no rules."""
