"""Plans of clusters read back from documents."""

from __future__ import annotations

import pytest
from support.random_cluster import made

import serflow_opt as so
from serflow_opt.families.cluster.family import CLUSTER


@pytest.mark.parametrize("seed", range(2))
def test_a_plan_is_read_back_from_its_document(seed: int) -> None:
    """What is decided stands in the document whole: it comes to the same values."""
    problem = next(own for own in (made(300 + 20 * seed + n) for n in range(20)) if so.solve(own).plan)
    solution = so.solve(problem)
    again = CLUSTER.evaluate(problem, CLUSTER.decision_of(problem, solution.plan))
    assert not again.breaches
    assert [again.values[own.name] for own in solution.metrics] == pytest.approx(
        [own.value for own in solution.metrics]
    )
