"""Golden cases of menus, `formulations/jobs.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.jobs import one_of


@golden("jobs.one_of")
def two_rows() -> Any:
    """120 s for 0.5 USD, or 300 s for 0.25 USD. one_row: y_0 + y_1 = 1. Time and cost, added."""
    m, parts = one_of({"time": [120.0, 300.0], "cost": [0.5, 0.25]})
    m.objective = pyo.Objective(expr=sum(parts.values()))
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in two_rows().component_objects(pyo.Constraint)}
