"""A golden case of dispatch: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.dispatch import CarbonWithin, Deferral, DispatchedType, dispatch_model


def two_slots() -> Any:
    """Slots of 2 s with 4 and 2 requests/s, half of which may wait for one; a type of 2/s, and a function."""
    up, down = np.array([True, True]), np.array([True, False])
    money = DispatchedType(0, 2.0, 3, np.array([3.0, 3.0]), np.array([1.0, 1.0]), np.zeros(2), up, down)
    grams = DispatchedType(0, 2.0, 3, np.array([8.0, 1.0]), np.zeros(2), np.array([0.5, 0.25]), up, down)
    within = CarbonWithin([grams], [np.array([4.0, 2.0])], 32.0)
    length, demand = np.array([2.0, 2.0]), np.array([4.0, 2.0])
    deferral = Deferral(0.5, np.array([4.0, 2.0]))
    return dispatch_model(length, demand, [1.0], [money], [np.array([0.75, 0.75])], deferral, 2.0, within)


@golden("dispatch.dispatch_model")
def dispatching() -> Any:
    """In units of 4/s: s is 0.5 and 0.25 at least, q at most 4/4 = 1 and, at the end, 0. Money in units of 2: n 3/2,
    u 1/2, z 0.75 x 2 s x 4 / 2 = 3. Grams in units of 32: n 8/32 and 1/32, y 0.5 x 2 x 4 / 32 = 1/8 and 1/16,
    z 4 x 2 x 4 / 32 = 1 and 1/2, at most 1. A machine serves 0.5; none may stop before the second slot. At most
    (4 + 4/2) / 2 = 3 machines are of use.
    """
    return two_slots()


def built_names() -> set[str]:
    """Names of the constraints of the model."""
    return {own.local_name for own in two_slots().component_objects(pyo.Constraint)}
