"""The loop of model and witness, against searches of their own."""

from __future__ import annotations

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.families.placement import PLACEMENT
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import SearchSettings


@pytest.mark.parametrize("minimize", ["cost", "latency"])
def test_the_generic_loop_agrees_with_the_search_of_placements(minimize: str) -> None:
    """By model, decoding and witness alone, and by the search of its own."""
    instance = tiny.two_stages(minimize=minimize, accuracy_min=0.9)
    plan = so.solve(instance)
    found = solve_witnessed(PLACEMENT, instance, {minimize: 1.0}, SearchSettings())
    own = next(q for q in PLACEMENT.quantities if q.name == minimize)
    assert found.value * own.shown == pytest.approx(plan.objective.value, rel=1e-6)
    assert found.proven(1e-6)
