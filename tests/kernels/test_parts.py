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
        for most in (1, 10**6):  # parts are kept from call to call, be it one placement a call
            done = 0
            while done < count:
                here = nodes.close(np.arange(done, count), bounds, np.zeros(count, np.int64), 100_000, most)
                assert 0 < here <= count - done
                done += here
        least = min(best_of(case, n)[0] for n in range(count))
        best = nodes.found()[0]
        assert best == least or np.isclose(best, least, rtol=1e-9)
        for n in range(count):
            plan = best_of(case, n)[0]
            assert bounds[n] <= max(plan, best) * (1 + 1e-9) or (np.isinf(plan) and np.isinf(bounds[n]))
