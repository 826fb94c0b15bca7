"""A Lagrangian bound for many placements at once, and the thresholds that attain it.

With the placement fixed, what a plan costs (or its mean time) is const + Σ_s R_s w_s, where w_s is what a request that
enters stage s adds there. Only the accuracy floor couples the classifiers. Moving it into the objective with a
multiplier λ leaves, for each placement, one backward recursion over the stages

    V_s = w_s + min_l { -λ e_{s,l} r_{s,l} + (1 - e_{s,l}) V_{s+1} },

so const + V_1 + λ A_tar is below every plan of that placement, and the thresholds that attain the minimum are a plan of
known cost and accuracy. λ is found by intersecting the two supporting lines that bracket A_tar, for all placements in
step (numpy over placements).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt.formulations.data import SLACK
from serflow_opt.instance import Instance
from serflow_opt.paths import Floats, Ints

Level = tuple[int, int]

ROUNDS = 25
"""Multiplier updates at most; the bracket usually closes within ten."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Objectives of N placements: fixed[n] + Σ_s R_s weight[n, s] is at most the true value of any plan."""

    fixed: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Bracket:
    """For each placement: its bound, the multiplier that gave it, and the best thresholds met that keep the floor."""

    bound: Floats
    multiplier: Floats
    value: Floats
    levels: Ints


def recursion(instance: Instance, weight: Floats, multiplier: Floats) -> tuple[Floats, Floats, Ints]:
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


def close_bracket(instance: Instance, view: Linear) -> Bracket:
    """Find for each placement the multiplier with the best bound."""
    floor = instance.accuracy_min
    zero = np.zeros(len(view.fixed))
    low_cost, low_right, low_levels = recursion(instance, view.weight, zero)
    if floor is None:
        return Bracket(view.fixed + low_cost, zero, view.fixed + low_cost, low_levels)
    slack = floor * (1 - SLACK)
    # the most accurate thresholds are the same everywhere: no cost, multiplier 1
    _, most, most_levels = recursion(instance, np.zeros((1, view.weight.shape[1])), np.ones(1))
    if most[0] < slack:
        infinite = np.full(len(zero), math.inf)
        return Bracket(infinite, zero, infinite, low_levels)
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
        cost, right, levels = recursion(instance, view.weight[open_], step)
        value = cost + step * (floor - right)
        better = value > bound[open_]
        bound[open_] = np.where(better, value, bound[open_])
        multiplier[open_] = np.where(better, step, multiplier[open_])
        keeps = right >= slack
        line = low_cost[open_] + step * (floor - low_right[open_])
        done = value >= line - 1e-13 * np.abs(line)
        above, below = open_[keeps], open_[~keeps]
        high_cost[above], high_right[above], high_levels[above] = cost[keeps], right[keeps], levels[keeps]
        low_cost[below], low_right[below] = cost[~keeps], right[~keeps]
        open_ = open_[~done & (high_right[open_] > low_right[open_])]
    return Bracket(view.fixed + bound, multiplier, view.fixed + high_cost, high_levels)


def _cost_of(instance: Instance, weight: Floats, levels: Ints) -> Floats:
    """Σ_s R_s w_s of every placement under the same thresholds."""
    reach, total = 1.0, np.zeros(len(weight))
    for s, level in enumerate(levels.tolist()):
        total += reach * weight[:, s]
        reach *= 1 - instance.menus[s].exit_rates[level]
    return total


def forced_levels(instance: Instance, view: Linear, multiplier: Floats) -> dict[Level, Floats]:
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
