"""Golden cases of workflows, `formulations/workflow.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.workflow import FlowRow, phases_model


@golden("workflow.phases_model")
def two_trainings_and_a_map() -> Any:
    """Two phases with one server at 0.5 USD/s, that start it in 30 s; a map in between. H = 100 + 50 + 100 s."""
    train = [FlowRow(100.0, 70.0, 2.0, 0.5, 5.0, (0, 1))]
    maps = [FlowRow(50.0, 50.0, 1.0, 0.0, 10.0, None), FlowRow(25.0, 25.0, 3.0, 0.0, 40.0, None)]
    before = [set(), {0}, {0, 1}]
    m, parts = phases_model([train, maps, train], [(), (0,), (1,)], before, [[0], [1], [2]])
    m.objective = pyo.Objective(expr=sum(parts.values()))
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in two_trainings_and_a_map().component_objects(pyo.Constraint)}
