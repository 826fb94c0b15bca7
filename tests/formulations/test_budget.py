"""A budget of deviations by duals, written alone into a file that a person can check by hand."""

from __future__ import annotations

import math

import pytest
from support import tiny
from support.golden_parts import cases_of, holds

from serflow_opt.backend.highs import HighsModel
from serflow_opt.formulations.budget import build_budget, dualises
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty


@pytest.mark.parametrize("name", cases_of("budget"))
def test_golden(name: str) -> None:
    """Rows, their duals, and what is minimised are written as they were checked by hand."""
    holds(name)


@pytest.mark.parametrize(
    ("asked", "name", "linear"),
    [
        (Uncertainty(budget=1, times=(0.5, 0.5), prices=(0.2, 0.0), rate=0.5), "cost", True),
        (Uncertainty(budget=1, exits=(0.5, 0.0)), "cost", False),
        (Uncertainty(scenarios=(UncertainCase("slow", 1.0, times=(1.5, 1.0)),)), "cost", False),
        (Uncertainty(budget=1, times=(0.5, 0.5)), "carbon", False),
    ],
)
def test_what_has_duals(asked: Uncertainty, name: Objective, linear: bool) -> None:
    """Times, prices and rates deviate row by row; exits change later stages, scenarios are a list of their own."""
    assert dualises(tiny.two_stages(), asked, name) == linear


@pytest.mark.parametrize(("budget", "most"), [(0, 3.5), (1, 4.5), (2, 5.0), (3, 5.0)])
def test_the_latency_grows_by_the_largest_deviations(budget: int, most: float) -> None:
    """On the VM alone 0.5 s on the way in, then 1 and 2 s, each half as much again at most."""
    built = build_budget(tiny.one_vm(minimize="latency"), Uncertainty(budget=budget, times=(0.5, 0.5)), "latency")
    solved = HighsModel(built.model).solve(gap=0.0, time_limit=math.inf, threads=1, seed=0)
    assert solved.objective * built.unit == pytest.approx(most)
