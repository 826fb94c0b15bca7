"""Placements ruled out by the parts that ruled out others, against each by itself."""

from __future__ import annotations

import numpy as np
from support.random_choices import best_of, drawn, kernel


def test_parts_of_one_placement_rule_out_others_like_it() -> None:
    """All in one group: bounds hold for each placement, and the best plan of all is found whatever came before."""
    for seed in range(12):
        case = drawn(seed)
        count = len(case.stages)
        nodes = kernel(case)
        bounds = np.full(count, -np.inf)
        for _ in range(2):  # parts are kept from call to call
            nodes.close(np.arange(count), bounds, np.zeros(count, np.int64), 100_000)
        least = min(best_of(case, n)[0] for n in range(count))
        best = nodes.found()[0]
        assert best == least or np.isclose(best, least, rtol=1e-9)
        for n in range(count):
            plan = best_of(case, n)[0]
            assert bounds[n] <= max(plan, best) * (1 + 1e-9) or (np.isinf(plan) and np.isinf(bounds[n]))
