"""Golden cases of schedules over time, `formulations/scaling.py`: see `test_formulations.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyomo.core as pyo
from support.golden_parts import golden, minimise, model

from serflow_opt.formulations import scaling
from serflow_opt.formulations.scaling import MachineBlock, MachineType


def fleet(
    *kinds: MachineType, usd: float = 0.5, rates: tuple[float, ...] = (3.0, 5.0, 4.0), **changes: Any
) -> MachineBlock:
    """Three periods and three steps of 2 s; a type of 2 requests/s at 1 USD/s, usable 2 s after its order."""
    own = kinds or (MachineType(2.0, 1.0, start_s=2.0),)
    edges = np.linspace(0.0, 6.0, len(rates) + 1)
    return MachineBlock(edges, np.array(rates), np.array([0.0, 2.0, 4.0, 6.0]), own, usd, **changes)


def with_machines(data: MachineBlock) -> Any:
    """A model with n, u and y."""
    m = model()
    m.n = pyo.Var(data.types, data.steps, bounds=(0, None))
    m.u = pyo.Var(data.orders, bounds=(0, None))
    m.y = pyo.Var(list(data.early), bounds=(0, None))
    return m


@golden("scaling.add_fleet")
def machines() -> Any:
    """Orders at 0 and 2 s only: one at 4 s would be usable at the end. At most 7 machines.
    rented: n_0 <= u_0, n_1 - n_0 <= u_1, n_2 - n_1 <= 0.
    No row stay: the lag of an order ends with its step.
    """
    m = model()
    scaling.add_fleet(m, fleet(MachineType(2.0, 1.0, start_s=2.0, machines_max=7)))
    return m


@golden("scaling.add_fleet-least_billing")
def machines_with_least_billing() -> Any:
    """Usable at once, billed for 3 s: a machine ordered at 0 s is paid until the middle of step 1, so y_0; one ordered
    at 2 s until the middle of step 2, so y_1; one ordered at 4 s beyond the end.
    stay: n_1 >= u_1 + u_0 - y_0, n_2 >= u_2 + u_1 - y_1. early_ordered: y_0 <= u_0, y_1 <= u_1.
    """
    m = model()
    scaling.add_fleet(m, fleet(MachineType(2.0, 1.0, billing_min_s=3.0)))
    return m


@golden("scaling.add_fleet-window")
def machines_of_a_window() -> Any:
    """As add_fleet, but the horizon began earlier: no order at 0 s, no row rented for k = 0."""
    m = model()
    scaling.add_fleet(m, fleet(first=False), whole=False)
    return m


@golden("scaling.add_overflow")
def overflow() -> Any:
    """Spells are the steps, usable 0 <- n_0 - u_0, n_1 - u_1, n_2; 2 s each, so 6, 10 and 8 requests and 4 a machine.
    Lines o + 4 v >= 6, 10, 8, and rounded with f = 3/2 - 1 = 1/2 and 5/2 - 2 = 1/2: 2 s x 2 x f = 2,
    o + 2 v >= 2 x 2 = 4 and 2 x 3 = 6; 4/2 is whole.
    """
    data = fleet()
    m = with_machines(data)
    scaling.add_overflow(m, data, data.all_lines())
    return m


@golden("scaling.add_overflow-two_types")
def overflow_of_two_types() -> Any:
    """Types of 2 and 3 requests/s, usable at once; one period of 4/s, a step 8 requests. Line: o + 4 v_0 + 6 v_1 >= 8.
    4/2 is whole; 4/3 has f = 1/3, 2 s x 3 x 1/3 = 2, G(2/3) = 1, G(1) = 1: o + 2 v_0 + 2 v_1 >= 2 x 2 = 4.
    """
    data = fleet(MachineType(2.0, 1.0), MachineType(3.0, 1.25), rates=(4.0,))
    m = with_machines(data)
    scaling.add_overflow(m, data, data.all_lines())
    return m


@golden("scaling.add_cover")
def cover() -> Any:
    """Orders at 0 and 2 s; divided by the demand: 2/3 v >= 1, 2/5 v >= 1, 2/4 v >= 1, and rounded v >= 2 as 1/2 v >= 1,
    v >= 3 as 1/3 v >= 1; the third is whole.
    """
    data = fleet(usd=math.inf)
    m = with_machines(data)
    scaling.add_cover(m, data, data.all_lines())
    return m


@golden("scaling.rent")
def rent() -> Any:
    """2 s at 1 USD a machine and step. 3 s billed: ordered at 4 s 1 s after the end; y_0 and y_1 1 s after the stop."""
    data = fleet(MachineType(2.0, 1.0, billing_min_s=3.0))
    m = with_machines(data)
    return minimise(m, scaling.rent(m, data))


@golden("scaling.function_cost")
def function_cost() -> Any:
    """0.5 USD a request; o in batches of 4 requests, money in units of 0.25 USD: 0.5 x 4 / 0.25 = 8."""
    data = fleet(dollar=0.25, batch=4.0)
    m = with_machines(data)
    scaling.add_overflow(m, data, {})
    return minimise(m, scaling.function_cost(m, data))


def built_names() -> set[str]:
    """Names of the constraints of models that together use every part."""
    names: set[str] = set()
    for usd in (0.5, math.inf):
        data = fleet(MachineType(2.0, 1.0, billing_min_s=3.0), usd=usd)
        m = model()
        scaling.add_fleet(m, data)
        (scaling.add_cover if math.isinf(usd) else scaling.add_overflow)(m, data, data.all_lines())
        names |= {constraint.local_name for constraint in m.component_objects(pyo.Constraint)}
    return names
