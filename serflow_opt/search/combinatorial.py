"""Search of a chain that pays per request: bounds over all placements at once, then the thresholds of the few left.

1. Multipliers. The Lagrangian is swept (`bound_recursion.py`) for several multipliers side by side, over a sample of
   the options where there are many. The placements that attain the least values get brackets of their own
   (`placed.py`): their best multiplier, their bound, and thresholds that keep the accuracy floor.
2. Incumbent. Of the placement with the least bound, label setting (`threshold_labels.py`) finds thresholds, first
   within a wide tolerance, then within narrower ones.
3. Proof. At its multipliers all placements are swept once more, without what cannot beat the incumbent by the gap. In
   most cases nothing is left, and the incumbent is proven. Else the best placement left goes through 1 and 2 itself;
   and once the best is known already, all that are left are listed (`enumerate.py`), bounded one by one, and those
   whose bounds do not rule them out get labels.

What is dropped is dropped because of a bound, and the least of these bounds is that of the search. Limits on further
columns (mean latency, energy, loss) get multipliers like the accuracy floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.decision import Decision
from serflow_opt.search.bound_recursion import BoundTable, sweep
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.layered import Chain, count_paths
from serflow_opt.search.placed import Placed, bracket, placed, task_of
from serflow_opt.search.placement_search import PlacementCounts, PlacementSearch
from serflow_opt.search.placements import Paths, keys_of
from serflow_opt.search.prefixes import least_whole_before, most_value
from serflow_opt.search.prune import decision_at
from serflow_opt.search.runs import stages_couple, within_options
from serflow_opt.search.shared_labels import Likeness, SharedLabels
from serflow_opt.search.threshold_labels import best_thresholds

FEW = 20
"""Options from which on a sample of them finds the first multipliers."""
SAMPLED = 6
"""Options of a tier in the sample."""
RUNGS = (3e-3, 3e-4)
"""Tolerances, relative, by which label setting approaches the asked one."""
SHORT = 10
"""Stages up to which labels are so few that it is asked for at once."""
LISTED = 100_000
"""Placements listed at most."""
MANY = 12
"""Placements from which on labels of common parts are shared."""
LABELLED = 0.4
"""Share of the gap that labels may miss there; half of it plans need not be better by, the rest is for what placements
that are equal to a hair differ in."""


@dataclass(slots=True)
class Candidate:
    """A placement with its multipliers (C), bound, and whether its thresholds are settled."""

    those: Placed
    weights: Floats
    bound: float
    done: bool = False


@dataclass(frozen=True, slots=True)
class LastSweep:
    """A sweep of one lane: its multipliers (C), and what the plans that it tells of come to at most."""

    weights: Floats
    most: float
    swept: BoundTable


@dataclass(slots=True)
class LabelCounts(PlacementCounts):
    """Placements given labels, too; labels kept."""

    labelled: int = 0
    labels: int = 0


class ChainSearch(PlacementSearch):
    """The search over the arrays of an instance; parameters, value and bound as `PlacementSearch`.

    Attributes
    ----------
    infeasible
        Proven to have no plan.
    counts
        What it took.
    last
        The last sweep for a proof; None: there was none.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
    ) -> None:
        super().__init__(chain, gap, deadline, on_better, grace_s)
        self.before = chain.known("before", least_whole_before)
        self.tight = stages_couple(chain.data.instance)
        self.size = float(np.abs(chain.adds[chain.on][:, 0]).mean()) * len(chain.on) if chain.on.any() else 0.0
        self.held = np.zeros(len(chain.limits))  # multipliers of further limits
        self.held[0] = 1.0
        self.infeasible = False
        self.counts = LabelCounts()
        self._candidates: dict[bytes, Candidate] = {}
        self._dropped = math.inf
        self.last: LastSweep | None = None

    def run(self, pool: Paths | None = None, held: Floats | None = None) -> bool:
        """Search; say whether it came to an end, with a plan, without, or out of time.

        It does not where bounds leave too much to list, or no plan shows whether there is one.

        Parameters
        ----------
        pool
            Placements to begin with, of searches that differ in limits or prices; sweeps for multipliers are spared.
        held
            Multipliers of the columns there, C.
        """
        self.counts.placements = self.chain.known("paths", count_paths)
        try:
            ended = self._search(pool, held)
        except OutOfTime:
            return True
        if ended and not self.infeasible:
            self.bound = self.told(self._dropped)
        return ended

    def decision(self) -> Decision | None:
        """Return the best plan."""
        return None if self.best is None else self.decision_of(*self.best)

    def decision_of(self, those: Placed, levels: Ints) -> Decision:
        """Return a placement with its thresholds."""
        return decision_at(self.chain.data, those.paths, 0, levels)

    def weights_of(self, those: Placed) -> Floats:
        """Return the multipliers of a placement, C: those that its own bound is from."""
        known = self._candidates.get(keys_of(those.paths)[0])
        return bracket(self.chain, those, self.held).weights[0] if known is None else known.weights

    def _search(self, pool: Paths | None, held: Floats | None) -> bool:
        if pool is not None:
            self.held = self.held if held is None else held.copy()
            self._take(pool)
        if not math.isfinite(self.value):
            # 1: what multipliers come to depends on the range of prices, and a sample spans it
            sample = self._sample()
            swept = self._lanes(sample)
            self._take(swept.paths())
            if not self._candidates and sample is not None:
                swept = self._lanes(None)
                self._take(swept.paths())
            if not self._candidates and (swept.first < 0).all():  # no placement is in time
                self.infeasible = True
                return True
        if not self._candidates and self.tight:  # sweeps do not see all of memory and time: go through them one by one
            return self._list(self.held, self._sweep_below(self.held, math.inf), math.inf)
        if not self._candidates:
            # the most accurate plan was among them: without further limits there is none
            self.infeasible = not self.limited[:-1].any()
            return self.infeasible
        while not (self.nonnegative and self.value <= 0):  # nothing is better than nothing
            candidate = min(self._candidates.values(), key=lambda c: c.bound)
            # 2: where the bound is least there is most room for a better plan
            if not candidate.done:
                self._label(candidate, RUNGS if len(self.before) > SHORT else ())
            # 3: the bound of all is no higher than that of this placement, which its own multipliers attain
            weights, target = candidate.weights, self._target()
            swept = self._sweep_below(weights, max(target, self.as_good(EQUAL)))
            if swept.first[0] < 0 or swept.best[0] > self.worth(weights, target):
                self._dropped = min(self._dropped, target)
                self.infeasible = self.best is None  # the bound of all placements is beyond the limit
                return True
            self.bound = max(self.bound, self.above(weights, float(swept.best[0]) + self.offset(weights)))
            # known already: further sweeps at these multipliers would find the same placement
            if not self._take(swept.paths()):
                return self._list(weights, swept, target)
        return True

    # multipliers

    def _sample(self) -> Mask | None:
        """Some options of each tier, evenly by price; None: all, where there are few."""
        chain, options = self.chain, self.chain.data.instance.options
        if len(options) <= FEW:
            return None
        chosen: set[int] = set()
        for k in {option.tier for option in options}:
            mine = sorted((p for p, o in enumerate(options) if o.tier == k), key=lambda p: options[p].usd_per_s)
            chosen |= {mine[i] for i in np.linspace(0, len(mine) - 1, SAMPLED).round().astype(int).tolist()}
        here: Mask = chain.on & np.array([runner.option in chosen for runner in chain.data.runners])
        return here

    def fastest(self) -> tuple[Decision, float] | None:
        """Return the plan of least whole time that keeps the accuracy floor, and that time; None: there is none.

        Raises
        ------
        ValueError
            Where other columns have limits: a sweep for accuracy does not see them.
        """
        if self.limited[:-1].any() or self.tight:
            raise ValueError("only the accuracy may have a limit")
        swept = sweep(self.chain, self._accurate()[None], self.before, timed=True, deadline=self.deadline)
        good = np.flatnonzero(swept.ends.value <= self.chain.limits[-1])
        if not len(good):
            return None
        those = placed(self.chain, swept.paths(good[[swept.ends.whole[good].argmin()]]))
        accurate = bracket(self.chain, those, self._accurate())
        return self.decision_of(those, accurate.levels[0]), float(those.whole[0])

    def _lanes(self, on: Mask | None) -> BoundTable:
        """Sweep for multipliers over several orders of magnitude, and for the accuracy alone."""
        chain = self.chain
        mean = np.abs(chain.adds[chain.on if on is None else on]).mean(axis=0) * len(chain.on)
        unit = float(mean[0]) or 1.0
        lanes = [self.held]
        if self.limited[-1]:
            lanes += [_with(self.held, -1, unit * factor) for factor in (0.1, 1.0, 3.0, 10.0, 100.0)]
        further = (np.flatnonzero(self.limited[1:-1]) + 1).tolist()
        for column in further:
            scale = unit / (float(mean[column]) or 1.0)
            lanes += [_with(lane, column, scale * factor) for lane in list(lanes) for factor in (0.1, 1.0, 10.0)]
        for factor in (2.5, 1.5, 1.2) if further else ():
            swept = self._sweep(np.array(lanes), on)
            worth = swept.best + np.array([self.offset(lane) for lane in lanes])
            self.held = lanes[int(np.where(np.isfinite(worth), worth, -np.inf).argmax())]
            lanes = [self.held]
            for column in (np.flatnonzero(self.held[1:]) + 1).tolist():
                lanes += [_with(lane, column, lane[column] * f) for lane in list(lanes) for f in (factor, 1 / factor)]
        return self._sweep(np.array([*lanes, self._accurate()]), on)

    def _accurate(self) -> Floats:
        """Multipliers that ask for accuracy alone."""
        return _with(np.zeros(len(self.held)), -1, 1.0)

    def _sweep(self, lanes: Floats, on: Mask | None) -> BoundTable:
        self.counts.sweeps += 1
        return sweep(self.chain, lanes, self.before, on=on, deadline=self.deadline)

    def _sweep_below(self, weights: Floats, most: float) -> BoundTable:
        """Sweep what may be worth at most `most`."""
        self.deadline.check()
        self.counts.sweeps += 1
        allowed = None
        if math.isfinite(most):
            allowed = most_value(self.chain, weights, self.worth(weights, most))
        swept = sweep(self.chain, weights[None], self.before, allowed, deadline=self.deadline)
        self.last = LastSweep(weights, most, swept)
        return swept

    def as_good(self, tolerance: float) -> float:
        """Return what a plan may come to that is as good as the best one, to a relative difference."""
        return self.value + tolerance * abs(self.value)

    # candidates

    def _take(self, paths: Paths) -> bool:
        """Bracket placements; say whether one of them was new, and within what no threshold changes."""
        if self.tight:
            paths = paths[within_options(self.chain.data, paths)]
        new = {key: n for n, key in enumerate(keys_of(paths))}
        new = {key: n for key, n in new.items() if key not in self._candidates}
        if not new:
            return False
        rows = np.array(list(new.values()))
        those = placed(self.chain, paths[rows])
        in_time = those.whole <= self.chain.whole_limit
        if not in_time.any():
            return False
        those, new = those.rows(in_time), {key: n for key, n, fits in zip(new, rows, in_time, strict=True) if fits}
        brackets = bracket(self.chain, those, self.held, self.deadline)
        for n, key in enumerate(new):
            bound = self.above(brackets.weights[n], float(brackets.bound[n]))
            alone = those.rows(slice(n, n + 1))  # all of them are kept: no copy is needed
            self._candidates[key] = Candidate(alone, brackets.weights[n], bound, bound == math.inf)
            self._offer(alone, brackets.levels[n], float(brackets.value[n]))
        return True

    def _offer(self, those: Placed, levels: Ints, value: float) -> None:
        if value < self.value:
            behind = np.zeros(len(self.chain.on) - len(levels), dtype=np.int64)  # nobody gets there
            self.keep(those, np.append(levels, behind), value)

    def _target(self, share: float = 1.0) -> float:
        """What a plan must be worth at most to matter: better than the best by the gap, or by a share of it.

        Without a plan, what the objective's own limit allows.
        """
        if not math.isfinite(self.value):
            return float(self.chain.limits[0])
        return self.better(share)

    def _label(self, candidate: Candidate, rungs: tuple[float, ...] = ()) -> None:
        """Find the best thresholds of a placement, to within the gap."""
        candidate.done = True
        task = task_of(self.chain, candidate.those, 0)
        weights, tolerances = candidate.weights, [*(rung for rung in rungs if rung > 3 * self.gap), self.gap / 2]
        while tolerances:
            if candidate.bound >= self._target():
                self._dropped = min(self._dropped, candidate.bound)
                return
            self.deadline.check()
            known, target = math.isfinite(self.value), self._target(0.5)  # the other half is for the tolerance
            size = abs(target) if math.isfinite(target) else abs(candidate.bound) + self.size
            off = tolerances[0] * size if len(weights) == 2 else 0.0  # more columns are compared exactly
            worth = self.worth(weights, target)
            choice, labels = best_thresholds(task, weights, worth, tolerance=off, deadline=self.deadline)
            self.counts.labels += labels
            if choice is not None:
                self._offer(candidate.those, choice.levels, float(choice.columns[0]))
            near = choice is None or (known and off <= self.gap * abs(float(choice.columns[0])))
            if near or len(tolerances) > 1:
                tolerances.pop(0)  # else the tolerance was of a guessed size, or that of a far worse plan: once more
        self.counts.labelled += 1
        # what is beyond the target was not looked at, however good the accuracy of the choice
        self._dropped = min(self._dropped, min(target, math.inf if choice is None else float(choice.columns[0])) - off)

    def _list(self, weights: Floats, swept: BoundTable, target: float) -> bool:
        """List what bounds have left, bound it again, and set labels where that does not rule it out."""
        chain = self.chain
        those = near_optimal_placements(chain, weights, swept, self.worth(weights, target), LISTED, self.deadline)
        if those is None:
            return False
        self._dropped = min(self._dropped, target)
        if self.tight:
            those = those.rows(within_options(chain.data, those.paths))
        self.counts.listed = len(those)
        self.deadline.check()
        settled = {key for key, candidate in self._candidates.items() if candidate.done}
        those = those.rows(np.array([key not in settled for key in keys_of(those.paths)], dtype=bool))
        if not len(those):
            self.infeasible = self.best is None
            return True
        brackets = bracket(chain, those, _with(weights, -1, 0.0), self.deadline)
        for n in np.argsort(brackets.value, kind="stable")[:1].tolist():
            self._offer(those.rows(np.array([n])), brackets.levels[n], float(brackets.value[n]))
        bounds = self.all_above(brackets.weights, brackets.bound)
        order = np.argsort(bounds, kind="stable")
        open_ = order[bounds[order] < self._target()]
        if len(open_) > MANY and len(weights) == 2 and math.isfinite(self._target()):
            for n in order[len(open_) : len(open_) + 1].tolist():  # the least of those ruled out
                self._dropped = min(self._dropped, float(bounds[n]))
            self._label_together(those.rows(open_), bounds[open_], weights, swept)
            self.infeasible = self.best is None
            return True
        for n in order.tolist():
            bound = float(bounds[n])
            if bound >= self._target():
                self._dropped = min(self._dropped, bound)
                break  # so are all that follow
            self._label(Candidate(those.rows(np.array([n])), brackets.weights[n], bound))
        self.infeasible = self.best is None  # nothing was left out but what limits forbid
        return True

    def _label_together(self, those: Placed, bounds: Floats, weights: Floats, swept: BoundTable) -> None:
        """Find the best thresholds of many placements, the least bound first, to within the gap.

        Of placements that are equal to a hair one is given labels; what these prove bounds the others.
        """
        target = self._target(0.5)
        off = LABELLED * self.gap * abs(target)
        worth, noise = self.worth(weights, target), self.noise(weights, target)
        shared = SharedLabels(self.chain, weights, swept, those, worth, off, self.deadline)
        likeness = Likeness.of(self.chain, those, shared.reach)
        known = bounds.copy()
        for n in range(len(those)):
            self.deadline.check()
            if known[n] >= self._target():
                self._dropped = min(self._dropped, float(known[n]))
                continue
            choice = shared.best(n)
            value = math.inf if choice is None else float(choice.columns[0])
            known[n] = max(known[n], min(target, value) - off)
            self._dropped = min(self._dropped, float(known[n]))
            known = np.maximum(known, known[n] - likeness.cheaper(n) - noise)
            self.counts.labelled += 1
            if choice is not None:
                self._offer(those.rows(np.array([n])), choice.levels, value)
        self.counts.labels += shared.labels


def _with(weights: Floats, column: int, value: float) -> Floats:
    changed = weights.copy()
    changed[column] = value
    return changed
