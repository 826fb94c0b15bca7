"""The search where machines are rented whole: all placements at once, then those left, their machines and thresholds.

1. Machines paid for by use at fractional rents make the chain a plain one, and its bounds are below all plans. The
   placements that attain the least of them at several multipliers are bounded by their best mixes of thresholds
   (`kernels/mixes.py`), which gives plans with whole machines, too.
2. At the multipliers of the one with the least bound, all placements are swept, until that finds no new one.
3. What is not ruled out is parted by types and numbers of machines (`parting.py`).

What is dropped is dropped because of a bound, and the least of these is that of the search. That there is no plan is
said where every placement is ruled out by a limit.
"""

from __future__ import annotations

import math
from functools import cached_property
from itertools import combinations

import numpy as np

from serflow_opt.ground.arrays import Floats, Mask
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.search.bound_recursion import BoundTable, sweep
from serflow_opt.search.layered import count_paths
from serflow_opt.search.placed import Placed, placed
from serflow_opt.search.placements import Paths, keys_of
from serflow_opt.search.prefixes import most_value
from serflow_opt.search.rented.parting import BoxSearch
from serflow_opt.search.runs import within_options

FIRST = 10
"""Nodes by which the placements met first are bounded."""
ROUNDS = 6
"""Sweeps at the multipliers of a placement at most."""
FACTORS = (0.1, 1.0, 3.0, 10.0, 100.0)
"""Multipliers tried first, in units of the objective."""


class RentedSearch(BoxSearch):
    """The search over the arrays of an instance; as `BoxSearch`."""

    _begun: BoundTable | None = None

    @cached_property
    def _seen(self) -> set[bytes]:
        """Placements that were looked at, by key."""
        return set()

    def begin(self, held: Floats) -> float:
        """Sweep all placements once, where a plan is known to be better than; return what no plan is below.

        Parameters
        ----------
        held
            Multipliers of the columns, C.
        """
        self.held, self._begun = held, self._sweep_below(held)
        if self._begun.first[0] < 0:
            return self.target()
        return float(self._begun.best[0]) + self._offset(held)

    def run(self, pool: Paths | None = None) -> bool:
        """Search; say whether it came to an end, with a plan, without, or out of time.

        It does not where bounds leave too much to list.

        Parameters
        ----------
        pool
            Placements to begin with, of searches that differ in limits, rates or prices; sweeps for multipliers are
            spared.
        """
        self.counts.placements = self.chain.known("paths", count_paths)
        try:
            ended = self._search(pool)
        except OutOfTime:
            return True
        if ended:
            self.infeasible = not self._knows and self.dropped >= self._most
            self.bound = max(self.bound, min(self.value, self.dropped))
            if self.value - self.bound <= 2 * ROUNDING * self.columns.unit:  # the objective is zero to rounding
                self.bound = self.value
        return ended

    def _search(self, pool: Paths | None) -> bool:
        if pool is not None:
            return self._settled(pool)
        swept = self._begun
        if swept is None:
            swept = self._sweep(self._first_lanes())
            if (swept.first < 0).all() or swept.best[-1] > self.chain.limits[-1] + ROUNDING:
                return True  # no placement is in time, or none is accurate enough
            self.columns.measure(float(swept.best[0]))  # without any limits
            for on in self._without_machines():  # parts of machines bought there may be dear whole ones
                fewer = self._new(self._sweep(self._first_lanes()[:-1], on).paths())
                if len(fewer):
                    self._roots(fewer)
        return self._settled(swept.paths())

    def _settled(self, paths: Paths) -> bool:
        """Search from some placements on."""
        below = None
        for _ in range(ROUNDS):
            those = self._new(paths)
            if len(those):
                bounds, weights = self._roots(those)
                best = int(bounds.argmin())
                if math.isfinite(bounds[best]):
                    self.held = self._fractional(weights[best])
            elif below is not None:
                break
            below = self._sweep_below(self.held)
            if below.first[0] < 0:
                self.dropped = min(self.dropped, self.target())
                return True
            paths = below.paths()
            self.bound = max(self.bound, float(below.best[0]) + self._offset(self.held))
        return self.by_boxes()

    def _fractional(self, weights: Floats) -> Floats:
        """Return multipliers by weights of a mix; machines are paid for by use."""
        held: Floats = self.columns.multipliers(weights[None], np.zeros((1, len(self.chain.rented))))[0]
        held[self.columns.machines], held[0] = 0.0, 1.0
        return held

    def _first_lanes(self) -> Floats:
        """Multipliers over several orders of magnitude, and for the accuracy alone."""
        chain = self.chain
        mean = np.abs(chain.adds[chain.on]).mean(axis=0) * len(chain.on)
        unit = float(mean[0]) or 1.0
        plain = np.zeros(len(chain.limits))
        plain[0] = 1.0
        lanes = [plain]
        if self.limited[-1]:
            lanes += [_with(plain, -1, unit * factor) for factor in FACTORS]
        for column in (np.flatnonzero(self.limited[1:-1]) + 1).tolist():
            scale = unit / (float(mean[column]) or 1.0)
            lanes += [_with(lane, column, scale) for lane in list(lanes)]
        return np.array([*lanes, _with(np.zeros(len(plain)), -1, 1.0)])

    def _without_machines(self) -> list[Mask]:
        """Return the states without the machines of some tiers, and of all."""
        chain, tier = self.chain, np.array(self.chain.data.tier)
        some = [left for count in range(1, len(chain.rented) + 1) for left in combinations(chain.rented, count)]
        return [chain.on & ~np.isin(tier, left) for left in some]

    def _sweep(self, lanes: Floats, on: Mask | None = None) -> BoundTable:
        self.counts.sweeps += 1
        return sweep(self.chain, lanes, self.before, on=on, deadline=self.deadline)

    def _sweep_below(self, weights: Floats) -> BoundTable:
        """Sweep what may be worth at most the target."""
        self.deadline.check()
        self.counts.sweeps += 1
        allowed, target = None, self.target()
        if math.isfinite(target):
            allowed = most_value(self.chain, weights, target - self._offset(weights))
        return sweep(self.chain, weights[None], self.before, allowed, deadline=self.deadline)

    def _new(self, paths: Paths) -> Placed:
        """Of some placements those that were not looked at before, and that keep what thresholds do not change."""
        if self.tight:
            paths = paths[within_options(self.chain.data, paths)]
        rows = []
        for n, key in enumerate(keys_of(paths)):
            if key not in self._seen:
                self._seen.add(key)
                rows.append(n)
        return self._in_time(placed(self.chain, paths[np.array(rows, np.int64)]))

    def _roots(self, those: Placed) -> tuple[Floats, Floats]:
        """Bound placements by their best mixes, in units of the chain's objective; the weights these are from."""
        nodes = self._nodes(those)
        bounds, weights = np.full(len(those), -math.inf), np.zeros((len(those), len(self.columns.order)))
        nodes.bound(np.arange(len(those)), bounds, weights, FIRST)
        self._take(those, nodes.found())
        return bounds * self.columns.unit, weights


def _with(weights: Floats, column: int, value: float) -> Floats:
    changed = weights.copy()
    changed[column] = value
    return changed
