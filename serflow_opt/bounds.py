"""Which placements and thresholds can still win.

Every placement gets a Lagrangian bound (`lagrangian.py`). A placement whose bound exceeds the best plan known is out;
so is a threshold whose bound does when it is forced. Limits that are not in the bound (a mean or percentile latency)
only make more plans feasible there, so what is dropped is dropped rightly. Rented machines cost at least their
fractional rent, and at least the whole machines that the least busy thresholds need.

Placements are listed one by one, so this is done where there are not too many. It prunes; the proof for what is left is
the solver's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.decision import Decision
from serflow_opt.evaluator import evaluate
from serflow_opt.formulations.data import SLACK, Data, Place
from serflow_opt.instance import Instance
from serflow_opt.lagrangian import Bracket, Level, Linear, close_bracket, forced_levels
from serflow_opt.paths import (
    MOST,
    Floats,
    Ints,
    begins,
    by_option,
    compute_times,
    list_paths,
    moves,
    times,
    within_memory,
    worst_seconds,
)

MOST_FORCED = 5_000_000
"""Numbers held at once while thresholds are forced; beyond, all thresholds stay."""
CANDIDATES = 30
"""Plans evaluated exactly in search of a good one to start from."""
MARGIN = 1e-7
"""What a bound must exceed the best plan by, relative, before anything is dropped."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What is left after pruning.

    Attributes
    ----------
    places
        Pairs (stage 1..M, option) of the placements that can still win.
    levels
        Pairs (stage 1..M, menu entry) that can still win; None: all.
    listed, kept
        Placements there were and are.
    bound
        No plan is better: USD per request or seconds.
    start
        The best plan found, None when none was.
    paths, bounds, worst
        Of each placement that is left: its options, its own bound, its worst-case latency in seconds.
    """

    places: frozenset[Place]
    levels: frozenset[Level] | None
    listed: int
    kept: int
    bound: float
    start: Decision | None
    paths: Ints
    bounds: Floats
    worst: Floats

    def rivals(self, value: float, worst_below: float = math.inf) -> Pruned:
        """Return what is left of placements whose bound is at most `value` and whose worst case is below a limit."""
        alive = (self.bounds <= value) & (self.worst < worst_below)
        paths = self.paths[alive]
        return replace(
            self,
            places=_places(paths),
            kept=len(paths),
            start=None,
            paths=paths,
            bounds=self.bounds[alive],
            worst=self.worst[alive],
        )


def prune(instance: Instance, most: int = MOST) -> Pruned | None:
    """List the placements, bound each, and drop what cannot win.

    Returns None where there are more than `most` placements, or a percentile is minimised.
    """
    if instance.minimize == "latency" and instance.quantile is not None:
        return None
    data = Data(instance)
    paths = list_paths(data, most) if data.connected else np.empty((0, data.last), dtype=np.int64)
    if paths is None:
        return None
    listed = len(paths)
    if listed:
        worst = worst_seconds(data, paths)
        possible = within_memory(data, paths)
        if instance.latency_slo_s is not None and instance.latency_measure == "worst":
            possible &= worst <= instance.latency_slo_s * (1 + SLACK)
        paths, worst = paths[possible], worst[possible]
    if not len(paths):
        nothing = np.empty(0)
        return Pruned(frozenset(), frozenset(), listed, 0, math.inf, None, paths, nothing, nothing)
    views = objectives(data, paths)
    brackets = [close_bracket(instance, view) for view in views]
    bound = np.maximum.reduce([bracket.bound for bracket in brackets])
    start, best = _best_start(instance, paths, brackets)
    limit = best + MARGIN * abs(best)
    alive = bound <= limit
    if not alive.any():  # the start is the optimum to within rounding
        alive = bound <= bound.min()
    kept = paths[alive]
    levels = None
    widest = max(len(menu.exit_rates) for menu in instance.menus)
    if start is not None and instance.threshold_mode == "menu" and len(kept) * widest**2 <= MOST_FORCED:
        forced = [
            forced_levels(instance, Linear(view.fixed[alive], view.weight[alive]), bracket.multiplier[alive])
            for view, bracket in zip(views, brackets, strict=True)
        ]
        levels = frozenset(
            key for key in forced[0] if (np.maximum.reduce([table[key] for table in forced]) <= limit).any()
        )
        levels |= {(s + 1, row.index(1.0)) for s, row in enumerate(start.weights)}
    return Pruned(_places(kept), levels, listed, len(kept), float(bound.min()), start, kept, bound[alive], worst[alive])


def _places(paths: Ints) -> frozenset[Place]:
    return frozenset((s + 1, int(p)) for s in range(paths.shape[1]) for p in np.unique(paths[:, s]))


def objectives(data: Data, paths: Ints) -> list[Linear]:
    """Linear underestimates of what is minimised, in USD per request or seconds."""
    instance = data.instance
    nothing = np.zeros(len(paths))
    if instance.minimize == "latency":
        if instance.latency_measure == "worst":
            return [Linear(worst_seconds(data, paths), np.zeros(paths.shape))]
        return [Linear(nothing, times(data, paths, data.mean_cold_time) * data.second)]
    if instance.accounting == "as-printed":
        return [_as_printed(data, paths)]
    price, fees = by_option(data, data.busy_price), by_option(data, data.invocation_price)
    function = by_option(data, data.is_function) > 0
    compute = compute_times(data, paths)
    waiting = moves(data, paths, lambda p: 0.0, lambda hop: data.hop_time(hop) * data.waits(hop[1]))
    sender = np.column_stack([paths[:, 0], paths[:, :-1]])
    by_use = compute * price[paths] + np.where(begins(paths), fees[paths], 0.0)
    used = np.where(function[paths], by_use, 0.0) + moves(data, paths, data.entry_price, data.hop_price)
    machine = np.where(function[paths], 0.0, compute * price[paths]) + waiting * price[sender]
    if instance.accounting == "per-request":
        return [Linear(nothing, (used + machine) * data.dollar)]
    fractional = Linear(nothing, (used + machine / instance.utilisation_cap) * data.dollar)
    rent = _whole_rent(data, paths, compute, waiting, sender)
    return [fractional, Linear(rent, used * data.dollar)]


def _whole_rent(data: Data, paths: Ints, compute: Floats, waiting: Floats, sender: Ints) -> Floats:
    """Rent per request of the machines that each placement needs whatever the thresholds, USD."""
    instance = data.instance
    assert instance.rate_per_s is not None
    certain = np.array([data.reach_low[s] > 0 for s in data.stages])[None, :] & (compute > 0)
    rent = np.zeros(len(paths))
    for p in sorted(set(paths.ravel().tolist())):
        if data.is_function(p):
            continue
        rows = np.flatnonzero((paths == p).any(axis=1))
        here = paths[rows] == p
        busy = np.where(here, compute[rows], 0.0) + np.where(sender[rows] == p, waiting[rows], 0.0)
        least = close_bracket(instance, Linear(np.zeros(len(rows)), busy)).bound * data.second
        load = instance.rate_per_s * np.where(np.isfinite(least), least, 0.0) / instance.utilisation_cap
        count = np.maximum(np.ceil(load * (1 - MARGIN)), (here & certain[rows]).any(axis=1))
        rent[rows] += count * instance.options[p].usd_per_s / instance.rate_per_s
    return rent


def _as_printed(data: Data, paths: Ints) -> Linear:
    """C_I T_I (1 - R_{cut+1}) + C_F T_F R_{cut+1} for each placement (survey 2.2.3 (1))."""
    fixed, weight = np.zeros(len(paths)), np.zeros(paths.shape)
    for n, path in enumerate(paths.tolist()):
        cut = sum(data.tier[p] == 0 for p in path)
        first = sum(data.time(s + 1, path[s]) for s in range(cut))
        second = sum(data.time(s + 1, path[s]) for s in range(cut, data.last))
        if 0 < cut < data.last:
            first += data.hop_time((cut + 1, path[cut - 1], 1))
        before = data.busy_price(path[0]) * first if cut else 0.0
        fixed[n] = before
        if cut < data.last:
            weight[n, cut] = data.busy_price(path[cut]) * (second + data.cold_time(path[cut])) - before
    return Linear(fixed * data.dollar, weight * data.dollar)


def _best_start(instance: Instance, paths: Ints, brackets: list[Bracket]) -> tuple[Decision | None, float]:
    """Evaluate the most promising plans exactly; return the best that keeps all limits, and its value."""
    best, value = None, math.inf
    for bracket in brackets:
        for n in np.argsort(bracket.value, kind="stable")[:CANDIDATES].tolist():
            if not math.isfinite(bracket.value[n]):
                break
            weights = tuple(
                tuple(float(level == chosen) for level in range(len(menu.exit_rates)))
                for menu, chosen in zip(instance.menus, bracket.levels[n].tolist(), strict=True)
            )
            decision = Decision(tuple(paths[n].tolist()), weights)
            metrics = evaluate(instance, decision)
            reached = metrics.objective(instance.minimize, instance.latency_measure)
            if not metrics.breaches and reached < value:
                best, value = decision, reached
    return best, value
