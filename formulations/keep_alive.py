"""When a function is loaded again after a request, and how long it is kept: one window for all idle times.

Sets
    i in I           times to load it again: 0 (it is not unloaded), or so that an idle time is met
    j in J           times to unload it: 0, or an idle time

Data
    V_i, U_j         E[min(g, p_i)], E[min(g, x_j)], over idle times g
    d_i, c_j         share of idle times that end before it is loaded, and of those that end after it is unloaded

Loaded on [p, x] a function is idle for min(g, x) - min(g, p) after a request, so that opening and closing a window
stand apart, and the model is linear without further variables:

    Σ_i P_i = 1                                one_opening     (1)
    Σ_j X_j = 1                                one_end         (2)
    P_i - Σ_{j: x_j >= p_i} X_j <= 0           in_order        (3)  a window that is loaded again ends after it

The quantities are (4) the idle time Σ_j U_j X_j - Σ_i V_i P_i and (5) the cold starts Σ_j c_j X_j + Σ_i d_i P_i.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo


class End(NamedTuple):
    """A time at which a window opens or ends.

    Attributes
    ----------
    at
        What the ends of a window are ordered by: those of openings from which on idle times are met.
    idle
        E[min(g, time)].
    cold
        The share of idle times that are missed.
    """

    at: float
    idle: float
    cold: float


def window(openings: Sequence[End], ends: Sequence[End]) -> tuple[Any, dict[str, Any]]:
    """Return the model, and idle time and cold starts as linear expressions.

    Parameters
    ----------
    openings, ends
        Times to load it again, and to unload it.
    """
    m = pyo.ConcreteModel()
    m.I, m.J = pyo.RangeSet(0, len(openings) - 1), pyo.RangeSet(0, len(ends) - 1)
    m.P, m.X = pyo.Var(m.I, domain=pyo.Binary), pyo.Var(m.J, domain=pyo.Binary)
    m.one_opening = pyo.Constraint(expr=pyo.quicksum(m.P[i] for i in m.I) == 1)
    m.one_end = pyo.Constraint(expr=pyo.quicksum(m.X[j] for j in m.J) == 1)

    @m.Constraint([i for i in m.I if openings[i].at > 0])
    def in_order(m: Any, i: int) -> Any:
        return m.P[i] - pyo.quicksum(m.X[j] for j in m.J if ends[j].at >= openings[i].at) <= 0

    return m, {
        "idle": pyo.quicksum(own.idle * m.X[j] for j, own in enumerate(ends))
        - pyo.quicksum(own.idle * m.P[i] for i, own in enumerate(openings)),
        "cold": pyo.quicksum(own.cold * m.X[j] for j, own in enumerate(ends))
        + pyo.quicksum(own.cold * m.P[i] for i, own in enumerate(openings)),
    }
