"""When deferrable requests are served, and on how many machines: one block of flows over hours.

Sets
    t, u in T        hours; L_t the later hours that requests of t may be moved to
    o in O           types of machines

Data
    D_t              requests a second that come in hour t, in units of the largest; d the share that may wait
    r_o              requests a second that a machine serves, in the same units

Variables
    x_{t,u} >= 0     requests a second moved from t to u in L_t
    n_{o,u}          machines rented, whole
    y_{o,u} >= 0     requests a second that they serve
    z_u >= 0         requests a second that a function serves

    Σ_u x_{t,u} <= d D_t                                             may_wait       (1)
    Σ_o y_{o,u} + z_u = D_u - Σ_v x_{u,v} + Σ_t x_{t,u}              all_served     (2)
    y_{o,u} <= r_o n_{o,u}                                           within_machines  (3)

The quantities are (4) money Σ_{o,u} c_o n_{o,u} + 3600 f Σ_u z_u, (5) carbon
Σ_{o,u} (on_{o,u} n_{o,u} + busy_{o,u} y_{o,u} / r_o) + 3600 Σ_u g_u z_u, (6) money with carbon at its price, and
(7) the share that waits, Σ x / Σ D.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo

from serflow_opt.ground.tolerances import ROUNDING


class HourlyMachine(NamedTuple):
    """A type of machines.

    Attributes
    ----------
    rate
        Requests a second that one serves.
    usd, most
        Rent of an hour; how many there are, None: any number.
    on_g, busy_g
        By hour, grams of one that is on, and more for all it can serve.
    """

    rate: float
    usd: float
    most: int | None
    on_g: Sequence[float]
    busy_g: Sequence[float]


def shifting_model(
    demand: Sequence[float],
    deferrable: float,
    later: Sequence[Sequence[int]],
    machines: Sequence[HourlyMachine],
    function: tuple[float, Sequence[float]] | None,
    usd_per_g: float,
) -> tuple[Any, dict[str, Any]]:
    """Return the model, and its quantities as linear expressions.

    Parameters
    ----------
    demand, deferrable
        Requests a second of each hour, and the share that may wait.
    later
        For each hour, those its requests may be moved to.
    machines
        Types to rent.
    function
        USD of a request, and grams of one by hour; None: there is no function.
    usd_per_g
        Price of a gram.
    """
    m, size = pyo.ConcreteModel(), max(demand) or 1.0
    hours = range(len(demand))
    come = [rate / size for rate in demand]
    pairs = [(t, u) for t in hours for u in later[t]]
    rates = [own.rate / size for own in machines]
    at_once = [come[u] + deferrable * sum(come[t] for t in hours if u in later[t]) for u in hours]
    m.x = pyo.Var(pairs, domain=pyo.NonNegativeReals)
    kinds = [(k, u) for k in range(len(machines)) for u in hours]

    def most(m: Any, k: int, u: int) -> tuple[int, int]:
        needed, there_are = math.ceil(at_once[u] / rates[k] * (1 - ROUNDING)), machines[k].most
        return 0, needed if there_are is None else min(needed, there_are)

    m.n = pyo.Var(kinds, domain=pyo.NonNegativeIntegers, bounds=most)
    m.y = pyo.Var(kinds, domain=pyo.NonNegativeReals)
    m.z = pyo.Var(hours, domain=pyo.NonNegativeReals, bounds=(0, None if function else 0))

    @m.Constraint([t for t in hours if later[t]])
    def may_wait(m: Any, t: int) -> Any:
        return pyo.quicksum(m.x[t, u] for u in later[t]) <= deferrable * come[t]

    @m.Constraint(hours)
    def all_served(m: Any, u: int) -> Any:
        goes = pyo.quicksum(m.x[u, v] for v in later[u])
        comes = pyo.quicksum(m.x[t, u] for t in hours if u in later[t])
        return pyo.quicksum(m.y[k, u] for k in range(len(machines))) + m.z[u] + goes - comes == come[u]

    @m.Constraint(kinds)
    def within_machines(m: Any, k: int, u: int) -> Any:
        return m.y[k, u] <= rates[k] * m.n[k, u]

    usd, per_request = pyo.quicksum(machines[k].usd * m.n[k, u] for k, u in kinds), 3600 * size
    grams = pyo.quicksum(
        machines[k].on_g[u] * m.n[k, u] + machines[k].busy_g[u] / rates[k] * m.y[k, u] for k, u in kinds
    )
    if function is not None:
        usd += pyo.quicksum(per_request * function[0] * m.z[u] for u in hours)
        grams += pyo.quicksum(per_request * function[1][u] * m.z[u] for u in hours)
    waits = pyo.quicksum(m.x[pair] for pair in pairs) / (sum(come) or 1.0) if pairs else 0.0
    return m, {"carbon": grams, "cost": usd, "total": usd + usd_per_g * grams, "deferred": waits}
