"""The witness: what a schedule costs and emits, hour by hour, and what it breaks; shares no code with the model."""

from __future__ import annotations

import math

from serflow_opt.families.protocol import Valued
from serflow_opt.families.shifting.problem import Shift, ShiftingProblem
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.document import Breach


def served(problem: ShiftingProblem, shift: Shift) -> list[float]:
    """Return requests a second served in each hour."""
    here = list(problem.demand)
    for (t, u), rate in shift.moved.items():
        here[t] -= rate
        here[u] += rate
    return here


def by_hour(problem: ShiftingProblem, shift: Shift) -> list[tuple[float, float, float]]:
    """Return what is left to the function (requests a second), USD and grams of each hour."""
    found = []
    for u, rate in enumerate(served(problem, shift)):
        left = max(rate - math.fsum(load[u] for load in shift.load), 0.0)
        usd, grams = [left * 3600 * (problem.function_usd or 0.0)], []
        if problem.function_g:
            grams.append(left * 3600 * problem.function_g[u])
        for own, counts, load in zip(problem.machines, shift.machines, shift.load, strict=True):
            usd.append(counts[u] * own.usd_per_hour)
            grams.append(counts[u] * own.on_g[u] + load[u] / own.rate * own.busy_g[u])
        found.append((left, math.fsum(usd), math.fsum(grams)))
    return found


def value(problem: ShiftingProblem, shift: Shift) -> Valued:
    """Value a schedule: grams, USD, both together, and the share of requests that wait.

    Parameters
    ----------
    problem, shift
        What there is, and what was decided.
    """
    hours = by_hour(problem, shift)
    usd, grams = (math.fsum(own[k] for own in hours) for k in (1, 2))
    waits = math.fsum(shift.moved.values())
    all_of_them = math.fsum(problem.demand)
    values = {
        "carbon": grams,
        "cost": usd,
        "total": usd + grams * problem.usd_per_g,
        "deferred": waits / all_of_them if all_of_them else 0.0,
    }
    return Valued(values, tuple(_breaches(problem, shift)))


def _breaches(problem: ShiftingProblem, shift: Shift) -> list[Breach]:
    """What cannot be: loads beyond machines, requests that may not wait, or that nobody serves."""
    size = max(problem.demand, default=0.0) or 1.0
    checks = []
    for t, come in enumerate(problem.demand):
        goes = math.fsum(rate for (s, _), rate in shift.moved.items() if s == t)
        checks.append((f"deferred from hour {t}", goes, come * problem.deferrable))
        far = math.fsum(r for (s, u), r in shift.moved.items() if s == t and u not in problem.later(t))
        checks.append((f"deferred too far from hour {t}", far, 0.0))
    checks += [(f"moved from hour {t} to {u}", -rate, 0.0) for (t, u), rate in shift.moved.items()]
    for own, counts, load in zip(problem.machines, shift.machines, shift.load, strict=True):
        for u, count in enumerate(counts):
            checks.append((f"load of {own.name} in hour {u}", load[u], count * own.rate))
            checks.append((f"load of {own.name} in hour {u}, at least", -load[u], 0.0))
            if own.most is not None:
                checks.append((f"count_max of {own.name} in hour {u}", float(count), float(own.most)))
    for u, rate in enumerate(served(problem, shift)):
        loads = math.fsum(load[u] for load in shift.load)
        checks.append((f"load of hour {u}", loads, rate))
        if problem.function_usd is None:
            checks.append((f"served in hour {u}", rate - loads, 0.0))
    return [
        Breach(limit=name, value=found, bound=most, excess=(found - most) / max(abs(most), size))
        for name, found, most in checks
        if found - most > TOLERANCE * max(abs(most), size)
    ]
