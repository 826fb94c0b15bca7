"""What placements cost at least, linear in who gets how far: money, time, leaks and energy of each, for bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import MARGIN
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.lagrangian import LinearCost, StageExits, solve_dual
from serflow_opt.search.placements import (
    NOWHERE,
    Paths,
    arrivals,
    by_runner,
    carbons,
    compute_times,
    energies,
    leaks,
    moves,
    option_of,
    times,
    whole_seconds,
)


def by_placement(instance: Instance) -> bool:
    """Whether the placement alone decides the latency."""
    return instance.latency_measure == "worst" or instance.deviations is not None


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
    """Linear underestimates of an objective, in USD per request, seconds, loss, joules or grams.

    Parameters
    ----------
    data, paths, name
        Coefficients of an instance, N placements, and the objective.

    Raises
    ------
    ValueError
        For the accuracy.
    """
    views = _views(data, paths, name)
    return [_at_all(view) for view in views] if data.instance.run_on and name != "latency" else views


def _at_all(view: LinearCost) -> LinearCost:
    """Count every stage for all requests, whoever has left."""
    return LinearCost(view.fixed + view.weight.sum(axis=1), np.zeros_like(view.weight))


def _views(data: Data, paths: Paths, name: Objective) -> list[LinearCost]:
    """Linear underestimates of an objective where work is done for those who have not left."""
    instance = data.instance
    nothing = np.zeros(len(paths))
    match name:
        case "privacy":
            return [LinearCost(nothing, leaks(data, paths))]
        case "energy":
            return [LinearCost(nothing, energies(data, paths) * data.joule)]
        case "carbon":
            return _carbons(data, paths)
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
    both = [LinearCost(nothing, busy * data.second), LinearCost(nothing, work.used(data, paths) * data.dollar)]
    return [_at_all(view) for view in both] if data.instance.run_on else both


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
    assert instance.rate_per_s is not None
    each = [option.rent_per_s / instance.rate_per_s for option in instance.options]
    return [fractional, LinearCost(_whole_rent(data, paths, work, each), used * data.dollar)]


def _carbons(data: Data, paths: Paths) -> list[LinearCost]:
    """Grams; what machines rented whole emit by being on as their rent: by the least of them, in parts and whole."""
    instance, nothing = data.instance, np.zeros(len(paths))
    used = carbons(data, paths) * data.gram
    if instance.accounting != "reserved":
        return [LinearCost(nothing, used)]
    options = range(len(instance.options))
    each = [0.0 if data.is_function(p) else data.machine_grams(p) * data.gram for p in options]
    assert instance.rate_per_s is not None
    by_second = instance.rate_per_s * data.second / instance.utilisation_cap
    parts = [each[option] / instance.options[option].workers * by_second for option in option_of(data)[:-1].tolist()]
    work = _Work.of(data, paths)
    in_parts = LinearCost(nothing, used + work.on_machines(paths, np.array(parts)))
    return [in_parts, LinearCost(_whole_rent(data, paths, work, each), used)]


def _whole_rent(data: Data, paths: Paths, work: _Work, each: Sequence[float]) -> Floats:
    """What the machines that each placement needs whatever the thresholds take, per request.

    Parameters
    ----------
    each
        By option, what one takes per request: USD of its rent, or grams.
    """
    compute, sending, sender = work.compute, work.sending, work.sender
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
        view = _at_all(view) if instance.run_on else view
        least = solve_dual(exits.rows(rows), instance.accuracy_min, view).bound * data.second
        load = instance.rate_per_s * np.where(np.isfinite(least), least, 0.0) / instance.utilisation_cap
        load /= instance.options[p].workers
        count = np.maximum(np.ceil(load * (1 - MARGIN)), (here & certain[rows]).any(axis=1))
        rent[rows] += count * each[p]
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
