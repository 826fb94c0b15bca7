"""Golden cases of pipelines, `formulations/pipelines.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.pipelines import Arc, pipeline


@golden("pipelines.pipeline")
def two_layers() -> Any:
    """Both layers on one worker, 8 s at 0.5 USD/s; or the first on one and the second on another, 5 and 3 s, 0.5 USD/s
    each, by a node between them. T_max is 8 s.
    begin: y_0 + y_1 = 1. go_on: y_1 - y_2 = 0. slowest: 8 y_0 + 5 y_1 <= T, 8 y_0 + 3 y_2 <= T. The same for u, which
    adds up to T, and u <= 8 y. Time, workers, rent and cost, added.
    """
    arcs = [
        Arc("start", "end", 0, 1, 8.0, 1, 0.5),
        Arc("start", "between", 0, 0, 5.0, 1, 0.5),
        Arc("between", "end", 1, 1, 3.0, 1, 0.5),
    ]
    m, parts = pipeline(arcs, "start", "end", 8.0)
    m.objective = pyo.Objective(expr=sum(parts.values()))
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in two_layers().component_objects(pyo.Constraint)}
