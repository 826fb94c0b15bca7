"""What choices of thresholds are worth as plans, against all of them."""

from __future__ import annotations

import numpy as np
from support.random_choices import best_of, drawn, kernel


def test_whole_machines_and_limits_decide_what_counts() -> None:
    """The best plan found keeps all limits with machines rounded up, and is that of all choices."""
    for seed in range(12):
        case = drawn(seed)
        nodes = kernel(case)
        for n in range(len(case.stages)):
            nodes.open(n, -np.inf)
            nodes.run(100_000)
        value, at, levels = nodes.found()
        bests = [best_of(case, n) for n in range(len(case.stages))]
        least = min(own for own, _ in bests)
        assert value == least or abs(value - least) <= 1e-9 * abs(least)
        assert (at >= 0) == np.isfinite(least)
        if at >= 0:
            assert abs(case.worth(at, tuple(levels.tolist())) - value) <= 1e-9 * abs(value)


def test_only_plans_below_the_best_known_count() -> None:
    """A plan that is as good as one known is no better, and none is taken."""
    case = drawn(0)
    least = min(best_of(case, n)[0] for n in range(len(case.stages)))
    nodes = kernel(case, best=least, known=True)
    for n in range(len(case.stages)):
        nodes.open(n, -np.inf)
        nodes.run(100_000)
    assert nodes.found()[:2] == (least, -1)
