"""A golden case of time-shifting: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden, minimise

from serflow_opt.formulations.shifting import HourlyMachine, shifting_model


def two_hours() -> tuple[Any, dict[str, Any]]:
    """4 and 2 requests/s, half may wait an hour; machines of 2/s at 3 USD; a function; 0.5 USD a gram."""
    machine = HourlyMachine(2.0, 3.0, 3, (8.0, 1.0), (4.0, 2.0))
    return shifting_model((4.0, 2.0), 0.5, [[1], []], [machine], (0.25, (0.125, 0.0625)), 0.5)


@golden("shifting.shifting_model")
def shifting() -> Any:
    """In units of 4/s: come 1 and 0.5, a machine serves 0.5, at most 0.5 is moved from hour 0 to 1. At most 2 machines
    are needed in hour 0 (1 / 0.5), and 2 in hour 1 ((0.5 + 0.5) / 0.5). Grams n 8 and 1, y 4 / 0.5 = 8 and 2 / 0.5 = 4,
    z 3600 x 4 x 0.125 = 1800 and 900; USD 3 n and 3600 x 4 x 0.25 = 3600 z. Money with carbon at 0.5: n 7 and 3.5,
    y 4 and 2, z 4500 and 4050.
    """
    m, parts = two_hours()
    m.objective = pyo.Objective(expr=0)
    return minimise(m, parts["total"])


def built_names() -> set[str]:
    """Names of the constraints of the model."""
    return {own.local_name for own in two_hours()[0].component_objects(pyo.Constraint)}
