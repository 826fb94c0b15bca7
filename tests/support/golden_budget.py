"""Golden cases of a budget of deviations by duals, `formulations/budget.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support import tiny
from support.golden_parts import golden
from support.golden_uncertainty import one_stage

from serflow_opt.formulations.budget import build_budget
from serflow_opt.problem.uncertainty import Uncertainty


@golden("budget.build_budget")
def half_as_long_again() -> Any:
    """One stage of 1 s on one VM, within 3 s of which the way in takes 0.5; its time may be half as much again.

    A unit of time is 1 s, of the limit 4 of these: worst_latency is 0.5 leave + x + θ + ρ <= 3, over 4. A unit of money
    is 0.5 USD: worst_value is 0.25 leave + u + θ + ρ <= W. One part deviates: θ + ρ >= 0.5 x in the latency (1); 0.5 s
    at 0.5 USD/s are half a unit, so that it is 0.5 u in the cost (2). Each θ and ρ is 0.5 at most.
    """
    asked = Uncertainty(budget=1, times=(0.5,))
    return build_budget(one_stage(latency_slo_s=3.0), asked, "cost").model


def built_names() -> set[str]:
    """Names of the constraints that only a budget has."""
    rented = {"accounting": "reserved", "rate_per_s": 2.0, "latency_slo_s": 4.0, "cost_max_usd": 100.0}
    asked = Uncertainty(budget=1, times=(0.5, 0.3), prices=(0.2, 0.0), rate=0.5)
    built = build_budget(tiny.two_stages(**rented), asked, "cost").model
    names = {own.local_name for own in built.component_objects(pyo.Constraint, descend_into=True)}
    return {name for name in names if name.startswith(("deviation", "worst_"))}
