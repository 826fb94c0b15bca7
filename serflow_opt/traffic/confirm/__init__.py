"""Whether a service keeps its latency under steady traffic, found by simulation until the odds decide."""
