"""Which layers train on how many workers of which type, one after the other: a path of runs of layers.

Sets
    n in N           nodes: a layer that is reached, and the workers used so far; the first and the last one
    a in A           arcs: a run of layers on workers of a type, between nodes (n_a, n'_a); l in L_a its layers

Data
    t_a              time of a mini-batch on its slowest part: computing and synchronising, receiving, sending
    w_a, c_a         its workers, and their rent a second
    T_max            no plan that is best is slower

An arc is valued before the model is written, memory included, so that nothing is a product here but the cost, rent
times T. T flows along the path, which makes it linear and exact:

    Σ_{a from the first} y_a = 1                                begin         (1)
    Σ_{a into n} y_a - Σ_{a from n} y_a = 0                     go_on         (2)
    Σ_{a: l in L_a} t_a y_a - T <= 0                            slowest       (3)  each layer is on one stage
    Σ_{a from the first} u_a - T = 0                            begin_time    (4)  u_a = T y_a
    Σ_{a into n} u_a - Σ_{a from n} u_a = 0                     go_on_time    (5)
    u_a - T_max y_a <= 0                                        carry_time    (6)

and, as quantities, the time T, the workers (7) Σ_a w_a y_a, the rent (8) Σ_a c_a y_a and the cost (9) Σ_a c_a u_a of a
mini-batch.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo


class Arc(NamedTuple):
    """A run of layers first..last on workers of a type, between two nodes."""

    start: Hashable
    end: Hashable
    first: int
    last: int
    seconds: float
    workers: int
    usd_per_s: float


def pipeline(arcs: Sequence[Arc], start: Hashable, end: Hashable, slowest_s: float) -> tuple[Any, dict[str, Any]]:
    """Return the model, and time, workers, rent and cost as linear expressions.

    Parameters
    ----------
    arcs
        All runs.
    start, end
        The nodes that paths begin and end at.
    slowest_s
        T_max.
    """
    m = pyo.ConcreteModel()
    m.A = pyo.RangeSet(0, len(arcs) - 1)
    m.y, m.u = pyo.Var(m.A, domain=pyo.Binary), pyo.Var(m.A, bounds=(0, slowest_s))
    m.T = pyo.Var(bounds=(0, slowest_s))
    into: dict[Hashable, list[int]] = {}
    out: dict[Hashable, list[int]] = {}
    for a, arc in enumerate(arcs):
        into.setdefault(arc.end, []).append(a)
        out.setdefault(arc.start, []).append(a)
    between = [node for node in {**into, **out} if node not in (start, end)]
    m.N, m.L = pyo.RangeSet(0, len(between) - 1), pyo.RangeSet(0, max(arc.last for arc in arcs))

    def flow(variable: Any, n: int) -> Any:
        node = between[n]
        come, go = (pyo.quicksum(variable[a] for a in known.get(node, ())) for known in (into, out))
        return come - go == 0

    m.begin = pyo.Constraint(expr=pyo.quicksum(m.y[a] for a in out[start]) == 1)
    m.go_on = pyo.Constraint(m.N, rule=lambda m, n: flow(m.y, n))

    @m.Constraint(m.L)
    def slowest(m: Any, layer: int) -> Any:
        mine = (a for a, arc in enumerate(arcs) if arc.first <= layer <= arc.last)
        return pyo.quicksum(arcs[a].seconds * m.y[a] for a in mine) - m.T <= 0

    m.begin_time = pyo.Constraint(expr=pyo.quicksum(m.u[a] for a in out[start]) - m.T == 0)
    m.go_on_time = pyo.Constraint(m.N, rule=lambda m, n: flow(m.u, n))

    @m.Constraint(m.A)
    def carry_time(m: Any, a: int) -> Any:
        return m.u[a] - slowest_s * m.y[a] <= 0

    return m, {
        "time": 1.0 * m.T,
        "workers": pyo.quicksum(arc.workers * m.y[a] for a, arc in enumerate(arcs)),
        "rent": pyo.quicksum(arc.usd_per_s * m.y[a] for a, arc in enumerate(arcs)),
        "cost": pyo.quicksum(arc.usd_per_s * m.u[a] for a, arc in enumerate(arcs)),
    }
