"""How long a function is kept after a request, and when it is loaded again before the next."""
