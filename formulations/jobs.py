"""One row of a menu whose rows are valued before the model is written: training jobs, blocked linear algebra.

Sets
    r in R           rows of a menu
    q in Q           quantities

Data
    v_{r,q}          what a row comes to, all of it a closed form (or a schedule) of that row alone

Variables
    y_r in {0, 1}    the row is taken

    Σ_r y_r = 1                                                 one_row       (1)

and, as quantities, (2) Σ_r v_{r,q} y_r. What a row of a job comes to, with w workers that make R rounds and P passes
over s bytes of data, m bytes of model, and channels of B bytes a second and L seconds of latency:

    c = P t_pass / (R w u)                                      compute of a round at speed u                  (3)
    x = (w + 2)(m / B + L)                                      AllReduce through a store, w > 1               (4)
    x = (3 w - 2)(m / (w B) + L)                                ScatterReduce through a store, w > 1           (5)
    x = 2 m / min(B_w, B / w) + L                               parameter server; B_w of a worker's network    (6)
    x = (2 w - 2)(m / (w B_w) + L_w)                            machines in a ring                             (7)
    x = 2 (m / B + L)                                           through a store, where nobody waits            (8)
    d = s / (w B_s) + L_s,  k = m / B_s + L_s                   load of the data; a checkpoint, each way       (9)
    n = 0 where R (c + x) <= l - d, else                        restarts of a function that lives l            (10)
        the least n >= 1 with 2 ⌊(l - d - k)/(c + x)⌋ + (n - 1) ⌊(l - d - 2 k)/(c + x)⌋ >= R
    T = max(S, S_c) + d + R (c + x) + n (S_1 + d + 2 k)         functions: S until all run, S_c the channel    (11)
    T = max(S, S_c) + d + R (c + x)                             on machines                                    (12)
    T = max(E, S_v + d_v) + k + (R - r)(c_v + x_v)              r rounds on functions, then on machines        (13)
        E = max(S_f, S_c) + d_f + r (c_f + x_f) + k

Money of a round through a store: w + 1 writes and 2 w - 1 reads of m bytes (AllReduce), w² writes and 2 w (w - 1)
reads of m / w bytes (ScatterReduce), w of each where nobody waits (14). Functions are paid while they work, machines
and channels from their order, which is such that all are ready together, to the end (15).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.core as pyo


def one_of(rows: Mapping[str, Sequence[float]]) -> tuple[Any, dict[str, Any]]:
    """Return the model, and its quantities as linear expressions.

    Parameters
    ----------
    rows
        By quantity, what each row comes to: v.
    """
    m = pyo.ConcreteModel()
    count = len(next(iter(rows.values())))
    m.R = pyo.RangeSet(0, count - 1)
    m.y = pyo.Var(m.R, domain=pyo.Binary)
    m.one_row = pyo.Constraint(expr=pyo.quicksum(m.y[r] for r in m.R) == 1)
    return m, {name: pyo.quicksum(own * m.y[r] for r, own in enumerate(values)) for name, values in rows.items()}
