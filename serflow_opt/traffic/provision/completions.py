"""What whole structures come to at least, when all that is known of them is their blocks behind a cut.

What is in front of the cut can be anything, so its least is found by a forward recursion over (cut, state, number of
blocks), all structures at once (`cutting.py`). Two kinds of amounts add up along a structure: what a block takes once,
as seconds of the worst case (`Sum`), and what requests take that reach its stages, at a multiplier of the accuracy
floor (`Reached`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.search.lagrangian import LinearCost, StageExits, solve_dual
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.hops import Hop, Tiers
from serflow_opt.traffic.provision.structures import BlockChoice

POINTS = 32
"""Of the grid on which completions are known."""
TRIED = 7
"""Multipliers of the accuracy floor that are tried at a time."""
FINER = 2
"""Times they are tried in between."""


class Sum:
    """Amounts that blocks and hand-overs take once.

    Parameters
    ----------
    cutting
        The cuts.
    most
        Most blocks.
    block
        What each takes; infinite: it cannot be.
    hop
        What a hand-over at a cut takes.

    Attributes
    ----------
    behind
        Least behind each cut in each state, with any number of blocks.
    """

    def __init__(
        self, cutting: Cutting, most: int, block: Callable[[BlockChoice], float], hop: Callable[[int, Hop], float]
    ) -> None:
        self.cutting = cutting
        self._block, self._hop = block, hop
        self._rows: dict[tuple[int, Tiers | None], Floats] = {}
        self._least = np.full((most + 1, cutting.last + 1, len(cutting.states)), math.inf)
        for state, entry in cutting.entries.items():
            self._least[:, 0, state] = hop(0, entry)
        for cut in range(1, cutting.last + 1):
            for state in cutting.at[cut]:
                first, after = cutting.ahead(cut, state).first, cutting.after(cut, state)
                there = np.flatnonzero(after >= 0)
                taken = self._taken(cut, state)[there] + self._least[:-1, first[there], after[there]]
                self._least[1:, cut, state] = taken.min(axis=1, initial=math.inf)
        self.behind = np.full(self._least.shape[1:], math.inf)
        self.behind[cutting.last, 0] = 0.0
        for cut in range(cutting.last, 0, -1):
            for state in cutting.at[cut]:
                first, after = cutting.ahead(cut, state).first, cutting.after(cut, state)
                there = np.flatnonzero(after >= 0)
                taken = self._taken(cut, state)[there] + self.behind[cut, state]
                np.minimum.at(self.behind, (first[there], after[there]), taken)

    def _taken(self, cut: int, state: int) -> Floats:
        key = cut, self.cutting.states[state].tiers
        if key not in self._rows:
            ahead = self.cutting.ahead(cut, state)
            pairs = zip(ahead.choices, ahead.hops, strict=True)
            self._rows[key] = np.array([self._block(choice) + self._hop(cut, hop) for choice, hop in pairs])
        return self._rows[key]

    @property
    def root(self) -> float:
        """Least of all structures."""
        return float(self._least[-1, self.cutting.last, 0])

    def extended(self, cut: int, state: int, values: Floats) -> Floats:
        """Return what each block ahead of a cut makes of each value behind it.

        Parameters
        ----------
        cut, state, values
            As `Measure.extended` takes them.
        """
        return values[:, None] + self._taken(cut, state)

    def completed(self, blocks: int, first: Ints, state: Ints, values: Floats) -> Floats:
        """Return the least of whole structures with at most so many blocks before `first`, in which `state` follows.

        Parameters
        ----------
        blocks, first, state, values
            As `Measure.completed` takes them.
        """
        whole: Floats = values + self._least[blocks, first, state]
        return whole


@dataclass(frozen=True, slots=True)
class _Rows:
    """Of the blocks ahead of a cut: what a request takes that enters each stage, or goes behind the cut."""

    weight: Floats
    behind: Floats
    start: Ints
    """By stage, the first of the blocks that hold it: they are in order of falling `first`."""


class Weights:
    """Amounts that requests take which reach a stage, and the recursion that puts thresholds to them.

    At a multiplier λ of the accuracy floor a request that enters stage s comes to V_s = w_s + φ_s(V_{s+1}), with φ_s of
    the best threshold (`envelope.py`).

    Parameters
    ----------
    cutting
        The cuts.
    exits
        What leaves at each stage.
    block, hop
        What a request takes that enters each stage of a block (and, in the place of the stage behind, of one that is
        handed on); and for a hand-over.
    """

    def __init__(
        self, cutting: Cutting, exits: StageExits, block: Callable[[BlockChoice], Floats], hop: Callable[[Hop], float]
    ) -> None:
        self.cutting, self.exits = cutting, exits
        self._block, self._hop = block, hop
        self._rows: dict[tuple[int, Tiers | None], _Rows] = {}

    def entry(self, state: int) -> float:
        """Return what a request takes on its way into the first block."""
        return self._hop(self.cutting.entries[state])

    def before(self, cut: int, state: int, values: Floats, multiplier: Floats) -> Floats:
        """Return V at the first stage of each block ahead of a cut, for each V behind it and its multiplier.

        Parameters
        ----------
        cut, state
            As `Measure.extended` takes them.
        values, multiplier
            V behind the cut, in units of the measure, and the multiplier of the floor: n each.

        Returns
        -------
        n x blocks.
        """
        rows = self._of(cut, state)
        found: Floats = values[:, None] + rows.behind
        each = np.repeat(multiplier[:, None], found.shape[1], axis=1)
        for s in range(cut - 1, -1, -1):
            holding = slice(rows.start[s], None)
            value, price = found[:, holding].ravel(), each[:, holding].ravel()
            menu = self.exits.menus[s][0]
            rate, mass = menu.leaving(menu.best(value, price))
            left = ((1 - rate) * value - price * mass).reshape(len(values), -1)
            found[:, holding] = rows.weight[holding, s] + left
        return found

    def _of(self, cut: int, state: int) -> _Rows:
        key = cut, self.cutting.states[state].tiers
        if key not in self._rows:
            ahead = self.cutting.ahead(cut, state)
            weight = np.array([self._block(choice) for choice in ahead.choices]).reshape(-1, self.cutting.last)
            behind = np.array([self._hop(hop) for hop in ahead.hops])
            if cut < self.cutting.last:
                behind = behind + weight[:, cut]
            self._rows[key] = _Rows(weight, behind, np.searchsorted(-ahead.first, -np.arange(cut)))
        return self._rows[key]

    def behind(self, multiplier: Floats, most: bool = False) -> Floats:
        """Return the least V (or the most) that can be behind each cut in each state: cuts x states x multipliers."""
        cutting, unknown = self.cutting, -math.inf if most else math.inf
        found = np.full((cutting.last + 1, len(cutting.states), len(multiplier)), unknown)
        found[cutting.last, 0] = 0.0
        better = np.maximum if most else np.minimum
        for cut in range(cutting.last, 0, -1):
            for state in cutting.at[cut]:
                first, after = cutting.ahead(cut, state).first, cutting.after(cut, state)
                there = np.flatnonzero(after >= 0)
                values = self.before(cut, state, found[cut, state], multiplier)[:, there].T
                better.at(found, (first[there], after[there]), values)
        return found

    def root(self, multiplier: Floats) -> Floats:
        """Return V of the whole network, the way in included: the least of all structures."""
        entries = list(self.cutting.entries)
        if not entries:
            return np.full(len(multiplier), math.inf)
        ways = np.array([self.entry(state) for state in entries])
        whole: Floats = (self.behind(multiplier)[0, entries] + ways[:, None]).min(axis=0)
        return whole

    def multiplier(self, floor: float | None) -> float:
        """Return about the multiplier of the accuracy floor that bounds all structures together best.

        The bound is concave in it. It is looked for between those of the lightest and the heaviest blocks there are.
        """
        if floor is None:
            return 0.0
        light, heavy = np.full(self.cutting.last, math.inf), np.zeros(self.cutting.last)
        for cut in range(1, self.cutting.last + 1):
            for state in self.cutting.at[cut]:
                rows = self._of(cut, state)
                for s in range(cut):
                    own = rows.weight[rows.start[s] :, s]
                    light[s], heavy[s] = min(light[s], own.min(initial=math.inf)), max(heavy[s], own.max(initial=0.0))
        ends = np.array([np.where(np.isfinite(light), light, 0.0), heavy])
        found = solve_dual(self.exits, floor, LinearCost(np.zeros(2), ends)).multiplier
        if not found.max() > 0:
            return 0.0
        low, high = np.min(found, where=found > 0, initial=math.inf) / 2, found.max() * 2
        tried = np.array([0.0, *np.geomspace(low, high, TRIED)])
        for _ in range(FINER + 1):
            values = self.root(tried) + tried * floor
            best = int(values.argmax())
            low, high = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
            multiplier, tried = float(tried[best]), np.linspace(low, high, TRIED)
        return multiplier


class Reached:
    """What `Weights` come to in whole structures, at one multiplier of the accuracy floor.

    The blocks in front of a cut are worth F(V) = min over them of V_1, a function of V behind it, which is concave and
    never falls. It is kept at points of a grid, with chords between them, which are not above it.

    Parameters
    ----------
    weights
        What adds up.
    floor
        Share of right answers; None: no floor.
    most
        Most blocks.
    deadline
        When to stop.

    Attributes
    ----------
    behind
        Least V behind each cut in each state, with any number of blocks.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """

    def __init__(self, weights: Weights, floor: float | None, most: int, deadline: Deadline = NEVER) -> None:
        self.weights, cutting = weights, weights.cutting
        self.multiplier = np.array([weights.multiplier(floor)])
        self._credit = float(self.multiplier[0]) * (floor or 0.0)
        self.behind: Floats = weights.behind(self.multiplier)[:, :, 0]
        self._low = self.behind.min(axis=1, initial=math.inf)
        largest = weights.behind(self.multiplier, most=True)[:, :, 0]
        self._width = largest.max(axis=1, initial=-math.inf) - self._low
        known = np.isfinite(self._width)  # some cuts cannot be
        self._low[~known], self._width[~known] = 0.0, 0.0
        dense_below = np.linspace(0, 1, POINTS) ** 2
        self._grid = self._low[:, None] + self._width[:, None] * dense_below
        self._table = np.full((most + 1, cutting.last + 1, len(cutting.states), POINTS), math.inf)
        for state in cutting.entries:
            self._table[:, 0, state] = self._grid[0] + weights.entry(state)
        for cut in range(1, cutting.last + 1):
            for state in cutting.at[cut]:
                deadline.check()
                first, after = cutting.ahead(cut, state).first, cutting.after(cut, state)
                there = np.flatnonzero(after >= 0)
                values = self.extended(cut, state, self._grid[cut])[:, there]
                for blocks in range(most):
                    whole = self._in_front(blocks, first[there], after[there], values)
                    self._table[blocks + 1, cut, state] = whole.min(axis=1, initial=math.inf)

    @property
    def root(self) -> float:
        """Least of all structures."""
        return float(self._table[-1, -1, 0, 0]) + self._credit

    @property
    def highest(self) -> float:
        """No structure comes to more."""
        entry = max(map(self.weights.entry, self.weights.cutting.entries), default=0.0)
        return float(self._grid[0, -1]) + entry + self._credit

    def extended(self, cut: int, state: int, values: Floats) -> Floats:
        """Return V at the first stage of each block ahead of a cut, for each V behind it.

        Parameters
        ----------
        cut, state, values
            As `Measure.extended` takes them.
        """
        return self.weights.before(cut, state, values, np.repeat(self.multiplier, len(values)))

    def completed(self, blocks: int, first: Ints, state: Ints, values: Floats) -> Floats:
        """Return the least of whole structures with at most so many blocks before `first`, in which `state` follows.

        Parameters
        ----------
        blocks
            Most blocks in front.
        first, state
            By column of `values`.
        values
            V at `first`.
        """
        whole: Floats = self._in_front(blocks, first, state, values) + self._credit
        return whole

    def _in_front(self, blocks: int, first: Ints, state: Ints, values: Floats) -> Floats:
        low, width = self._low[first], self._width[first]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.nan_to_num(np.clip((values - low) / width, 0.0, 1.0), nan=0.0)
        cell = np.minimum((np.sqrt(share) * (POINTS - 1)).astype(np.int64), POINTS - 2)
        left = cell / (POINTS - 1)
        within = (share - left**2) * (POINTS - 1) ** 2 / (2 * cell + 1)
        table = self._table[blocks]
        below, above = table[first, state, cell], table[first, state, cell + 1]
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(below), below + within * (above - below), math.inf)
