"""Rows at cases of their own, and the worst-case latency by nominal problems."""

from __future__ import annotations

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.problem.uncertainty import Uncertainty
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.robust.rowwise import RowwiseSearch, covers
from serflow_opt.search.robust.search import RobustSearch

SLOWER = Uncertainty(budget=1, times=(0.5, 0.3))


def test_the_latency_limit_is_kept_by_some_theta() -> None:
    """VM alone: 3.5 s and 0.6 more; hybrid: 0.5 + 1 + 0.5 + 0.5 + 0.25 s and 0.5 more; 4 s leave only the hybrid."""
    plain = tiny.two_stages(latency_slo_s=4.0)
    own = RowwiseSearch(plain, SLOWER, "cost", SearchSettings())
    found = [decision.options for decision, _ in own.best(own.rows_at(own.nothing)) if decision is not None]
    assert found
    assert (0, 0) not in found


def test_a_load_is_taken_at_its_own_worst_case() -> None:
    """Rented: 2 requests a second for 1 + 2 R_2 s at half of the time, R_2 = 0.5: 8 machines; 10 where stage 1 is slow.

    Half leave at the first threshold; 1.5 + 1 s is more than 1 + 1.3 s.
    """
    plain = tiny.one_vm(accounting="reserved", rate_per_s=2.0)
    found = RobustSearch(tiny.one_vm(accounting="reserved", rate_per_s=2.0, uncertainty=SLOWER), SearchSettings()).run()
    assert found.searches
    assert found.proven(1e-6)
    assert found.valued is not None
    assert found.valued.believed.machines[0].count == 10
    assert covers(plain, SLOWER, "cost")


@pytest.mark.parametrize(
    ("asked", "name"),
    [(Uncertainty(budget=1, exits=(0.5, 0.0)), "cost"), (Uncertainty(budget=1, times=(0.5, 0.5)), "accuracy")],
)
def test_what_rows_do_not_cover(asked: Uncertainty, name: str) -> None:
    """Exits change all rows at once."""
    assert not covers(tiny.two_stages(), asked, name)  # type: ignore[arg-type]


def test_a_budget_on_rented_machines_is_proven_without_a_solver() -> None:
    """Two parts of bert12-sst2: 3 machines at 0.17 USD an hour for 20 requests a second, and some functions."""
    instance = so.load(shipped_folder() / "bert12-sst2" / "robust.toml")
    plan = so.solve(instance)
    assert plan.status == "optimal"
    assert plan.certificate.counts["models"] == 0
    assert plan.metrics is not None
    assert [(own.option, own.count) for own in plan.metrics.machines] == [("c6i.xlarge", 3)]
    assert 0 < plan.objective.value - 3 * 0.17 / 3600 / 20 < 3e-7
