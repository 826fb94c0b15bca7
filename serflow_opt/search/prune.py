"""Which placements and thresholds can still win.

Every placement gets a Lagrangian bound (`lagrangian.py`). A placement whose bound exceeds the best plan known is out;
so is a threshold whose bound does when it is forced. So is a placement that breaks a limit whatever the thresholds: the
bound of what has the limit says so. Limits that are not in the bound (a mean or percentile latency beside a cost) only
make more plans feasible there, so what is dropped is dropped rightly. Rented machines cost at least their fractional
rent, and at least the whole machines that the least busy thresholds need.

Placements are listed one by one, so this is done where there are not too many. It prunes; the proof for what is left is
the solver's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.formulations.coefficients import Data, Place
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import MARGIN, SLACK
from serflow_opt.plan.decision import Decision, shortest
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.lagrangian import DualBound, LevelKey, LinearCost, StageExits, forced_levels, solve_dual
from serflow_opt.search.placements import (
    MOST,
    NOWHERE,
    Paths,
    list_paths,
    ramps_on,
    whole_seconds,
)
from serflow_opt.search.runs import within_options
from serflow_opt.search.underestimates import blended, by_placement, objectives

MOST_FORCED = 5_000_000
"""Numbers held at once while thresholds are forced; beyond, all thresholds stay."""
CANDIDATES = 30
"""Plans evaluated exactly in search of a good one to start from."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What is left after pruning.

    Attributes
    ----------
    places
        Pairs (stage 1..M, runner) of the placements that can still win.
    levels
        Pairs (stage 1..M, level) that can still win; None: all.
    listed, kept
        Placements there were and are.
    bound
        No plan is better, in the units of what is minimised.
    start
        The best plan found, None when none was.
    paths, bounds, whole
        The placements left, their own bounds, and their latencies as far as thresholds do not change them, seconds.
    """

    places: frozenset[Place]
    levels: frozenset[LevelKey] | None
    listed: int
    kept: int
    bound: float
    start: Decision | None
    paths: Paths
    bounds: Floats
    whole: Floats

    def rivals(self, value: float, whole_below: float = math.inf) -> Pruned:
        """Return what is left of placements with a bound of at most `value` and a whole latency below a limit."""
        alive = (self.bounds <= value) & (self.whole < whole_below)
        paths = self.paths[alive]
        return replace(
            self,
            places=_places(paths),
            kept=len(paths),
            start=None,
            paths=paths,
            bounds=self.bounds[alive],
            whole=self.whole[alive],
        )


def possible(data: Data, paths: Paths) -> Paths:
    """Return the placements that keep the limits on memory, runs and on a latency that thresholds do not change."""
    if not len(paths):
        return paths
    holds = within_options(data, paths)
    instance = data.instance
    if instance.ramps_bind:
        holds &= ramps_on(data, paths) <= (instance.ramps_max or 0)
    if instance.latency_slo_s is not None and by_placement(instance):
        holds &= whole_seconds(data, paths) <= instance.latency_slo_s * (1 + SLACK)
    return paths[holds]


def prune(
    instance: Instance, goal: Mapping[Objective, float], most: int = MOST, deadline: Deadline = NEVER
) -> Pruned | None:
    """List the placements, bound each, and drop what cannot win.

    Where the accuracy counts, what limits rule out is all that goes.

    Parameters
    ----------
    instance, goal, most, deadline
        What is searched, coefficients of objectives in SI units, placements listed at most, and when to stop.

    Returns
    -------
    Pruned | None
        None where there are more, or a percentile of fixed times is minimised.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    if set(goal) == {"latency"} and instance.quantile is not None and instance.deviations is None:
        return None
    data = Data(instance)
    everything = list_paths(data, most, deadline)
    if everything is None:
        return None
    listed, paths = len(everything), possible(data, everything)
    nothing = np.empty(0)
    none = Pruned(frozenset(), frozenset(), listed, 0, math.inf, None, Paths.none(data.last), nothing, nothing)
    if not len(paths):
        return none
    exits, floor = StageExits.of(data, paths), instance.accuracy_min
    within = _within_limits(data, paths, exits, goal, deadline)
    if not within.any():
        return none
    paths, exits = paths[within], exits.rows(within)
    whole = whole_seconds(data, paths)
    if "accuracy" in goal:
        unknown = np.full(len(paths), -math.inf)
        return Pruned(_places(paths), None, listed, len(paths), -math.inf, None, paths, unknown, whole)
    views = blended(data, paths, goal)
    brackets = [solve_dual(exits, floor, view, deadline) for view in views]
    bound = np.maximum.reduce([bracket.bound for bracket in brackets])
    start, best = _best_start(data, paths, brackets, goal)
    limit = best + MARGIN * abs(best)
    alive = bound <= limit
    if not alive.any():  # the start is the optimum to within rounding
        alive = bound <= bound.min()
    kept = paths[alive]
    levels = None
    widest = max(len(menu) for menu in data.menu.values())
    simple = instance.threshold_mode == "menu" and not data.own_menus
    if start is not None and simple and len(kept) * widest**2 <= MOST_FORCED:
        here = [
            (LinearCost(view.fixed[alive], view.weight[alive]), bracket.multiplier[alive])
            for view, bracket in zip(views, brackets, strict=True)
        ]
        try:
            forced = [forced_levels(exits.rows(alive), floor, *own, kept.stages, deadline) for own in here]
        except OutOfTime:  # all thresholds stay: start and bound are known
            forced = []
        levels = _levels_left(data, forced, limit, start) if forced else None
    return Pruned(_places(kept), levels, listed, len(kept), float(bound.min()), start, kept, bound[alive], whole[alive])


def _levels_left(
    data: Data, forced: list[dict[LevelKey, Floats]], limit: float, start: Decision
) -> frozenset[LevelKey]:
    """Which levels some placement may have within a limit, and those of the best plan known."""
    levels = frozenset(key for key in forced[0] if (np.maximum.reduce([table[key] for table in forced]) <= limit).any())
    levels |= {(s + 1, row.index(1.0)) for s, row in enumerate(start.weights)}
    # behind the end of all that is left any will do
    return levels | {(s, 0) for s in set(data.stages) - {s for s, _ in levels}}


def _places(paths: Paths) -> frozenset[Place]:
    pairs = ((s + 1, int(e)) for s in range(paths.runner.shape[1]) for e in np.unique(paths.runner[:, s]))
    return frozenset((s, e) for s, e in pairs if e != NOWHERE)


def _within_limits(
    data: Data, paths: Paths, exits: StageExits, goal: Mapping[Objective, float], deadline: Deadline
) -> Mask:
    """Which placements some thresholds may bring within each limit, and to the accuracy floor."""
    instance = data.instance
    limits: dict[Objective, float | None] = {
        "cost": instance.cost_max_usd,
        "privacy": instance.privacy_max,
        "energy": instance.energy_max_j,
        "carbon": instance.carbon_max_g,
        "latency": instance.latency_slo_s if instance.latency_measure == "mean" else None,
    }
    possible = np.ones(len(paths), dtype=bool)
    for name, limit in limits.items():
        if limit is not None and name not in goal:
            for view in objectives(data, paths, name):
                bound = solve_dual(exits, instance.accuracy_min, view, deadline).bound
                possible &= bound <= limit * (1 + MARGIN) if limit > 0 else bound <= MARGIN
    return possible


def decision_at(data: Data, paths: Paths, n: int, levels: Ints) -> Decision:
    """Return placement n with a threshold for each stage, by its position in the menu the stage uses.

    Where a plan ends early, everybody leaves at the best such level of the last stage, whatever position is given; but
    where thresholds are chosen on samples, at the one that is.

    Parameters
    ----------
    data, paths, n, levels
        Coefficients of an instance, placements, which of them, and M positions in the menus.
    """
    instance, count = data.instance, int((paths.runner[n] != NOWHERE).sum())
    runners = [data.runners[e] for e in paths.runner[n, :count].tolist()]
    chosen_at = levels[:count].tolist()
    if count < data.last and not instance.joint:
        owner = data.menu_used(count, int(paths.runner[n, count - 1]))
        chosen_at[-1] = data.menu[count][data.ends[count, owner]].position
    variants = [runner.variant for runner in runners]
    menus = [instance.menu(s, v) for s, v in enumerate(variants)]
    weights = tuple(
        (0.0,) * chosen + (1.0,) + (0.0,) * (len(menu.exit_rates) - chosen - 1)
        for menu, chosen in zip(menus, chosen_at, strict=True)
    )
    ways = [max(way, 0) for way in paths.way[n, :count].tolist()]
    return shortest([runner.option for runner in runners], weights, ways, variants)


def _best_start(
    data: Data, paths: Paths, brackets: list[DualBound], goal: Mapping[Objective, float]
) -> tuple[Decision | None, float]:
    """Evaluate the most promising plans exactly; return the best that keeps all limits, and its value."""
    best, value = None, math.inf
    for bracket in brackets:
        for n in np.argsort(bracket.value, kind="stable")[:CANDIDATES].tolist():
            if not math.isfinite(bracket.value[n]):
                break
            decision = decision_at(data, paths, n, bracket.levels[n])
            metrics = evaluate(data.instance, decision)
            reached = metrics.blended(goal, data.instance.latency_measure)
            if not metrics.breaches and reached < value:
                best, value = decision, reached
    return best, value
