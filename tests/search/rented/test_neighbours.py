"""Curves of thresholds between neighbours, against linear programs over all pairs of neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from support.threshold_mixes import drawn, least

from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.rented.curves import CurveSearch
from serflow_opt.search.rented.neighbours import NeighbourSearch


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_no_plan_is_better(seed: int) -> None:
    """Within any load the least cost is that of the curves that are kept, to the share that may be missed."""
    loads = drawn(seed)
    exactly, roughly = (NeighbourSearch(loads, 0.3, slack, Deadline()).run() for slack in (1e-9, 0.01))
    for most in np.linspace(0.4, 2.0, 3).tolist():
        best = min(least(loads, n, most, neighbours=True) for n in range(4))
        one, other = (
            min(np.interp(most, [c.x for c in r], [c.y for c in r], left=np.inf) for _, r in runs)
            for runs in (exactly, roughly)
        )
        assert one == pytest.approx(best, rel=1e-7)
        assert other >= best - 1e-7
        if np.isfinite(best):
            assert 0.3 * most + best >= (0.3 * most + other) * 0.99 - 1e-7


def test_it_matters() -> None:
    """On some of these placements more could be mixed for less."""
    apart = 0
    for seed in range(8):
        loads = drawn(seed)
        one, other = (kind(loads, 0.3, 1e-9, Deadline()) for kind in (CurveSearch, NeighbourSearch))
        one.run(), other.run()
        apart += bool((one.frontier.at(other.frontier.x) < other.frontier.y - 1e-6).any())
    assert apart > 1
