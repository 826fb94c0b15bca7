"""Groups of applications that share batches: each application in one group, each group on one configuration.

Sets
    w in W           applications: a share of all requests each
    c in C           columns: a group X_c of applications on a configuration (function, size, batch, timers)

Data
    a_c              USD a request of the group, times its share of all requests
    n_c              calls of it that run at once, on average
    p_c              the share of its target that each application of it is promised, at most 1

A column is valued before the model is written, timers, ceilings and exponentials included: nothing is approximated
here, and the model is a set partition.

    Σ_{c: w in X_c} y_c = 1                 one_group       (1)  each application in one group
    Σ_{c: w in X_c} p_c y_c - P <= 0        promised        (2)  P is the largest promise

and, as quantities that are minimised or limited, (3) the cost Σ_c a_c y_c, (4) the promise P, (5) the functions Σ_c y_c
and (6) the calls at once Σ_c n_c y_c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo


class GroupColumn(NamedTuple):
    """A group on a configuration."""

    applications: tuple[int, ...]
    cost: float
    calls: float
    promise: float


def partition(columns: Sequence[GroupColumn], applications: int) -> tuple[Any, dict[str, Any]]:
    """Return the model, and cost, promise, functions and calls as linear expressions.

    Parameters
    ----------
    columns
        What groups there are to choose.
    applications
        How many applications there are; each is in a column at least.
    """
    m = pyo.ConcreteModel()
    m.C, m.W = pyo.RangeSet(0, len(columns) - 1), pyo.RangeSet(0, applications - 1)
    m.y = pyo.Var(m.C, domain=pyo.Binary)
    m.P = pyo.Var(bounds=(0, 1))
    has = [[c for c, own in enumerate(columns) if w in own.applications] for w in range(applications)]

    @m.Constraint(m.W)
    def one_group(m: Any, w: int) -> Any:
        return pyo.quicksum(m.y[c] for c in has[w]) == 1

    @m.Constraint(m.W)
    def promised(m: Any, w: int) -> Any:
        return pyo.quicksum(columns[c].promise * m.y[c] for c in has[w]) <= m.P

    return m, {
        "cost": pyo.quicksum(own.cost * m.y[c] for c, own in enumerate(columns)),
        "promise": 1.0 * m.P,
        "functions": pyo.quicksum(m.y[c] for c in m.C),
        "calls": pyo.quicksum(own.calls * m.y[c] for c, own in enumerate(columns)),
    }
