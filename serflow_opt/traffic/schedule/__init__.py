"""The cheapest schedule of machines over a trace that is known in advance."""
