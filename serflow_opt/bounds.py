"""Which placements and thresholds can still win: a Lagrangian bound for every placement at once.

With the placement fixed, what a plan costs (or its mean time) is const + Σ_s R_s w_s, where w_s is what a request that
enters stage s adds there. Only the accuracy floor couples the classifiers. Moving it into the objective with a
multiplier λ leaves, for each placement, one backward recursion over the stages

    V_s = w_s + min_l { -λ e_{s,l} r_{s,l} + (1 - e_{s,l}) V_{s+1} },

so const + V_1 + λ A_tar is below every plan of that placement, and the thresholds that attain the minimum are a plan of
known cost and accuracy. λ is found by intersecting the two supporting lines that bracket A_tar, for all placements in
step. A placement whose bound exceeds the best plan known is out; so is a threshold whose bound does when it is forced.
Limits that are not in the recursion (a mean or percentile bound) only make more plans feasible here, so what is dropped
is dropped rightly. Rented machines cost at least their fractional rent, and at least the whole machines that the least
busy thresholds need.

Placements are listed one by one, so this is done where there are at most `MOST`. It prunes; the proof for what is
left is the solver's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from serflow_opt.evaluator import evaluate
from serflow_opt.formulations.data import SLACK, Data, Place
from serflow_opt.instance import Instance
from serflow_opt.plan import Decision

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Level = tuple[int, int]

MOST = 100_000
MOST_FORCED = 5_000_000
"""Numbers held at once while thresholds are forced; beyond, all thresholds stay."""
ROUNDS = 25
"""Multiplier updates at most; the bracket usually closes within ten."""
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


@dataclass(frozen=True, slots=True)
class _Linear:
    """Objectives of N placements: fixed[n] + Σ_s R_s weight[n, s] is at most the true value of any plan."""

    fixed: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class _Bracket:
    """For each placement: its bound, the multiplier that gave it, and the best thresholds met that keep the floor."""

    bound: Floats
    multiplier: Floats
    value: Floats
    levels: Ints


def prune(instance: Instance) -> Pruned | None:
    """List the placements, bound each, and drop what cannot win.

    Returns None where there are too many placements to list, or a percentile is minimised.
    """
    if instance.minimize == "latency" and instance.quantile is not None:
        return None
    data = Data(instance)
    paths = _list_paths(data) if data.connected else np.empty((0, data.last), dtype=np.int64)
    if paths is None:
        return None
    listed = len(paths)
    if listed:
        worst = _worst(data, paths)
        possible = _within_memory(data, paths)
        if instance.latency_slo_s is not None and instance.latency_measure == "worst":
            possible &= worst <= instance.latency_slo_s * (1 + SLACK)
        paths, worst = paths[possible], worst[possible]
    if not len(paths):
        nothing = np.empty(0)
        return Pruned(frozenset(), frozenset(), listed, 0, math.inf, None, paths, nothing, nothing)
    views = _objectives(data, paths)
    brackets = [_close_bracket(instance, view) for view in views]
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
            _forced_levels(instance, _Linear(view.fixed[alive], view.weight[alive]), bracket.multiplier[alive])
            for view, bracket in zip(views, brackets, strict=True)
        ]
        levels = frozenset(
            key for key in forced[0] if (np.maximum.reduce([table[key] for table in forced]) <= limit).any()
        )
        levels |= {(s + 1, row.index(1.0)) for s, row in enumerate(start.weights)}
    return Pruned(_places(kept), levels, listed, len(kept), float(bound.min()), start, kept, bound[alive], worst[alive])


def _places(paths: Ints) -> frozenset[Place]:
    return frozenset((s + 1, int(p)) for s in range(paths.shape[1]) for p in np.unique(paths[:, s]))


def _list_paths(data: Data) -> Ints | None:
    """Return every placement as a row of options, None when there are more than MOST."""
    onward: dict[Place, list[int]] = {place: [] for place in data.places}
    for s, p in data.stays:
        onward[s - 1, p].append(p)
    for s, p, k in data.hops:
        onward[s - 1, p] += [q for q in data.options if data.tier[q] == k and q != p and (s, q) in onward]
    paths = np.array([[p] for p in data.entries], dtype=np.int64).reshape(-1, 1)
    for s in data.stages[:-1]:
        grown = [
            np.column_stack([np.repeat(rows, len(onward[s, p]), axis=0), np.tile(onward[s, p], len(rows))])
            for p in np.unique(paths[:, -1])
            if onward[s, int(p)]
            for rows in [paths[paths[:, -1] == p]]
        ]
        paths = np.concatenate(grown) if grown else np.empty((0, s + 1), dtype=np.int64)
        if len(paths) > MOST:
            return None
    return paths


def _within_memory(data: Data, paths: Ints) -> NDArray[np.bool_]:
    fits = np.ones(len(paths), dtype=bool)
    size = np.array([stage.parameter_bytes for stage in data.instance.stages])
    peak = np.array([data.activation(s) for s in data.stages])
    for p, option in enumerate(data.instance.options):
        if option.memory_bytes is not None:
            here = paths == p
            used = here @ size + np.max(np.where(here, peak, 0.0), axis=1)
            fits &= ~here.any(axis=1) | (used <= option.memory_bytes * (1 + SLACK))
    return fits


def _worst(data: Data, paths: Ints) -> Floats:
    """Worst-case latency of each placement, seconds."""
    cold = np.array([data.cold_time(p) * (data.cold_share(p) > 0) for p in data.options])
    total: Floats = _times(data, paths, cold).sum(axis=1) * data.second
    return total


def _times(data: Data, paths: Ints, cold: Floats) -> Floats:
    """Time of each stage with the hand-over and cold start before it, N x M, / second."""
    table = np.array([[data.time(s, p) for p in data.options] for s in data.stages])
    times: Floats = table[np.arange(data.last)[None, :], paths].astype(float)
    times += _moves(data, paths, data.entry_time, data.hop_time)
    return times + np.where(_begins(paths), cold[paths], 0.0)


def _begins(paths: Ints) -> NDArray[np.bool_]:
    begins = np.ones(paths.shape, dtype=bool)
    begins[:, 1:] = paths[:, 1:] != paths[:, :-1]
    return begins


def _moves(data: Data, paths: Ints, entry: object, hop: object) -> Floats:
    """Something of the move before each stage, N x M, from functions of an entry option and of a hop."""
    assert callable(entry)
    assert callable(hop)
    tier = np.array(data.tier)[paths]
    moved = np.zeros(paths.shape)
    first = np.zeros(len(data.options))
    for p in data.entries:
        first[p] = entry(p)
    moved[:, 0] = first[paths[:, 0]]
    table = np.zeros((data.last, len(data.options), len(data.instance.tiers)))
    for s, p, k in data.hops:
        table[s - 1, p, k] = hop((s, p, k))
    crossed = tier[:, 1:] != tier[:, :-1]
    steps = np.arange(1, data.last)[None, :]
    moved[:, 1:] = np.where(crossed, table[steps, paths[:, :-1], tier[:, 1:]], 0.0)
    return moved


def _objectives(data: Data, paths: Ints) -> list[_Linear]:
    """Linear underestimates of what is minimised, in USD per request or seconds."""
    instance = data.instance
    nothing = np.zeros(len(paths))
    if instance.minimize == "latency":
        if instance.latency_measure == "worst":
            return [_Linear(_worst(data, paths), np.zeros(paths.shape))]
        cold = [data.cold_time(p) * data.cold_share(p) for p in data.options]
        return [_Linear(nothing, _times(data, paths, np.array(cold)) * data.second)]
    if instance.accounting == "as-printed":
        return [_as_printed(data, paths)]
    price = np.array([data.busy_price(p) for p in data.options])
    function = np.array([data.is_function(p) for p in data.options])
    fees = np.array(
        [
            instance.options[p].usd_per_request / data.dollar + price[p] * data.cold_share(p) * data.cold_time(p)
            if function[p]
            else 0.0
            for p in data.options
        ]
    )
    table = np.array([[data.time(s, p) for p in data.options] for s in data.stages])
    compute = table[np.arange(data.last)[None, :], paths]
    waiting = _moves(data, paths, lambda p: 0.0, lambda hop: data.hop_time(hop) * data.waits(hop[1]))
    sender = np.column_stack([paths[:, 0], paths[:, :-1]])
    by_use = compute * price[paths] + np.where(_begins(paths), fees[paths], 0.0)
    used = np.where(function[paths], by_use, 0.0) + _moves(data, paths, data.entry_price, data.hop_price)
    machine = np.where(function[paths], 0.0, compute * price[paths]) + waiting * price[sender]
    if instance.accounting == "per-request":
        return [_Linear(nothing, (used + machine) * data.dollar)]
    fractional = _Linear(nothing, (used + machine / instance.utilisation_cap) * data.dollar)
    rent = _whole_rent(data, paths, compute, waiting, sender)
    return [fractional, _Linear(rent, used * data.dollar)]


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
        least = _close_bracket(instance, _Linear(np.zeros(len(rows)), busy)).bound * data.second
        load = instance.rate_per_s * np.where(np.isfinite(least), least, 0.0) / instance.utilisation_cap
        count = np.maximum(np.ceil(load * (1 - MARGIN)), (here & certain[rows]).any(axis=1))
        rent[rows] += count * instance.options[p].usd_per_s / instance.rate_per_s
    return rent


def _as_printed(data: Data, paths: Ints) -> _Linear:
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
    return _Linear(fixed * data.dollar, weight * data.dollar)


def _recursion(instance: Instance, weight: Floats, multiplier: Floats) -> tuple[Floats, Floats, Ints]:
    """Solve V for each placement; return cost, accuracy and thresholds of the minimising policy."""
    count, last = weight.shape
    cost, right = np.zeros(count), np.zeros(count)
    levels = np.zeros(weight.shape, dtype=np.int64)
    for s in range(last - 1, -1, -1):
        rate, mass = _menu(instance, s)
        value = cost - multiplier * right
        choice = (value[:, None] * (1 - rate) - multiplier[:, None] * mass).argmin(axis=1)
        levels[:, s] = choice
        cost = weight[:, s] + (1 - rate[choice]) * cost
        right = mass[choice] + (1 - rate[choice]) * right
    return cost, right, levels


def _menu(instance: Instance, s: int) -> tuple[Floats, Floats]:
    """Exit rates and accuracy masses e·r of a stage; accuracy counts as 0 when unknown."""
    menu = instance.menus[s]
    rate = np.array(menu.exit_rates)
    return rate, np.nan_to_num(rate * np.array(menu.accuracies))


def _close_bracket(instance: Instance, view: _Linear) -> _Bracket:
    """Find for each placement the multiplier with the best bound."""
    floor = instance.accuracy_min
    zero = np.zeros(len(view.fixed))
    low_cost, low_right, low_levels = _recursion(instance, view.weight, zero)
    if floor is None:
        return _Bracket(view.fixed + low_cost, zero, view.fixed + low_cost, low_levels)
    slack = floor * (1 - SLACK)
    # the most accurate thresholds are the same everywhere: no cost, multiplier 1
    _, most, most_levels = _recursion(instance, np.zeros((1, view.weight.shape[1])), np.ones(1))
    if most[0] < slack:
        infinite = np.full(len(zero), math.inf)
        return _Bracket(infinite, zero, infinite, low_levels)
    high_levels = np.repeat(most_levels, len(zero), axis=0)
    high_cost = _cost_of(instance, view.weight, most_levels[0])
    high_right = np.full(len(zero), most[0])
    feasible = low_right >= slack
    high_cost = np.where(feasible, low_cost, high_cost)
    high_levels = np.where(feasible[:, None], low_levels, high_levels)
    bound, multiplier = low_cost.copy(), zero.copy()
    open_ = np.flatnonzero(~feasible)
    for _ in range(ROUNDS):
        if not len(open_):
            break
        step = (high_cost[open_] - low_cost[open_]) / (high_right[open_] - low_right[open_])
        step = np.maximum(step, 0.0)
        cost, right, levels = _recursion(instance, view.weight[open_], step)
        value = cost + step * (floor - right)
        better = value > bound[open_]
        bound[open_] = np.where(better, value, bound[open_])
        multiplier[open_] = np.where(better, step, multiplier[open_])
        keeps = right >= slack
        line = low_cost[open_] + step * (floor - low_right[open_])
        done = value >= line - 1e-13 * np.abs(line)
        for side, chosen in ((True, keeps), (False, ~keeps)):
            rows = open_[chosen]
            if side:
                high_cost[rows], high_right[rows], high_levels[rows] = cost[chosen], right[chosen], levels[chosen]
            else:
                low_cost[rows], low_right[rows] = cost[chosen], right[chosen]
        open_ = open_[~done & (high_right[open_] > low_right[open_])]
    return _Bracket(view.fixed + bound, multiplier, view.fixed + high_cost, high_levels)


def _cost_of(instance: Instance, weight: Floats, levels: Ints) -> Floats:
    """Σ_s R_s w_s of every placement under the same thresholds."""
    reach, total = 1.0, np.zeros(len(weight))
    for s, level in enumerate(levels.tolist()):
        total += reach * weight[:, s]
        reach *= 1 - instance.menus[s].exit_rates[level]
    return total


def _best_start(instance: Instance, paths: Ints, brackets: list[_Bracket]) -> tuple[Decision | None, float]:
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


def _forced_levels(instance: Instance, view: _Linear, multiplier: Floats) -> dict[Level, Floats]:
    """Bound of each placement with one threshold forced, at the placement's multiplier."""
    floor = instance.accuracy_min or 0.0
    last = view.weight.shape[1]
    suffix = [np.zeros(len(multiplier))] * (last + 1)
    for s in range(last - 1, -1, -1):
        rate, mass = _menu(instance, s)
        steps = suffix[s + 1][:, None] * (1 - rate) - multiplier[:, None] * mass
        suffix[s] = view.weight[:, s] + steps.min(axis=1)
    bounds: dict[Level, Floats] = {}
    for s in range(last):
        rate, mass = _menu(instance, s)
        value = view.weight[:, s, None] + suffix[s + 1][:, None] * (1 - rate) - multiplier[:, None] * mass
        for t in range(s - 1, -1, -1):
            rate_t, mass_t = _menu(instance, t)
            steps = value[:, :, None] * (1 - rate_t) - (multiplier[:, None] * mass_t)[:, None, :]
            value = view.weight[:, t, None] + steps.min(axis=2)
        total = view.fixed[:, None] + value + (multiplier * floor)[:, None]
        for level in range(total.shape[1]):
            bounds[s + 1, level] = total[:, level]
    return bounds
