"""Groups of placements: what is proven of all at once is below each plan that a search one by one finds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from support.rented_chains import searches

from serflow_opt import kernels
from serflow_opt.ground.deadline import NEVER
from serflow_opt.search.rented.columns import Columns
from serflow_opt.search.rented.groups import GroupSearch, KnownPlans, beginning_with

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def test_no_plan_is_below_what_is_dropped_and_left(tmp_path: Path) -> None:
    """The least of what all groups drop, and of the best plan met, is at most the optimum."""
    proven = 0
    for search, groups in searches(range(14), tmp_path):
        dropped = math.inf
        weights = np.ones(len(groups.columns.order))
        for n in range(len(groups.types)):
            if groups.groups.begin(n, 0.0, weights):
                groups.groups.run(200)
                groups.groups.leave()
                dropped = min(dropped, groups.groups.proven())
        search.run()
        if search.infeasible and not search.tight:  # groups know nothing of memory that stages share
            assert groups.groups.found()[1] < 0
        if search.tight or search.infeasible:
            continue
        best = groups.groups.found()[0] * groups.unit
        assert best >= search.value * (1 - 1e-9)
        assert min(dropped * groups.unit, best) <= search.value * (1 + 1e-6)
        proven += best <= search.value * (1 + 1e-6)
    assert proven >= 2


def test_known_plans_are_valued_at_once(tmp_path: Path) -> None:
    """Each group's best plan of those that are known is worth no less than the best that was met, and mostly that."""
    compared = 0
    for search, groups in searches(range(14), tmp_path):
        known, every = KnownPlans(), np.arange(len(groups.types))
        held = np.eye(len(search.chain.columns))[0]
        groups.rule_out(held, search.chain.on.any(axis=0), NEVER, known)
        again = GroupSearch(
            Columns(beginning_with(search.chain, known)), search.before, search.most, False, 1e-6, 0.0, 0.0
        )
        values = again.groups.offer_known(every)
        best = groups.groups.found()[0]
        assert values.min() >= best * (1 - 1e-12)
        compared += math.isfinite(best) and values.min() == pytest.approx(best, rel=1e-9)
    assert compared > 2
