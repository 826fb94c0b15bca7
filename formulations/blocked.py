"""The shortest schedule of a small graph of tasks on workers that are alike.

Sets
    i in T           tasks; (i, j) in E: j waits for i
    p in P           workers

Data
    d_i              seconds of a task
    H                a schedule is not longer: the list schedule's end

Variables
    z_{i,p}          worker p does task i, binary
    o_{i,j}          task i ends before j starts, binary, of pairs that no path orders
    s_i >= 0         when it starts
    M                makespan

    Σ_p z_{i,p} = 1                                             done          (1)
    s_i + d_i - s_j <= 0                                        after_it      (2)  (i, j) in E
    s_i + d_i - s_j <= H (1 - o_{i,j})                          in_order      (3)
    z_{i,p} + z_{j,p} - o_{i,j} - o_{j,i} <= 1                  one_at_once   (4)
    s_i + d_i - M <= 0                                          ends          (5)

min M. Workers are alike: task i is done by one of the first i (6).

Workers over time, as a fluid: what no way to have them takes less than.

Sets
    k in K           periods of δ seconds, one behind the other

Data
    A_k, D_k         work done by the end of k at most (nothing waits for a worker), and at least (all is done in time)
    u                seconds of a worker before it works
    W                most workers

Variables
    P_k in [0, W]    workers in period k, on average
    C_k in [D_k, A_k]  work done by its end
    U_k >= 0         workers that start

    C_k - C_{k-1} - δ P_k <= 0                                  by_workers    (7)
    P_k - P_{k-1} - U_k <= 0                                    starting      (8)

min Σ_k δ P_k + u U_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pyomo.core as pyo


def shortest(seconds: Sequence[float], edges: Sequence[tuple[int, int]], workers: int, longest_s: float) -> Any:
    """Return the model.

    Parameters
    ----------
    seconds, edges
        d, and E by positions; each task comes after all that it waits for.
    workers, longest_s
        |P|, and H.
    """
    count = len(seconds)
    behind: list[set[int]] = [set() for _ in range(count)]
    for i, j in sorted(edges, reverse=True):
        behind[i] |= {j} | behind[j]
    free = [(i, j) for i, j in combinations(range(count), 2) if j not in behind[i]]
    m = pyo.ConcreteModel()
    m.T, m.P = pyo.RangeSet(0, count - 1), pyo.RangeSet(0, workers - 1)
    m.pairs = pyo.Set(initialize=[*free, *((j, i) for i, j in free)], dimen=2)
    m.z, m.o = pyo.Var(m.T, m.P, domain=pyo.Binary), pyo.Var(m.pairs, domain=pyo.Binary)
    m.s, m.M = pyo.Var(m.T, bounds=(0, longest_s)), pyo.Var(bounds=(0, longest_s))
    for i in range(count):
        for p in range(i + 1, workers):
            m.z[i, p].fix(0)  # (6)

    @m.Constraint(m.T)
    def done(m: Any, i: int) -> Any:
        return pyo.quicksum(m.z[i, p] for p in m.P if p <= i) == 1

    m.E = pyo.Set(initialize=sorted(set(edges)), dimen=2)

    @m.Constraint(m.E)
    def after_it(m: Any, i: int, j: int) -> Any:
        return m.s[i] + seconds[i] - m.s[j] <= 0

    @m.Constraint(m.pairs)
    def in_order(m: Any, i: int, j: int) -> Any:
        return m.s[i] + seconds[i] - m.s[j] <= longest_s * (1 - m.o[i, j])

    @m.Constraint([(i, j, p) for i, j in free for p in range(min(i + 1, workers))])
    def one_at_once(m: Any, i: int, j: int, p: int) -> Any:
        return m.z[i, p] + m.z[j, p] - m.o[i, j] - m.o[j, i] <= 1

    @m.Constraint(m.T)
    def ends(m: Any, i: int) -> Any:
        return m.s[i] + seconds[i] - m.M <= 0

    m.objective = pyo.Objective(expr=m.M)
    return m


def fluid(most: Sequence[float], least: Sequence[float], period_s: float, start_s: float, workers: float) -> Any:
    """Return the model of workers over time.

    Parameters
    ----------
    most, least
        A and D, seconds of work.
    period_s, start_s
        δ and u.
    workers
        W.
    """
    m = pyo.ConcreteModel()
    m.K = pyo.RangeSet(0, len(most) - 1)
    m.P = pyo.Var(m.K, bounds=(0, workers))
    m.C = pyo.Var(m.K, bounds=lambda _, k: (least[k], most[k]))
    m.U = pyo.Var(m.K, domain=pyo.NonNegativeReals)

    @m.Constraint(m.K)
    def by_workers(m: Any, k: int) -> Any:
        return m.C[k] - (m.C[k - 1] if k else 0) - period_s * m.P[k] <= 0

    @m.Constraint(m.K)
    def starting(m: Any, k: int) -> Any:
        return m.P[k] - (m.P[k - 1] if k else 0) - m.U[k] <= 0

    m.objective = pyo.Objective(expr=pyo.quicksum(period_s * m.P[k] + start_s * m.U[k] for k in m.K))
    return m
