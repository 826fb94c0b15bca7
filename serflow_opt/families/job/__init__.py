"""Training jobs on functions, on machines, or on one after the other: workers, channel, pattern and algorithm."""
