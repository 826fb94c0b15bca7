"""Several services under one budget or one pool of machines: column generation with a bound, and an exact choice."""
