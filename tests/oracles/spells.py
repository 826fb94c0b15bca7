"""The cheapest schedule of a small fleet by a MILP with a whole number for every rental there could be.

It shares no code with the package. Times are whole seconds, demand is given by second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import highspy
import numpy as np

from oracles.schedules import Kind


def cheapest(kinds: Sequence[Kind], demand: Sequence[float], moments: Sequence[int], usd_per_request: float) -> float:
    """The least cost of all schedules that order and stop at moments; inf a request: machines serve all of it."""
    rentals = [
        (p, a, b)
        for p, kind in enumerate(kinds)
        for i, a in enumerate(moments)
        for b in moments[i + 1 :]
        if a >= -kind.start_s and a + kind.start_s < b
    ]
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("mip_rel_gap", 1e-9), ("mip_abs_gap", 1e-9)):
        solver.setOptionValue(option, value)
    for p, a, b in rentals:
        solver.addVar(0, highspy.kHighsInf)
        j = solver.getNumCol() - 1
        solver.changeColCost(j, kinds[p].usd_per_s * max(kinds[p].billing_min_s, b - a))
        solver.changeColIntegrality(j, highspy.HighsVarType.kInteger)

    def row(low: float, high: float, entries: dict[int, float]) -> None:
        solver.addRow(low, high, len(entries), np.array(list(entries), dtype=np.int32), np.array([*entries.values()]))

    for second, requests in enumerate(demand):
        serving = {
            j: kinds[p].rate
            for j, (p, a, b) in enumerate(rentals)
            if a + kinds[p].start_s <= second and second + 1 <= b
        }
        if math.isfinite(usd_per_request):
            solver.addVar(0, highspy.kHighsInf)
            solver.changeColCost(solver.getNumCol() - 1, usd_per_request)
            serving[solver.getNumCol() - 1] = 1.0
        row(requests, highspy.kHighsInf, serving)
    for p, kind in enumerate(kinds):
        for moment in moments[:-1] if kind.machines_max is not None else ():
            held = {j: 1.0 for j, (q, a, b) in enumerate(rentals) if q == p and a <= moment < b}
            if held:
                row(-highspy.kHighsInf, float(kind.machines_max or 0), held)
    solver.run()
    return float(solver.getInfo().objective_function_value)
