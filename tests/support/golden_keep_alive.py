"""Golden cases of keep-alive windows, `formulations/keep_alive.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.keep_alive import End, window


@golden("keep_alive.window")
def two_idle_times() -> Any:
    """Half of the idle times are 1 s, half 2 s. Openings 0, 1, 2 s: E[min(g, p)] = 0, 1, 1.5; missed before 0, 0, 1/2.
    Ends 0, 1, 2 s: missed after 1, 1/2, 0. Idle time and cold starts, added.
    in_order: an opening at 1 s has an end at 1 or 2 s, one at 2 s at 2 s.
    """
    times = [(0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (2.0, 1.5, 0.5)]
    ends = [(0.0, 0.0, 1.0), (1.0, 1.0, 0.5), (2.0, 1.5, 0.0)]
    m, quantities = window([End(*own) for own in times], [End(*own) for own in ends])
    m.objective = pyo.Objective(expr=quantities["idle"] + quantities["cold"])
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in two_idle_times().component_objects(pyo.Constraint)}
