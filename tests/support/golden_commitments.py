"""Golden cases of commitments, `formulations/commitments.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.commitments import CommitmentOffer, commitments_model


@golden("commitments.commitments_model")
def two_plans() -> Any:
    """Machines at 1 and functions at 2 USD an hour; 6,000 h with 3 and 1 of them, 2,760 h with 5 and none.

    Plan 0: machines, bought one by one at 0.6. Plan 1: both, at 0.75 and 1.6, all of a year paid at the start.
    """
    offers = [CommitmentOffer({0: 0.6}, 0.6, 0.0), CommitmentOffer({0: 0.75, 1: 1.6}, 0.0, 8760.0)]
    m, parts = commitments_model(offers, [6000.0, 2760.0], [[3.0, 1.0], [5.0, 0.0]], [1.0, 2.0])
    m.most_upfront = pyo.Constraint(expr=parts["upfront"] <= 8760.0)
    m.objective = pyo.Objective(expr=parts["cost"])
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in two_plans().component_objects(pyo.Constraint)} - {"most_upfront"}
