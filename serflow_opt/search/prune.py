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
    arrivals,
    by_runner,
    compute_times,
    energies,
    leaks,
    list_paths,
    moves,
    option_of,
    times,
    whole_seconds,
)
from serflow_opt.search.runs import within_options

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
    if instance.latency_slo_s is not None and by_placement(instance):
        holds &= whole_seconds(data, paths) <= instance.latency_slo_s * (1 + SLACK)
    return paths[holds]


def by_placement(instance: Instance) -> bool:
    """Whether the placement alone decides the latency."""
    return instance.latency_measure == "worst" or instance.deviations is not None


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
        "latency": instance.latency_slo_s if instance.latency_measure == "mean" else None,
    }
    possible = np.ones(len(paths), dtype=bool)
    for name, limit in limits.items():
        if limit is not None and name not in goal:
            for view in objectives(data, paths, name):
                bound = solve_dual(exits, instance.accuracy_min, view, deadline).bound
                possible &= bound <= limit * (1 + MARGIN) if limit > 0 else bound <= MARGIN
    return possible


def blended(data: Data, paths: Paths, goal: Mapping[Objective, float]) -> list[LinearCost]:
    """Linear underestimates of a weighted sum of objectives, in SI units.

    Parameters
    ----------
    data, paths, goal
        Coefficients of an instance, N placements, and coefficients of objectives.
    """
    if len(goal) == 1:
        return objectives(data, paths, next(iter(goal)))
    total = LinearCost(np.zeros(len(paths)), np.zeros(paths.runner.shape))
    for name, weight in goal.items():
        view = objectives(data, paths, name)[0]
        total = LinearCost(total.fixed + weight * view.fixed, total.weight + weight * view.weight)
    return [total]


def objectives(data: Data, paths: Paths, name: Objective) -> list[LinearCost]:
    """Linear underestimates of an objective, in USD per request, seconds, loss or joules.

    Parameters
    ----------
    data, paths, name
        Coefficients of an instance, N placements, and the objective.

    Raises
    ------
    ValueError
        For the accuracy.
    """
    instance = data.instance
    nothing = np.zeros(len(paths))
    match name:
        case "privacy":
            return [LinearCost(nothing, leaks(data, paths))]
        case "energy":
            return [LinearCost(nothing, energies(data, paths) * data.joule)]
        case "latency":
            if by_placement(instance):
                return [LinearCost(whole_seconds(data, paths), np.zeros(paths.runner.shape))]
            if instance.latency_measure == "mean":
                return [LinearCost(nothing, times(data, paths, data.mean_cold_time) * data.second)]
            return [LinearCost(nothing, np.zeros(paths.runner.shape))]  # a percentile of fixed times: nothing is known
        case "cost":
            return _costs(data, paths)
    raise ValueError(f"no linear underestimate of {name}")


@dataclass(frozen=True, slots=True)
class _Work:
    """Of N placements: seconds in each stage, and of sending before it (by `sender`); which runners are functions."""

    compute: Floats
    sending: Floats
    sender: Ints
    price: Floats
    function: Mask

    @classmethod
    def of(cls, data: Data, paths: Paths) -> _Work:
        return cls(
            compute_times(data, paths) + arrivals(data, paths, data.decode_time),
            moves(data, paths, lambda hop: data.encode_time(hop) + data.hop_time(hop) * data.waits(hop[1])),
            np.column_stack([paths.runner[:, 0], paths.runner[:, :-1]]),
            by_runner(data, data.busy_price),
            by_runner(data, data.is_function) > 0,
        )

    def used(self, data: Data, paths: Paths) -> Floats:
        """What is paid by use, functions and links."""
        fees = by_runner(data, data.invocation_price)
        by_use = self.compute * self.price[paths.runner] + np.where(paths.moved, fees[paths.runner], 0.0)
        sent: Floats = np.where(self.function[self.sender], self.sending * self.price[self.sender], 0.0)
        return np.where(self.function[paths.runner], by_use, 0.0) + moves(data, paths, data.hop_price) + sent

    def on_machines(self, paths: Paths, by_second: Floats) -> Floats:
        """The same of machines, each second times what it counts by runner."""
        here: Floats = np.where(self.function[paths.runner], 0.0, self.compute * by_second[paths.runner])
        return here + np.where(self.function[self.sender], 0.0, self.sending * by_second[self.sender])


def busy_and_other(data: Data, paths: Paths) -> list[LinearCost]:
    """Seconds that a request keeps machines busy, and USD it pays for all else."""
    work, nothing = _Work.of(data, paths), np.zeros(len(paths))
    busy = work.on_machines(paths, np.ones(len(work.price)))
    return [LinearCost(nothing, busy * data.second), LinearCost(nothing, work.used(data, paths) * data.dollar)]


def _costs(data: Data, paths: Paths) -> list[LinearCost]:
    instance = data.instance
    nothing = np.zeros(len(paths))
    if instance.accounting == "as-printed":
        return [_as_printed(data, paths)]
    work = _Work.of(data, paths)
    used, machine = work.used(data, paths), work.on_machines(paths, work.price)
    if instance.accounting == "per-request":
        return [LinearCost(nothing, (used + machine) * data.dollar)]
    fractional = LinearCost(nothing, (used + machine / instance.utilisation_cap) * data.dollar)
    rent = _whole_rent(data, paths, work.compute, work.sending, work.sender)
    return [fractional, LinearCost(rent, used * data.dollar)]


def _whole_rent(data: Data, paths: Paths, compute: Floats, sending: Floats, sender: Ints) -> Floats:
    """Rent per request of the machines that each placement needs whatever the thresholds, USD."""
    instance = data.instance
    assert instance.rate_per_s is not None
    certain = np.array([data.reach_low[s] > 0 for s in data.stages])[None, :] & (compute_times(data, paths) > 0)
    option = option_of(data)
    exits = StageExits.of(data, paths)
    rent = np.zeros(len(paths))
    for p in np.unique(option[paths.runner]).tolist():
        if p == NOWHERE or data.is_function(p):
            continue
        here = option[paths.runner] == p
        rows = np.flatnonzero(here.any(axis=1))
        here, sends = here[rows], option[sender[rows]] == p
        busy = np.where(here, compute[rows], 0.0) + np.where(sends, sending[rows], 0.0)
        view = LinearCost(np.zeros(len(rows)), busy)
        least = solve_dual(exits.rows(rows), instance.accuracy_min, view).bound * data.second
        load = instance.rate_per_s * np.where(np.isfinite(least), least, 0.0) / instance.utilisation_cap
        load /= instance.options[p].workers
        count = np.maximum(np.ceil(load * (1 - MARGIN)), (here & certain[rows]).any(axis=1))
        rent[rows] += count * instance.options[p].rent_per_s / instance.rate_per_s
    return rent


def _as_printed(data: Data, paths: Paths) -> LinearCost:
    """C_I T_I (1 - R_{cut+1}) + C_F T_F R_{cut+1} for each placement (survey 2.2.3 (1))."""
    fixed, weight = np.zeros(len(paths)), np.zeros(paths.runner.shape)
    for n, path in enumerate(paths.runner.tolist()):
        cut = sum(data.tier[p] == 0 for p in path)
        first = sum(data.time(s + 1, path[s]) for s in range(cut))
        second = sum(data.time(s + 1, path[s]) for s in range(cut, data.last))
        if 0 < cut < data.last:
            first += data.hop_time((cut + 1, path[cut - 1], 1, 0))
        before = data.busy_price(path[0]) * first if cut else 0.0
        fixed[n] = before
        if cut < data.last:
            weight[n, cut] = data.busy_price(path[cut]) * (second + data.cold_time(path[cut])) - before
    return LinearCost(fixed * data.dollar, weight * data.dollar)


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
        chosen_at[-1] = data.menu[count][data.ends[count, owner]].index
    variants = [runner.variant for runner in runners]
    menus = [instance.menu(s, v) for s, v in enumerate(variants)]
    weights = tuple(
        tuple(float(level == chosen) for level in range(len(menu.exit_rates)))
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
