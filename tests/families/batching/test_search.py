"""Groups by dynamic programming against the model."""

from __future__ import annotations

from typing import Any

import pytest
from support.batches import made

import serflow_opt as so
from serflow_opt.families.batching.family import BATCHING
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import SearchSettings


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("arrivals", ["random", "smooth"])
def test_search_and_model_agree(seed: int, arrivals: Any) -> None:
    """Each is the other's witness: dynamic programming over groups, and set partition by HiGHS."""
    problem = made(10 + seed, 4, arrivals, "any" if seed % 2 else "contiguous", straight=seed > 2)
    solution = so.solve(problem)
    found = solve_witnessed(BATCHING, problem, {"cost": 1.0}, SearchSettings())
    assert found.value == pytest.approx(solution.objective.value, rel=1e-6)
    assert found.proven(1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_contiguous_groups_are_no_better_than_any(seed: int) -> None:
    """And both are no dearer than each application alone."""
    some, every = (so.solve(made(30 + seed, 5, groups=groups)).objective.value for groups in ("contiguous", "any"))
    assert every <= some * (1 + 1e-12)
