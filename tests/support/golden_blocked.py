"""Golden cases of task graphs, `formulations/blocked.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.blocked import shortest


@golden("blocked.shortest")
def three_tasks() -> Any:
    """Tasks of 2, 3 and 4 s, the last behind the first, on two workers, 9 s at most. done: task 0 by worker 0, others
    by either. after_it: s_0 + 2 <= s_2. in_order and one_at_once for the pairs 0, 1 and 1, 2, both ways.
    """
    return shortest([2.0, 3.0, 4.0], [(0, 2)], 2, 9.0)


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in three_tasks().component_objects(pyo.Constraint)}
