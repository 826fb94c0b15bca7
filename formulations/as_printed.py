"""The survey's cost to the letter (survey 2.2.3 (1)), for comparison with `cost.py`.

    L^C = C_I T_I Σ_{pid <= cutid} β_pid + C_F T_F Σ_{pid > cutid} β_pid      (1)
    T_F = FLOPs_{cutid+1}^M / μ_F + T_cold                                    (5)
    T_I = FLOPs_1^{cutid} / μ_I + T_trans                                     (6)

Repaired only where it cannot be evaluated: at cutid = M there is nothing to hand over, so T_trans, T_F and T_cold are
dropped; cutid = 0 (functions only, not in the printed range) drops T_I. Link prices and the fee per invocation are not
in the formula. C is USD per second.

With R the reach, Σ_{pid <= cutid} β = 1 - R_{cutid+1} and Σ_{pid > cutid} β = R_{cutid+1}. The path leaves option p of
the first tier before stage s = cutid + 1 exactly when leave_{s,p} = 1, so both products are linear in the plain and the
scaled path:

    Σ C_p (Σ_{t<s} t_{t,p} + τ_s) (leave_{s,p} - uleave_{s,p})                 hybrid, IaaS part; k and w are given
    Σ_p C_p (Σ_t t_{t,p}) x_{M,p}   over the first tier                        cutid = M: Σ β = 1
    Σ C_q (Σ_{t>=s} t_{t,q} + T_cold,q) uenter_{s,q}  over the second tier     FaaS part, cutid = s - 1
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import SOURCE, Data
from serflow_opt.formulations.placement import Path


def as_printed_cost(m: Any, data: Data, path: Path, scaled: Path) -> Any:
    """Return the cost as printed, in units of `data.dollar` per request. Expects two tiers and the scaled path.

    The objective is survey 2.2.3 (1), with T_F of survey 2.2.3 (5) and T_I of survey 2.2.3 (6).

    Parameters
    ----------
    path, scaled
        The plain path, and the path scaled by reach.
    """

    def run(p: int, first: int, last: int) -> float:
        return sum(data.time(s, p) for s in range(first, last + 1))

    first_part = pyo.quicksum(
        data.busy_price(p)
        * (run(p, 1, s - 1) + data.hop_time((s, p, k, w)))
        * (path.leave[s, p, k, w] - scaled.leave[s, p, k, w])
        for s, p, k, w in data.hops
        if p != SOURCE
    )
    whole_first = pyo.quicksum(
        data.busy_price(p) * run(p, 1, data.last) * path.on[s, p]
        for s, p in data.places
        if s == data.last and data.tier[p] == 0
    )
    second_part = pyo.quicksum(
        data.busy_price(q) * (run(q, s, data.last) + data.cold_time(q)) * scaled.enter[s, q, w]
        for s, q, w in data.entries
        if data.tier[q] == 1
    )
    return first_part + whole_first + second_part
