"""Golden cases of task graphs, `formulations/blocked.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.blocked import fluid, shortest


@golden("blocked.shortest")
def three_tasks() -> Any:
    """Tasks of 2, 3 and 4 s, the last behind the first, on two workers, 9 s at most. done: task 0 by worker 0, others
    by either. after_it: s_0 + 2 <= s_2. in_order and one_at_once for the pairs 0, 1 and 1, 2, both ways.
    """
    return shortest([2.0, 3.0, 4.0], [(0, 2)], 2, 9.0)


@golden("blocked.fluid")
def two_periods() -> Any:
    """Two periods of 5 s, a start of 2 s, three workers at most: of 12 s of work at most 8 and at least 3 by the end of
    the first. by_workers: C_0 <= 5 P_0, C_1 - C_0 <= 5 P_1. starting: P_0 <= U_0, P_1 - P_0 <= U_1.
    """
    return fluid([8.0, 12.0], [3.0, 12.0], 5.0, 2.0, 3.0)


def built_names() -> set[str]:
    """Names of the constraints."""
    models = (three_tasks(), two_periods())
    return {own.local_name for model in models for own in model.component_objects(pyo.Constraint)}
