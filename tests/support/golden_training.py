"""Golden cases of training among clients, `formulations/training.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.training import SettingBlock, rounds_model

NOTHING = [[0.0, 0.0], [0.0, 0.0]]


def _block(**changes: Any) -> SettingBlock:
    own: dict[str, Any] = {
        "groups": [0, 1],
        "offered": [[0, 1], [1]],
        "lasts": [[2.0, 4.0], [0.0, 3.0]],
        "served": [[1.0, 0.5], [0.0, 0.25]],
        "leak": [0.5, 0.25],
        "loss": [0.0, 0.125],
        "cuts": [1, 2],
        "accuracy": 0.75,
        "most_t": 8.0,
        "parts": {"time": NOTHING, "cost": [[3.0, 1.0], [0.0, 2.0]]},
        "per_t": {"time": 5.0, "cost": 2.0},
        "fixed": {"time": 1.0, "cost": 0.0},
    }
    return SettingBlock(**(own | changes))


@golden("training.rounds_model")
def two_groups_that_wait_for_each_other() -> Any:
    """One setting of 5 rounds, 1 s besides, 2 USD a second of a round; group 0 takes row 0 or 1, group 1 row 1, cut
    alike. waits_for: 2 x_00 + 4 x_01 <= T, 3 x_11 <= T. served: x_00 + 0.5 x_01 + 0.25 x_11 <= T. lasts: T <= 8 y.
    leaks: 0.5 x_00 + 0.25 x_01 <= P, 0.25 x_11 <= P. learns: 0.125 x_01 + Q <= 0.75 y, 0.125 x_11 + Q <= 0.75 y.
    The objective is time + cost: y + 5 T + 2 T + 3 x_00 + x_01 + 2 x_11.
    """
    m, quantities = rounds_model([_block()], same_cut=True)
    m.objective = pyo.Objective(expr=quantities["time"] + quantities["cost"])
    return m


@golden("training.rounds_model-flows")
def two_groups_that_do_not_wait() -> Any:
    """6 updates: 6 y <= v_00 + 2 v_01 + 3 v_11, and v at most 8 where a row is taken. busy: of 2 workers
    0.5 x_00 + x_01 + 0.25 x_11 are. Cost: 3 v_00 + v_01 + 2 v_11 + 2 T.
    """
    m, quantities = rounds_model(
        [
            _block(
                lasts=NOTHING,
                served=NOTHING,
                leak=[0.0, 0.0],
                loss=[0.0, 0.0],
                flows=True,
                rates=[[1.0, 2.0], [0.0, 3.0]],
                load=[[0.5, 1.0], [0.0, 0.25]],
                needed=6.0,
                workers=2,
            )
        ]
    )
    m.objective = pyo.Objective(expr=quantities["cost"])
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    models = (two_groups_that_wait_for_each_other(), two_groups_that_do_not_wait())
    return {own.local_name for m in models for own in m.component_objects(pyo.Constraint)}
