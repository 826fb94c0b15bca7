"""A Lagrangian bound for many placements at once, and the thresholds that attain it.

With the placement fixed, what a plan costs (or its mean time) is const + Σ_s R_s w_s, where w_s is what a request that
enters stage s adds there. Only the accuracy floor couples the classifiers. Moving it into the objective with a
multiplier μ leaves, for each placement, one backward recursion over the stages

    V_s = w_s + min_l { -μ ε_{s,l} r_{s,l} + (1 - ε_{s,l}) V_{s+1} },

so const + V_1 + μ A_tar is below every plan of that placement, and the thresholds that attain the minimum are a plan of
known cost and accuracy. Accuracy that adaptations take away, d_s of a request that enters stage s, adds μ d_s to w_s.
μ is found by intersecting the two supporting lines that bracket A_tar, for all placements in step (numpy over
placements).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.elements import Level
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import ON_LINE, SLACK
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.flat import FlatEnvelopes
from serflow_opt.search.placements import Paths, lost_accuracy, menus_used

LevelKey = tuple[int, int]

ROUNDS = 25
"""Multiplier updates at most; the bracket usually closes within ten."""


@dataclass(frozen=True, slots=True)
class LinearCost:
    """Objectives of N placements: fixed[n] + Σ_s R_s weight[n, s] is at most the true value of any plan."""

    fixed: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class StageExits:
    """What leaves at each stage of N placements.

    Attributes
    ----------
    menus
        By stage and menu, those of `menus_of`: exit rates and accuracy masses, and which threshold is best for what
        follows.
    used
        N x M: which menu of the stage; None: the first of each.
    lost
        N x M: accuracy lost by a request that enters the stage; None: none.
    """

    menus: list[list[Envelope]]
    used: Ints | None = None
    lost: Floats | None = None
    _lines: list[FlatEnvelopes] = field(default_factory=list, repr=False)

    @property
    def lines(self) -> FlatEnvelopes:
        """All menus one behind the other, made once for all rows."""
        if not self._lines:
            self._lines.append(FlatEnvelopes.of(self.menus))
        return self._lines[0]

    @classmethod
    def of(cls, data: Data, paths: Paths) -> StageExits:
        """Return those of placements."""
        menus, closing = menus_of(data)
        used = menus_used(data, paths)
        if used is not None:
            owners = {s: list(owned) for s, owned in data.owned.items()}
            used = np.column_stack([np.searchsorted(owners[s], used[:, s - 1]) for s in data.stages])
        return cls(menus, closed(used, closing, paths), lost_accuracy(data, paths))

    def rows(self, chosen: Ints | NDArray[np.bool_]) -> StageExits:
        """Return those of some of the placements."""
        return StageExits(
            self.menus,
            None if self.used is None else self.used[chosen],
            None if self.lost is None else self.lost[chosen],
            self._lines,
        )

    def best(self, s: int, value: Floats, multiplier: Floats) -> tuple[Ints, Floats, Floats]:
        """Minimise (1 - e) value - multiplier e r over a stage's thresholds; return the threshold, its e and e r.

        Parameters
        ----------
        s
            The stage, from 0.
        value
            N, V_{s+1}: the cost of what follows, less μ times its accuracy.
        multiplier
            N, μ >= 0 of the accuracy floor.
        """
        menus = self.menus[s]
        if self.used is None or len(menus) == 1:
            position = menus[0].best(value, multiplier)
            return menus[0].level[position], *menus[0].leaving(position)
        choice, rates, masses = np.zeros(len(value), dtype=np.int64), np.zeros(len(value)), np.zeros(len(value))
        for menu, envelope in enumerate(menus):
            rows = np.flatnonzero(self.used[:, s] == menu)
            position = envelope.best(value[rows], multiplier[rows])
            choice[rows] = envelope.level[position]
            rates[rows], masses[rows] = envelope.leaving(position)
        return choice, rates, masses


@dataclass(frozen=True, slots=True)
class DualBound:
    """For each placement: its bound, the multiplier that gave it, and the best thresholds met that keep the floor.

    Attributes
    ----------
    bound, multiplier
        N.
    value, levels
        Of the thresholds that keep the floor, N and N x M.
    below
        N x M: the thresholds on the other side of it, of which as good mixes are made; those of `levels` where the
        floor does not bind. None: not told.
    """

    bound: Floats
    multiplier: Floats
    value: Floats
    levels: Ints
    below: Ints | None = None


def envelope_of(levels: Sequence[Level]) -> Envelope:
    """Return the envelope of a menu; masses count as 0 where the accuracy is unknown."""
    return _envelopes_of([([level.exit_rate for level in levels], [level.accuracy for level in levels])])[0]


def _envelopes_of(menus: Sequence[tuple[Sequence[float], Sequence[float]]]) -> list[Envelope]:
    """Return the envelopes of menus, exit rates and accuracies of each, all made at once."""
    rate, accuracy = (np.array(list(chain.from_iterable(part))) for part in zip(*menus, strict=True))
    mass = rate * accuracy
    return Envelope.of_many(rate, np.where(np.isnan(mass), 0.0, mass), [len(rates) for rates, _ in menus])


def menus_of(data: Data) -> tuple[list[list[Envelope]], list[dict[int, int]]]:
    """Return the menus of each stage, and by stage, for a menu, the one that stands for it where a plan ends there.

    The stage's own menu comes first, then those of variants, then the ones with nothing but the best level at which
    everybody leaves.
    """
    menus: list[tuple[Sequence[float], Sequence[float]]] = []
    counts: list[int] = []
    closing: list[dict[int, int]] = []
    for s, owned in data.owned.items():
        last = [(menu, data.ends[s, owner]) for menu, owner in enumerate(owned) if (s, owner) in data.ends]
        closing.append({menu: len(owned) + k for k, (menu, _) in enumerate(last)})
        menus += [(menu.exit_rates, menu.accuracies) for menu in owned.values()]
        menus += [([data.exit_rate(s, level)], [data.accuracy(s, level)]) for _, level in last]
        counts.append(len(owned) + len(last))
    every = iter(_envelopes_of(menus))
    return [list(islice(every, count)) for count in counts], closing


def closed(used: Ints | None, closing: list[dict[int, int]], paths: Paths) -> Ints | None:
    """Return which menus placements use (None: the first everywhere), with those of plans that end early.

    Parameters
    ----------
    used
        N x M.
    closing
        Of `menus_of`: by stage, for a menu, the one that stands for it where a plan ends there.
    paths
        The N placements, which tell where a plan ends.
    """
    if not any(closing):
        return used
    used = np.zeros(paths.runner.shape, dtype=np.int64) if used is None else used.copy()
    end = paths.stages - 1
    for s, menus in enumerate(closing):
        here = end == s
        column = used[:, s].copy()
        for menu, last in menus.items():
            used[here & (column == menu), s] = last
    return used


def recursion(exits: StageExits, weight: Floats, multiplier: Floats) -> tuple[Floats, Floats, Ints]:
    """Solve V for each placement: the recursion in the head of this module.

    Parameters
    ----------
    exits
        What leaves at each stage.
    weight
        N x M, w_s: what a request that enters the stage adds.
    multiplier
        N, μ >= 0 of the accuracy floor.

    Returns
    -------
    tuple
        Σ_s R_s w_s (N), accuracy (N) and thresholds (N x M, positions in the menus) of the minimising policy.
    """
    count, last = weight.shape
    cost, right = np.zeros(count), np.zeros(count)
    levels = np.zeros(weight.shape, dtype=np.int64)
    for s in range(last - 1, -1, -1):
        levels[:, s], rate, mass = exits.best(s, cost - multiplier * right, multiplier)
        cost = weight[:, s] + (1 - rate) * cost
        right = mass + (1 - rate) * right
        if exits.lost is not None:
            right -= exits.lost[:, s]
    return cost, right, levels


def solve_dual(exits: StageExits, floor: float | None, view: LinearCost, deadline: Deadline = NEVER) -> DualBound:
    """Find for each placement the multiplier of the accuracy floor with the best bound.

    Parameters
    ----------
    exits, view
        What leaves at each stage of N placements, and what is minimised.
    floor
        Share of right answers; None: no floor, all multipliers are 0.
    deadline
        When to stop.

    Returns
    -------
    DualBound
        In the units of `view`; infinite where no thresholds keep the floor.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    if kernels.compiled:
        return _compiled(exits, floor, view, deadline)
    zero = np.zeros(len(view.fixed))
    low_cost, low_right, low_levels = recursion(exits, view.weight, zero)
    if floor is None:
        return DualBound(view.fixed + low_cost, zero, view.fixed + low_cost, low_levels, low_levels)
    slack = floor * (1 - SLACK)
    # the most accurate thresholds: no cost, multiplier 1
    _, high_right, high_levels = recursion(exits, np.zeros(view.weight.shape), np.ones(len(zero)))
    possible, feasible = high_right >= slack, low_right >= slack
    high_cost = np.where(feasible, low_cost, _cost_of(exits, view.weight, high_levels))
    high_levels = np.where(feasible[:, None], low_levels, high_levels)
    bound, multiplier = low_cost.copy(), zero.copy()
    open_ = np.flatnonzero(~feasible & possible)
    for _ in range(ROUNDS):
        if not len(open_):
            break
        deadline.check()
        step = (high_cost[open_] - low_cost[open_]) / (high_right[open_] - low_right[open_])
        step = np.maximum(step, 0.0)
        cost, right, levels = recursion(exits.rows(open_), view.weight[open_], step)
        value = cost + step * (floor - right)
        better = value > bound[open_]
        bound[open_] = np.where(better, value, bound[open_])
        multiplier[open_] = np.where(better, step, multiplier[open_])
        keeps = right >= slack
        line = low_cost[open_] + step * (floor - low_right[open_])
        done = value >= line - ON_LINE * np.abs(line)
        above, below = open_[keeps], open_[~keeps]
        high_cost[above], high_right[above], high_levels[above] = cost[keeps], right[keeps], levels[keeps]
        low_cost[below], low_right[below], low_levels[below] = cost[~keeps], right[~keeps], levels[~keeps]
        open_ = open_[~done & (high_right[open_] > low_right[open_])]
    never = np.where(possible, 0.0, math.inf)
    return DualBound(view.fixed + bound + never, multiplier, view.fixed + high_cost + never, high_levels, low_levels)


def _compiled(exits: StageExits, floor: float | None, view: LinearCost, deadline: Deadline) -> DualBound:
    from serflow_opt.kernels.dual import Dual

    first = exits.lines.first[:-1]
    menu = np.repeat(first[None], len(view.weight), axis=0) if exits.used is None else first + exits.used
    lost = None if exits.lost is None else np.ascontiguousarray(exits.lost)
    slack = 0.0 if floor is None else floor * (1 - SLACK)
    run = Dual(exits.lines, menu, lost, np.ascontiguousarray(view.weight))
    bound, multiplier, value, levels, below, possible = run.run(floor, slack, ON_LINE, ROUNDS, deadline.check)
    never = np.where(possible, 0.0, math.inf)
    return DualBound(view.fixed + bound + never, multiplier, view.fixed + value + never, levels, below)


def _cost_of(exits: StageExits, weight: Floats, levels: Ints) -> Floats:
    """Σ_s R_s w_s of every placement under its thresholds."""
    total: Floats = (reaches(exits, levels) * weight).sum(axis=1)
    return total


def reaches(exits: StageExits, levels: Ints) -> Floats:
    """R_s of every placement under its thresholds, N x M."""
    reach = np.ones(levels.shape)
    for s, menus in enumerate(exits.menus[:-1]):
        rate = menus[0].rate[np.minimum(levels[:, s], len(menus[0].rate) - 1)]
        for menu, envelope in enumerate(menus) if exits.used is not None else ():
            assert exits.used is not None
            rows = exits.used[:, s] == menu
            rate[rows] = envelope.rate[levels[rows, s]]
        reach[:, s + 1] = reach[:, s] * (1 - rate)
    return reach


def accuracies(exits: StageExits, reach: Floats, levels: Ints) -> Floats:
    """Share of right answers of every placement under its thresholds, N.

    Parameters
    ----------
    exits, reach, levels
        What leaves at each stage of N placements; their reach and thresholds, N x M.
    """
    right = np.zeros(len(levels))
    for s, menus in enumerate(exits.menus):
        for menu, envelope in enumerate(menus):
            rows = np.arange(len(levels)) if exits.used is None else np.flatnonzero(exits.used[:, s] == menu)
            right[rows] += reach[rows, s] * envelope.mass[levels[rows, s]]
            if exits.used is None:
                break
    return right if exits.lost is None else right - (reach * exits.lost).sum(axis=1)


def forced_levels(
    exits: StageExits,
    floor: float | None,
    view: LinearCost,
    multiplier: Floats,
    stages: Ints,
    deadline: Deadline = NEVER,
) -> dict[LevelKey, Floats]:
    """Bound each placement with one threshold forced, at the placement's multiplier; not with own menus.

    Where a plan ends early only levels at which everybody leaves can be, and behind that none has to be.

    Parameters
    ----------
    exits, floor, view
        As `solve_dual` takes them.
    multiplier
        N, of the accuracy floor.
    stages
        N, how many stages each placement has.
    deadline
        When to stop.

    Returns
    -------
    dict
        By stage (1..M) and level: N bounds in the units of `view`, infinite where the level cannot be.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    last = view.weight.shape[1]
    weight = view.weight if exits.lost is None else view.weight + multiplier[:, None] * exits.lost
    suffix = [np.zeros(len(multiplier))] * (last + 1)
    for s in range(last - 1, -1, -1):
        rate, mass = exits.menus[s][0].rate, exits.menus[s][0].mass
        steps = suffix[s + 1][:, None] * (1 - rate) - multiplier[:, None] * mass
        if s < last - 1:
            steps[np.ix_(stages == s + 1, rate < 1)] = math.inf
        suffix[s] = weight[:, s] + steps.min(axis=1)
    bounds: dict[LevelKey, Floats] = {}
    for s in range(last):
        rate, mass = exits.menus[s][0].rate, exits.menus[s][0].mass
        value = weight[:, s, None] + suffix[s + 1][:, None] * (1 - rate) - multiplier[:, None] * mass
        for t in range(s - 1, -1, -1):
            deadline.check()
            rate_t, mass_t = exits.menus[t][0].rate, exits.menus[t][0].mass
            steps = value[:, :, None] * (1 - rate_t) - (multiplier[:, None] * mass_t)[:, None, :]
            value = weight[:, t, None] + steps.min(axis=2)
        total = view.fixed[:, None] + value + (multiplier * (floor or 0.0))[:, None]
        total[stages <= s] = math.inf
        if s < last - 1:
            total[np.ix_(stages == s + 1, exits.menus[s][0].rate < 1)] = math.inf
        for level in range(total.shape[1]):
            bounds[s + 1, level] = total[:, level]
    return bounds
