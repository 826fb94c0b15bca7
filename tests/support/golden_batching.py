"""Golden cases of groups that share batches, `formulations/batching.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.batching import GroupColumn, partition


@golden("batching.partition")
def three_columns() -> Any:
    """Applications 0 and 1: each alone, promised 0.5 and 1 of its target, at 0.25 and 0.5; both at 0.5, promised 1.
    one_group: y_0 + y_2 = 1, y_1 + y_2 = 1. promised: 0.5 y_0 + y_2 <= P, y_1 + y_2 <= P.
    """
    m, quantities = partition(
        [GroupColumn((0,), 0.25, 1.0, 0.5), GroupColumn((1,), 0.5, 2.0, 1.0), GroupColumn((0, 1), 0.5, 1.5, 1.0)], 2
    )
    m.objective = pyo.Objective(expr=quantities["cost"])
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in three_columns().component_objects(pyo.Constraint)}
