"""Jobs and workflows run by one verb: what stays as stated, what scatters, and what is refused."""

from __future__ import annotations

import pytest

import serflow_opt as so
from serflow_opt.families.events.stepped import simulate


@pytest.mark.parametrize("name", ["higgs-lr", "criteo-workflow"])
def test_fixed_times_take_one_run_that_keeps_what_the_plan_promises(name: str) -> None:
    """Seconds and USD as promised, and every part of the plan as long as it says."""
    found = simulate(so.load(name))
    assert found.runs == 1
    for own in (*found.figures, *found.parts):
        assert own.simulated == pytest.approx(own.planned, rel=1e-6), own.name


def test_starts_stay_as_stated_where_all_else_scatters() -> None:
    """Of a job the path begins with the start, whose seconds are the plan's in every run; rounds take others."""
    found = simulate(so.load("higgs-lr"), times="lognormal", cv=0.3, runs=3, seed=1)
    parts = {own.name: own for own in found.parts}
    assert (found.runs, parts["start"].simulated) == (3, pytest.approx(parts["start"].planned, rel=1e-12))
    assert parts["compute"].simulated > parts["compute"].planned


def test_arguments_that_are_none_are_told_before_anything_is_run() -> None:
    """No runs, and a law there is not."""
    problem = so.load("criteo-workflow")
    for given in ({"runs": 0}, {"times": "normal"}):
        with pytest.raises(so.InputError):
            simulate(problem, so.solve(problem), **given)
