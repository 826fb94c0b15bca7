"""Plans as documents, and back: names and sizes instead of positions, milliseconds instead of seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.batching.evaluate import value_group
from serflow_opt.families.batching.problem import Batching, Group, Plan
from serflow_opt.ground.arguments import as_number
from serflow_opt.ground.tolerances import ROUNDING


def told(problem: Batching, plan: Plan) -> dict[str, Any]:
    """Return a plan as documents have it: what is decided, and what that means for each group.

    Parameters
    ----------
    problem, plan
        A plan of the problem.
    """
    groups = []
    for group in plan:
        own, function = value_group(problem, group), problem.functions[group.function]
        apps = [problem.applications[w] for w in group.applications]
        names = [app.name for app in apps]
        groups.append(
            {
                "applications": names,
                "function": function.name,
                "size": function.sizes[group.size],
                "unit": function.unit,
                "batch": function.batches[group.batch],
                "timeouts_ms": {name: t * 1000 for name, t in zip(names, group.timers_s, strict=True)},
                "longest_ms": own.longest_s * 1000,
                "promised_ms": {name: t * 1000 for name, t in zip(names, own.promised_s, strict=True)},
                "target_ms": {app.name: app.slo_s * 1000 for app in apps},
                "mean_batch": own.mean_batch,
                "full_share": own.full,
                "calls": own.calls,
                "rate_per_s": own.rate,
                "cost_usd_per_request": own.cost,
            }
        )
    return {"groups": groups}


def decided(problem: Batching, document: Mapping[str, Any]) -> Plan:
    """Return the plan of a document; what follows from what is decided is not read.

    Raises
    ------
    InputError
        With everything that does not fit the problem.
    """
    problems: list[Problem] = []
    groups = document.get("groups")
    if not isinstance(groups, Sequence) or isinstance(groups, str) or not groups:
        raise InputError([Problem("", "groups", f"{groups!r:.60}", "list the groups of applications")])
    found = [_group(problem, own, f"groups[{n}]", problems) for n, own in enumerate(groups, 1)]
    placed = [w for own in found if own is not None for w in own.applications]
    for w, app in enumerate(problem.applications):
        if not problems and placed.count(w) != 1:
            times = "in no group" if w not in placed else "in several groups"
            problems.append(Problem("", "groups", f"'{app.name}' {times}", "put each application into one group"))
    if problems:
        raise InputError(problems)
    return tuple(own for own in found if own is not None)


def _group(problem: Batching, given: Any, place: str, problems: list[Problem]) -> Group | None:
    if not isinstance(given, Mapping):
        problems.append(Problem("", place, f"{given!r:.60}", "write applications, function, size, batch, timeouts_ms"))
        return None
    before = len(problems)
    known = [own.name for own in problem.applications]
    names = given.get("applications")
    if not isinstance(names, Sequence) or isinstance(names, str) or not names:
        problems.append(Problem("", f"{place}.applications", f"{names!r:.60}", "list the applications"))
        return None
    for name in names:
        if name not in known:
            problems.append(Problem("", f"{place}.applications", repr(name), nearest(str(name), known)))
    functions = [own.name for own in problem.functions]
    function = given.get("function")
    if function not in functions:
        problems.append(Problem("", f"{place}.function", repr(function), nearest(str(function), functions)))
    if len(problems) > before:
        return None
    f, where = functions.index(str(function)), sorted(known.index(name) for name in names)
    own = problem.functions[f]
    size = _position(own.sizes, given.get("size"), f"{place}.size", problems)
    batch = _position(own.batches, given.get("batch"), f"{place}.batch", problems)
    given_timers = given.get("timeouts_ms")
    by = given_timers if isinstance(given_timers, Mapping) else {}
    timers = []
    for name in (known[w] for w in where):
        timer = as_number(by.get(name))
        if not (math.isfinite(timer) and timer >= 0):
            problems.append(
                Problem("", f"{place}.timeouts_ms.{name}", f"{by.get(name)!r}", "write milliseconds, at least 0")
            )
        timers.append(timer / 1000)
    if size is not None and batch is not None and math.isnan(own.usd_per_s[size, batch]):
        found = f"{own.sizes[size]:g} {own.unit}, batch {own.batches[batch]}"
        problems.append(Problem("", place, found, "needs more memory than its vCPUs allow"))
    if len(problems) > before or size is None or batch is None:
        return None
    return Group(tuple(where), f, size, batch, tuple(timers))


def _position(offered: Sequence[float], given: object, place: str, problems: list[Problem]) -> int | None:
    number = as_number(given)
    for n, own in enumerate(offered):
        if abs(own - number) <= ROUNDING * abs(own):
            return n
    closest = min(offered, key=lambda own: abs(own - number)) if math.isfinite(number) else offered[0]
    problems.append(Problem("", place, f"{given!r}", f"not offered; the nearest is {closest:g}"))
    return None
