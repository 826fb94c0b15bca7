"""Placements as what they make of reach: every objective and limit is linear in it, but for whole machines.

    objective = fixed + Σ_k R_k weight_k + Σ_j rent_j n_j,   n_j whole,   Σ_k R_k load_jk <= n_j
    Σ_k R_k use_ik + Σ_j use_rent_ij n_j <= most_i

R_k is the share of requests inside segment k of the stages (`grid.py`), j runs over the machines a placement rents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.tolerances import SLACK, SMALLEST, TOLERANCE
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.placements import (
    MOST,
    NOWHERE,
    Paths,
    arrivals,
    by_runner,
    carbons,
    compute_times,
    list_paths,
    moves,
    option_of,
    times,
)
from serflow_opt.search.prune import possible
from serflow_opt.search.underestimates import objectives


@dataclass(frozen=True, slots=True, eq=False)
class PlacementChoices:
    """P placements, K segments, J machines rented at most, I further limits.

    Attributes
    ----------
    data, paths
        The placements; some may stand more than once, each time with another promise on a percentile. Those that end
        early have the limit that nobody is inside behind.
    listed
        How many placements there were before limits ruled any out.
    fixed, weight
        P and P x K, in SI units a request.
    rent, load
        P x J, per request and machine, and P x J x K, machines; 0 where fewer are rented.
    use, use_rent, most
        P x I x K, P x I x J and P x I; most is infinite where there is no limit.
    """

    data: Data
    paths: Paths
    listed: int
    fixed: Floats
    weight: Floats
    rent: Floats
    load: Floats
    use: Floats
    use_rent: Floats
    most: Floats

    def __len__(self) -> int:
        """Return P."""
        return len(self.fixed)

    def monotone(self) -> bool:
        """Whether no stage lessens the objective or the use of a limit, so that to leave earlier never costs more."""
        paid = (self.weight[:, 1:], self.rent, self.load[:, :, 1:], self.use[:, :, 1:], self.use_rent)
        return all(bool((part >= 0).all()) for part in paid)

    def machines(self, reach: Floats, rows: Ints | slice = slice(None)) -> Floats:
        """Return the machines rented at one reach vector, P x J."""
        count: Floats = np.ceil(self.load[rows] @ reach * (1 - TOLERANCE))
        return count

    def values(self, reach: Floats) -> Floats:
        """Return the objective of every placement at one reach vector, infinite where a limit is broken."""
        count = self.machines(reach)
        value: Floats = self.fixed + self.weight @ reach + (self.rent * count).sum(axis=1)
        spent = self.use @ reach + np.einsum("pij,pj->pi", self.use_rent, count)
        value[(spent > self.most).any(axis=1)] = math.inf
        return value


def choices(instance: Instance, goal: Objective) -> PlacementChoices | None:
    """Return the placements of an instance for one objective; None where there are too many to list."""
    data = Data(instance)
    listed = list_paths(data, MOST)
    if listed is None:
        return None
    paths = possible(data, listed)
    at = _segments(instance)
    whole = instance.accounting == "reserved"
    fixed, weight = np.zeros(len(paths)), np.zeros(paths.runner.shape)
    quantile = instance.quantile if instance.deviations is None else None
    rented = _rented(data, paths) if whole else {}
    if goal in rented:
        weight = rented[goal].used
    elif not (goal == "latency" and quantile is not None):
        view = objectives(data, paths, goal)[0]
        fixed, weight = view.fixed, view.weight
    load = rented["cost"].load if rented else np.zeros((len(paths), 0, paths.runner.shape[1]))
    sides: list[tuple[Floats, Floats, Floats]] = []
    none = np.zeros((len(paths), load.shape[1]))
    rent = rented[goal].rent if goal in rented else none
    limits: tuple[tuple[Objective, float | None], ...] = (
        ("cost", instance.cost_max_usd),
        ("privacy", instance.privacy_max),
        ("energy", instance.energy_max_j),
        ("carbon", instance.carbon_max_g),
        ("latency", instance.latency_slo_s if instance.latency_measure == "mean" else None),
    )
    for name, limit in limits:
        if limit is None:
            continue
        if name in rented:
            own = rented[name]
            sides.append((own.used, own.rent, np.full(len(paths), limit * (1 + TOLERANCE))))
        else:
            view = objectives(data, paths, name)[0]
            sides.append((view.weight, none, limit + TOLERANCE * abs(limit) + SMALLEST - view.fixed))
    if data.ends:
        end = paths.stages
        behind = end[:, None] == np.arange(paths.runner.shape[1])  # the stage after the last one
        sides.append((behind.astype(float), none, np.where(end < paths.runner.shape[1], TOLERANCE, math.inf)))
    count, stages, width = *paths.runner.shape, rent.shape[1]
    use = np.stack([side[0] for side in sides], axis=1) if sides else np.zeros((count, 0, stages))
    use_rent = np.stack([side[1] for side in sides], axis=1) if sides else np.zeros((count, 0, width))
    most = np.stack([side[2] for side in sides], axis=1) if sides else np.zeros((len(paths), 0))
    load = np.where(((rent > 0) | (use_rent > 0).any(axis=1))[:, :, None], load, 0.0)  # free machines need no count
    if not load.any():
        rent, load, use_rent = rent[:, :0], load[:, :0], use_rent[:, :, :0]
    summed = [np.add.reduceat(part, at, axis=-1) for part in (weight, load, use)]
    plain = PlacementChoices(data, paths, len(listed), fixed, summed[0], rent, summed[1], summed[2], use_rent, most)
    return plain if quantile is None else _with_percentiles(plain, at, goal, quantile)


def _segments(instance: Instance) -> list[int]:
    """Return the position of the first stage of each segment."""
    assert instance.samples is not None
    return [0, *instance.samples.classifier_stages[:-1]]


@dataclass(frozen=True, slots=True)
class _Rented:
    """Of P placements: what each of J machines takes per request, their loads by stage, what counts by use."""

    rent: Floats
    load: Floats
    used: Floats


def _rented(data: Data, paths: Paths) -> dict[Objective, _Rented]:
    """Money (USD) and, where it is counted, carbon (g) of placements whose machines are rented whole."""
    instance = data.instance
    assert instance.rate_per_s is not None
    price, fees = by_runner(data, data.busy_price), by_runner(data, data.invocation_price)
    function = by_runner(data, data.is_function) > 0
    option = option_of(data)
    compute = compute_times(data, paths) + arrivals(data, paths, data.decode_time)
    sending = moves(data, paths, lambda hop: data.encode_time(hop) + data.hop_time(hop) * data.waits(hop[1]))
    sender = np.column_stack([paths.runner[:, 0], paths.runner[:, :-1]])
    by_use = compute * price[paths.runner] + np.where(paths.moved, fees[paths.runner], 0.0)
    used = np.where(function[paths.runner], by_use, 0.0) + moves(data, paths, data.hop_price)
    used += np.where(function[sender], sending * price[sender], 0.0)
    slots = np.zeros(len(paths), dtype=np.int64)
    found: list[tuple[Ints, Ints, float, float, Floats]] = []
    for p in np.unique(option[paths.runner]).tolist():
        runs, sends = option[paths.runner] == p, option[sender] == p
        if p == NOWHERE or instance.tiers[instance.options[p].tier].kind == "function":
            continue
        rows = np.flatnonzero(runs.any(axis=1))
        busy = np.where(runs[rows], compute[rows], 0.0) + np.where(sends[rows], sending[rows], 0.0)
        machines = busy * data.second * instance.rate_per_s / instance.utilisation_cap / instance.options[p].workers
        usd, grams = instance.options[p].rent_per_s / instance.rate_per_s, data.machine_grams(p) * data.gram
        found.append((rows, slots[rows], usd, grams, machines))
        slots[rows] += 1
    width = int(slots.max(initial=0))
    rent, load = np.zeros((len(paths), width)), np.zeros((len(paths), width, paths.runner.shape[1]))
    on = np.zeros_like(rent)
    for rows, slot, usd, grams, machines in found:
        rent[rows, slot], on[rows, slot] = usd, grams
        load[rows, slot] = machines
    both: dict[Objective, _Rented] = {"cost": _Rented(rent, load, used * data.dollar)}
    if instance.carbon_known:
        both["carbon"] = _Rented(on, load, carbons(data, paths) * data.gram)
    return both


def _with_percentiles(plain: PlacementChoices, at: list[int], goal: Objective, quantile: float) -> PlacementChoices:
    """Add what a percentile of fixed times asks: that few enough requests are late.

    Where it is limited, that is by the limit. Where it is minimised, each moment at which some kind of requests is done
    with some stage is a choice of its own, with that moment as objective.
    """
    data, instance = plain.data, plain.data.instance
    share, done = _kinds(data, plain.paths)
    slo, rows = instance.latency_slo_s, np.arange(len(plain))
    if goal == "latency":
        rows = np.repeat(rows, done[0].size if len(done) else 0)
        moment = done.ravel()
        if slo is not None:
            kept = moment <= slo * (1 + SLACK)
            rows, moment = rows[kept], moment[kept]
        fixed, limit = moment, moment
    elif slo is not None:
        fixed, limit = plain.fixed, np.full(len(rows), slo)
    else:
        return plain
    # who leaves at stage s, R_s - R_{s+1}, is late if the kind is: R_s counts by those that are late from s on
    late = (share[rows, :, None] * (done[rows] > limit[:, None, None] * (1 + SLACK))).sum(axis=1)
    use = np.add.reduceat(np.diff(late, prepend=0.0, axis=1), at, axis=1)[:, None, :]
    allowed = np.full((len(rows), 1), 1 - quantile + TOLERANCE)
    able = np.flatnonzero(late[:, 0] <= allowed[:, 0])  # else too many are late whatever the thresholds
    rows = rows[able]
    return PlacementChoices(
        data,
        plain.paths[rows],
        plain.listed,
        fixed[able],
        plain.weight[rows],
        plain.rent[rows],
        plain.load[rows],
        np.concatenate([plain.use[rows], use[able]], axis=1),
        np.concatenate([plain.use_rent[rows], np.zeros((len(rows), 1, plain.rent.shape[1]))], axis=1),
        np.concatenate([plain.most[rows], allowed[able]], axis=1),
    )


def _kinds(data: Data, paths: Paths) -> tuple[Floats, Floats]:
    """Requests of each placement by the cold starts they meet: the share of each kind, and its clock.

    P x K, and P x K x M, seconds at the end of each stage. A share of those that come to a function meets its cold
    start, whichever others they meet.
    """

    def certain(e: int) -> float:
        return data.cold_time(e) if data.cold_share(e) >= 1 else 0.0

    def chance(e: int) -> float:
        return data.cold_share(e) if data.cold_time(e) > 0 and data.cold_share(e) < 1 else 0.0

    warm = times(data, paths, certain)
    met = arrivals(data, paths, lambda entry: chance(entry[1]))
    cold = arrivals(data, paths, lambda entry: data.cold_time(entry[1]))
    coin = np.cumsum(met > 0, axis=1)  # the first, second, ... of the placement
    coins = int(coin.max(initial=0))
    shares, clocks = [], []
    for kind in product((False, True), repeat=coins):
        yes = (met > 0) & np.array([False, *kind])[coin]
        heads = np.where(yes, met, np.where(met > 0, 1 - met, 1.0)).prod(axis=1)
        missing = coin[:, -1:] <= np.arange(coins) if len(paths) else np.zeros((0, coins), dtype=bool)
        shares.append(np.where((missing & np.array(kind, dtype=bool)).any(axis=1), 0.0, heads))
        clocks.append(np.cumsum(warm + np.where(yes, cold, 0.0), axis=1) * data.second)
    return np.stack(shares, axis=1), np.stack(clocks, axis=1)
