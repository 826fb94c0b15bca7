"""Placements as what they make of reach: every objective and limit is linear in it, but for whole machines.

    objective = fixed + Σ_k R_k weight_k + Σ_j rent_j n_j,   n_j whole,   Σ_k R_k load_jk <= n_j
    Σ_k R_k use_ik + Σ_j use_rent_ij n_j <= most_i

R_k is the share of requests inside segment k of the stages (`grid.py`), j runs over the machines a placement rents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt.bounds import objectives, possible
from serflow_opt.formulations.data import SLACK, Data
from serflow_opt.instance import Instance, Objective
from serflow_opt.joint.grid import Floats, Ints
from serflow_opt.paths import (
    MOST,
    Paths,
    arrivals,
    by_runner,
    compute_times,
    list_paths,
    moves,
    times,
)

ROUNDING = 1e-9
"""Shares and machine loads count as equal within this, as the exact evaluator counts them."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """P placements, K segments, J machines rented at most, I further limits.

    Attributes
    ----------
    data, paths
        The placements; some may stand more than once, each time with another promise on a percentile.
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

    def machines(self, reach: Floats, rows: Ints | slice = slice(None)) -> Floats:
        """Return the machines rented at one reach vector, P x J."""
        count: Floats = np.ceil(self.load[rows] @ reach * (1 - ROUNDING))
        return count

    def values(self, reach: Floats) -> Floats:
        """Return the objective of every placement at one reach vector, infinite where a limit is broken."""
        count = self.machines(reach)
        value: Floats = self.fixed + self.weight @ reach + (self.rent * count).sum(axis=1)
        spent = self.use @ reach + np.einsum("pij,pj->pi", self.use_rent, count)
        value[(spent > self.most).any(axis=1)] = math.inf
        return value


def choices(instance: Instance, goal: Objective) -> Choices | None:
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
    if not (goal == "latency" and quantile is not None) and not (goal == "cost" and whole):
        view = objectives(data, paths, goal)[0]
        fixed, weight = view.fixed, view.weight
    rent, load, used = _rented(data, paths) if whole else (np.zeros((len(paths), 0)), None, None)
    if load is None:
        load = np.zeros((len(paths), 0, paths.runner.shape[1]))
    if goal == "cost" and used is not None:
        weight = used
    sides: list[tuple[Floats, Floats, Floats]] = []
    none = np.zeros((len(paths), rent.shape[1]))
    limits: tuple[tuple[Objective, float | None], ...] = (
        ("cost", instance.cost_max_usd),
        ("privacy", instance.privacy_max),
        ("energy", instance.energy_max_j),
        ("latency", instance.latency_slo_s if instance.latency_measure == "mean" else None),
    )
    for name, limit in limits:
        if limit is None:
            continue
        if name == "cost" and used is not None:
            sides.append((used, rent, np.full(len(paths), limit * (1 + ROUNDING))))
        else:
            view = objectives(data, paths, name)[0]
            sides.append((view.weight, none, limit * (1 + ROUNDING) + 1e-300 - view.fixed))
    if goal != "cost":
        rent = np.zeros_like(rent)
    count, stages, width = *paths.runner.shape, rent.shape[1]
    use = np.stack([side[0] for side in sides], axis=1) if sides else np.zeros((count, 0, stages))
    use_rent = np.stack([side[1] for side in sides], axis=1) if sides else np.zeros((count, 0, width))
    most = np.stack([side[2] for side in sides], axis=1) if sides else np.zeros((len(paths), 0))
    load = np.where(((rent > 0) | (use_rent > 0).any(axis=1))[:, :, None], load, 0.0)  # free machines need no count
    if not load.any():
        rent, load, use_rent = rent[:, :0], load[:, :0], use_rent[:, :, :0]
    summed = [np.add.reduceat(part, at, axis=-1) for part in (weight, load, use)]
    plain = Choices(data, paths, len(listed), fixed, summed[0], rent, summed[1], summed[2], use_rent, most)
    return plain if quantile is None else _with_percentiles(plain, at, goal, quantile)


def _segments(instance: Instance) -> list[int]:
    """Return the position of the first stage of each segment."""
    assert instance.samples is not None
    return [0, *instance.samples.classifier_stages[:-1]]


def _rented(data: Data, paths: Paths) -> tuple[Floats, Floats, Floats]:
    """Rent, load by stage, and what is paid by use by stage (USD), of placements whose machines are rented whole."""
    instance = data.instance
    assert instance.rate_per_s is not None
    price, fees = by_runner(data, data.busy_price), by_runner(data, data.invocation_price)
    function = by_runner(data, data.is_function) > 0
    option = np.array([runner.option for runner in data.runners])
    compute = compute_times(data, paths) + arrivals(data, paths, data.decode_time)
    sending = moves(data, paths, lambda hop: data.encode_time(hop) + data.hop_time(hop) * data.waits(hop[1]))
    sender = np.column_stack([paths.runner[:, 0], paths.runner[:, :-1]])
    by_use = compute * price[paths.runner] + np.where(paths.moved, fees[paths.runner], 0.0)
    used = np.where(function[paths.runner], by_use, 0.0) + moves(data, paths, data.hop_price)
    used += np.where(function[sender], sending * price[sender], 0.0)
    slots = np.zeros(len(paths), dtype=np.int64)
    found: list[tuple[Ints, Ints, float, Floats]] = []
    for p in np.unique(option[paths.runner]).tolist():
        runs, sends = option[paths.runner] == p, option[sender] == p
        if instance.tiers[instance.options[p].tier].kind == "function":
            continue
        rows = np.flatnonzero(runs.any(axis=1))
        busy = np.where(runs[rows], compute[rows], 0.0) + np.where(sends[rows], sending[rows], 0.0)
        machines = busy * data.second * instance.rate_per_s / instance.utilisation_cap / instance.options[p].workers
        found.append((rows, slots[rows], instance.options[p].rent_per_s / instance.rate_per_s, machines))
        slots[rows] += 1
    width = int(slots.max(initial=0))
    rent, load = np.zeros((len(paths), width)), np.zeros((len(paths), width, paths.runner.shape[1]))
    for rows, slot, usd, machines in found:
        rent[rows, slot] = usd
        load[rows, slot] = machines
    return rent, load, used * data.dollar


def _with_percentiles(plain: Choices, at: list[int], goal: Objective, quantile: float) -> Choices:
    """Add what a percentile of fixed times asks: that few enough are still inside after some stage.

    Where it is limited, the stage is the last that ends within the limit. Where it is minimised, each stage is a choice
    of its own, with the time it ends as objective.
    """
    data, instance = plain.data, plain.data.instance
    clock = np.cumsum(times(data, plain.paths, data.whole_cold_time) * data.second, axis=1)
    stages = clock.shape[1]
    if goal == "latency":
        rows, ends = np.repeat(np.arange(len(plain)), stages), np.tile(np.arange(stages), len(plain))
        if instance.latency_slo_s is not None:
            kept = clock[rows, ends] <= instance.latency_slo_s * (1 + SLACK)
            rows, ends = rows[kept], ends[kept]
        fixed = clock[rows, ends]
    elif instance.latency_slo_s is not None:
        within = (clock <= instance.latency_slo_s * (1 + SLACK)).sum(axis=1)
        rows = np.flatnonzero(within > 0)
        ends, fixed = within[rows] - 1, plain.fixed[rows]
    else:
        return plain
    # inside after a stage: those in the segment of the next stage; nobody after the last
    segment = np.searchsorted(np.array(at), np.arange(1, stages + 1), side="right") - 1
    inside = np.zeros((len(rows), 1, plain.weight.shape[1]))
    more = np.flatnonzero(ends < stages - 1)
    inside[more, 0, segment[ends[more]]] = 1.0
    allowed = np.full((len(rows), 1), 1 - quantile + ROUNDING)
    return Choices(
        data,
        plain.paths[rows],
        plain.listed,
        fixed,
        plain.weight[rows],
        plain.rent[rows],
        plain.load[rows],
        np.concatenate([plain.use[rows], inside], axis=1),
        np.concatenate([plain.use_rent[rows], np.zeros((len(rows), 1, plain.rent.shape[1]))], axis=1),
        np.concatenate([plain.most[rows], allowed], axis=1),
    )
