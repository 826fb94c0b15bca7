"""Golden cases of spot pools, `formulations/spot_pools.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.spot_pools import GroupChoice, spot_pool_model


@golden("spot_pools.spot_pool_model")
def two_offers() -> Any:
    """Up to one machine on demand at 1 USD an hour, up to two on spot at 0.3 that are up for 0.9 of the time.

    One worker makes half of the requests late, two make a twentieth, three none; two are enough.
    """
    steady = [GroupChoice([1.0], {"cost": 0.0}), GroupChoice([0.0, 1.0], {"cost": 1.0})]
    spot = [GroupChoice([1.0], {"cost": 0.0}), GroupChoice([0.1, 0.9], {"cost": 0.3})]
    spot.append(GroupChoice([0.01, 0.18, 0.81], {"cost": 0.6}))
    m, parts = spot_pool_model([steady, spot], [1.0, 0.5, 0.05, 0.0], 2)
    m.enough = pyo.Constraint(expr=parts["availability"] >= 0.95)
    m.few_late = pyo.Constraint(expr=parts["late"] <= 0.1)
    m.objective = pyo.Objective(expr=parts["cost"])
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    own = {own.local_name for own in two_offers().component_objects(pyo.Constraint)}
    return own - {"enough", "few_late"}
