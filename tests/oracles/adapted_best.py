"""The best plan of a small adapted document by exhaustive search, and the figures of one given plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.adapted import LIMITS, OBJECTIVES, Plans, adapted_plans, can_be_done, choices, crossings, values
from oracles.adapted_reading import WayKey, case_of, read_adapted
from oracles.brute_force import combinations, flows
from oracles.brute_problem import TIE, Document, Placement


@dataclass(frozen=True)
class Best:
    """A proven optimum."""

    objective: float  # USD per request, ms, expected leak, or J
    least: dict[str, float]  # by objective, the least value of the plans that tie (for accuracy the largest)
    plan: dict[str, Any]  # one of those plans, see `Plans.describe`
    ties: int  # their number
    plans: int  # plans looked at


def best(
    document: Document, minimize: str | None = None, plans: Plans | None = None, ignore: Collection[str] = ()
) -> Best | None:
    """The best plan that keeps all limits but those of `ignore`; None when there is none.

    `minimize` replaces the document's objective: cost, latency, privacy or energy. `plans`: those of the document.
    """
    plans = plans or adapted_plans(document)
    first = plans.objective(minimize or plans.adapted.problem.minimize)
    keep = plans.keep(ignore)
    if not keep.any():
        return None
    objective = float(first[keep].min())
    tied = np.flatnonzero(keep & (first <= objective + TIE * abs(objective)))
    least = {name: float(plans.objective(name)[tied].min()) for name in OBJECTIVES}
    least["accuracy"] = float(plans.accuracy[tied].max())
    return Best(objective, least, plans.describe(int(tied[0])), len(tied), len(first))


def adapted_value(
    document: Document,
    placement: Sequence[tuple[str, str]],
    thresholds: Mapping[int, float] | None = None,
    ways: Mapping[int, WayKey] | None = None,
    variants: Mapping[tuple[int, int], str] | None = None,
) -> dict[str, Any]:
    """Figures of one plan by name of the objective, with `mse`, `entropy` and `broken`, the limits it does not keep.

    `placement`: (tier, option) by stage. `thresholds`: by stage of a classifier. `ways`: by cut that crosses a link,
    (method, width as printed, protection, scale). `variants`: name by (first, last) stage; blocks left out run as
    they are. A plan that cannot be done has `done` False and nothing else.
    """
    adapted = read_adapted(document)
    chosen = tuple(
        variant
        for block in adapted.blocks
        for variant in block
        if (variants or {}).get((variant.first, variant.last)) == variant.name
    )
    case = case_of(adapted, chosen)
    problem = case.problem
    if len(chosen) != len(variants or {}) or set(thresholds or {}) != set(problem.classifiers):
        raise ValueError(f"variants or thresholds that the document does not have: {variants}, {thresholds}")
    spots = {
        (option.tier, option.name): (t, o) for t, tier in enumerate(problem.options) for o, option in enumerate(tier)
    }
    where: Placement = tuple(spots[entry] for entry in placement)
    rows = [
        [next(row for row in menu if row[0] == (thresholds or {})[s])] if s in problem.classifiers else menu
        for s, menu in enumerate(problem.menus, start=1)
    ]
    reach, accuracy = flows(problem, *combinations(rows)[1:])
    reached = int((reach[: len(where), 0] > 0).sum())
    if not can_be_done(case, where[:reached]):
        return {"done": False}
    crosses = crossings(case, where)
    asked = {cut for cut, crossed in enumerate(crosses) if crossed}
    if set(ways or {}) != asked:
        raise ValueError(f"ways are needed at the cuts {sorted(asked)}: {ways}")
    fits = choices(adapted, case, where, crosses)
    usable = tuple(
        tuple(way for way in here if not crosses[cut] or way.key == (ways or {})[cut]) for cut, here in enumerate(fits)
    )
    if not all(usable):
        return {"done": False}
    plan = Plans(adapted, [], *values(adapted, case, where, crosses, usable, reach, accuracy)[0])
    figures: dict[str, Any] = {name: float(plan.objective(name)[0]) for name in (*OBJECTIVES, "accuracy")}
    figures |= {"mse": float(plan.mse[0]), "entropy": float(plan.entropy[0])}
    figures |= {"done": True, "broken": [name for name in LIMITS if not plan.keeps(name)[0]]}
    return figures
