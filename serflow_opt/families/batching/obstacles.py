"""Which applications stand in the way where there is no plan."""

from __future__ import annotations

from collections.abc import Mapping

from serflow_opt.families.batching.problem import Batching
from serflow_opt.families.batching.search import menu_of, search
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import TOLERANCE


def obstacles(problem: Batching, limits: Mapping[str, float]) -> list[str]:
    """Return, in words, whose target is too tight for the limit on promises, and who is dearer than the one on cost.

    Parameters
    ----------
    problem
        A problem without a plan.
    limits
        By quantity.
    """
    return [*_too_tight(problem, limits.get("latency")), *_too_dear(problem, limits)]


def _too_tight(problem: Batching, most: float | None) -> list[str]:
    """Those that no configuration answers within the largest promise that the limit allows."""
    if most is None:
        return []
    offered = [own for own in problem.promises if own <= most * (1 + TOLERANCE)]
    if not offered:
        return [f"no promise up to {most:g} is offered: the smallest is {problem.promises[0]:g}"]
    menu = menu_of(problem)
    fastest = int(menu.longest.argmin())
    f, s, b = (int(own) for own in menu.rows[fastest])
    own = problem.functions[f]
    takes = f"takes {menu.longest[fastest] * 1000:.4g} ms"
    said = f"{own.name} of {own.sizes[s]:g} {own.unit}, batch {own.batches[b]}, {takes}"
    return [
        f"{app.name}: {offered[-1]:g} of its target is {offered[-1] * app.slo_s * 1000:.4g} ms, and the fastest, {said}"
        for app in problem.applications
        if offered[-1] * app.slo_s < menu.longest[fastest]
    ]


def _too_dear(problem: Batching, limits: Mapping[str, float]) -> list[str]:
    """Those that cost more than the limit in the cheapest plan within the other limits."""
    costs = {"cost": 1.0, "cost_per_hour": problem.rate * 3600}
    most = min((limits[key] / by for key, by in costs.items() if key in limits), default=None)
    if most is None:
        return []
    others = {name: own for name, own in limits.items() if name not in costs}
    done = search(problem, {"cost": 1.0}, others, Deadline())
    if done is None or done[0] is None:
        return []
    from serflow_opt.families.batching.evaluate import value_group

    found = []
    for group in done[0]:
        cost = value_group(problem, group).cost
        if cost > most:
            names = ", ".join(problem.applications[w].name for w in group.applications)
            own = problem.functions[group.function]
            found.append(
                f"{names}: {cost:.5g} USD a request in the cheapest plan, on {own.name} of "
                f"{own.sizes[group.size]:g} {own.unit}; all together may cost {most:.5g}"
            )
    return found
