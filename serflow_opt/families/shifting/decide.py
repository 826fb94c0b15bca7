"""Schedules as documents have them, and back; and what is paid and emitted where nothing waits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.shifting.evaluate import by_hour, served
from serflow_opt.families.shifting.problem import Shift, ShiftingProblem
from serflow_opt.ground.arguments import as_number


def told(problem: ShiftingProblem, shift: Shift) -> dict[str, Any]:
    """Return a schedule hour by hour.

    Parameters
    ----------
    problem, shift
        What there is, and what was decided.
    """
    rates, hours = served(problem, shift), []
    for u, (left, usd, grams) in enumerate(by_hour(problem, shift)):
        machines = [
            {"machine": own.name, "count": counts[u], "requests_per_s": load[u]}
            for own, counts, load in zip(problem.machines, shift.machines, shift.load, strict=True)
            if counts[u]
        ]
        moved = [
            {"to_hour": v, "requests_per_s": rate} for (t, v), rate in sorted(shift.moved.items()) if t == u and rate
        ]
        hours.append(
            {
                "hour": u,
                "come_per_s": problem.demand[u],
                "served_per_s": rates[u],
                "machines": machines,
                "function_per_s": left,
                "deferred": moved,
                "usd": usd,
                "carbon_g": grams,
            }
        )
    return {"hours": hours}


def decided(problem: ShiftingProblem, document: Mapping[str, Any]) -> Shift:
    """Return the schedule of a document.

    Raises
    ------
    InputError
        For hours and machines that there are not, and for what are no numbers.
    """
    listed, count = document.get("hours"), len(problem.demand)
    if not isinstance(listed, Sequence) or isinstance(listed, str) or len(listed) != count:
        raise InputError([Problem("plan", "hours", f"{listed!r:.60}", f"list all {count} hours")])
    names = [own.name for own in problem.machines]
    machines, load = [[0] * count for _ in names], [[0.0] * count for _ in names]
    moved: dict[tuple[int, int], float] = {}
    problems: list[Problem] = []
    for u, own in enumerate(listed):
        for rented in own.get("machines", []):
            number, rate = as_number(rented.get("count")), as_number(rented.get("requests_per_s", 0.0))
            if rented.get("machine") not in names or not (math.isfinite(rate) and number >= 0 and number % 1 == 0):
                cure = f"a machine ({', '.join(names)}), a whole count, requests_per_s"
                problems.append(Problem("plan", f"hours[{u}].machines", f"{rented!r:.80}", cure))
                continue
            k = names.index(rented["machine"])
            machines[k][u], load[k][u] = int(number), rate
        for later in own.get("deferred", []):
            to, rate = as_number(later.get("to_hour")), as_number(later.get("requests_per_s"))
            if not (math.isfinite(rate) and 0 <= to < count and to % 1 == 0 and to != u):
                problems.append(Problem("plan", f"hours[{u}].deferred", f"{later!r:.80}", "another hour, and a rate"))
                continue
            moved[u, int(to)] = rate
    if problems:
        raise InputError(problems)
    return Shift(moved, tuple(map(tuple, machines)), tuple(map(tuple, load)))
