"""The search where machines are rented whole: all placements at once, then those left, their machines and thresholds.

1. Machines paid for by use at fractional rents make the chain a plain one, and its bounds are below all plans. The
   placements that attain the least of them at several multipliers are bounded by their best mixes of thresholds
   (`kernels/mixes.py`), which gives plans with whole machines, too.
2. At the multipliers of the one with the least bound, all placements are swept, until that finds no new one.
3. What is not ruled out is listed and bounded by itself; then, the least bound first, numbers of machines and ranges of
   thresholds are parted (`kernels/nodes.py`) until nothing below the best plan is left.

What is dropped is dropped because of a bound, and the least of these is that of the search. That there is no plan is
said where every placement is ruled out by a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations

import numpy as np

from serflow_opt.ground.arrays import Floats, Mask
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL, ROUNDING
from serflow_opt.plan.decision import Decision
from serflow_opt.search.bound_recursion import BoundTable, sweep
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.layered import Chain, count_paths
from serflow_opt.search.placed import Placed, located, placed, whole_times
from serflow_opt.search.placements import Paths, keys_of
from serflow_opt.search.prefixes import least_whole_before, most_value
from serflow_opt.search.rented.groups import GroupSearch, KnownPlans, begun, grouped
from serflow_opt.search.rented.parting import NODES, Parting
from serflow_opt.search.runs import stages_couple, within_options

LISTED = 200_000
"""Placements listed at most."""
FEW = 30_000
"""Placements listed at once; where more are left, a better plan is looked for before all are listed."""
FEW_TIERS = 6
"""Tiers of machines of which every two are begun with; of more each is, by itself."""
SHARES = (0.4, 0.15, 0.05, 0.02)
"""Of the distance from the least bound to the best plan: how far placements are listed for that."""
TRIED = 3_000, 20
"""How many are listed for that, and how many of them are parted."""
FIRST, NODES_EACH = 10, 100
"""Nodes by which placements are bounded, the first ones met and those that are listed."""
EARLY = 500
"""Placements bounded one by one right after the first sweep, where it is known what they have to be better than."""
MANY = 10_000
"""Placements from which on a search that knows plans of groups begins with groups; of fewer it lists what is left."""
ROUNDS = 6
"""Sweeps at the multipliers of a placement at most."""
SPARED = 1e-3
"""Of the best plan, what others may be worth more where all of a value are listed: a better one rules out none."""
FACTORS = (0.1, 1.0, 3.0, 10.0, 100.0)
"""Multipliers tried first, in units of the objective."""


class RentedSearch(Parting):
    """The search over the arrays of an instance; parameters, value and bound as `Parting`.

    Parameters
    ----------
    also
        The same with other whole times, whose limit has to be kept as well.

    Attributes
    ----------
    infeasible
        Proven to have no plan.
    met
        Where plans of groups are noted; None: nowhere.
    left
        Placements that were listed, all that may have a plan as good as the best one, and bounds of them; None: none
        were.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
        *,
        also: Chain | None = None,
        most_nodes: float = math.inf,
    ) -> None:
        super().__init__(chain, gap, deadline, on_better, grace_s, most_nodes=most_nodes)
        self.also = also
        self.before = chain.known("before", least_whole_before)
        self.tight = chain.known("tight", _stages_couple)
        self.infeasible = False
        self.held = np.zeros(len(chain.limits))  # multipliers of the limits
        self.held[0] = 1.0
        self._dropped = math.inf
        self._seen: set[bytes] = set()
        self._begun: BoundTable | None = None
        self.left: tuple[Placed, Floats] | None = None
        self.met: KnownPlans | None = None

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
        return self.above(held, float(self._begun.best[0]) + self.offset(held))

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
            self.infeasible = not self.knows and self._dropped >= self.most
            self.bound = self.told(max(self.bound, self._dropped))
        return ended

    def _reach(self) -> float:
        """What a plan must be below to be looked at: those as good as the best one are kept, too."""
        return max(self.target(), self.value + 2 * EQUAL * abs(self.value)) if self.knows else self.most

    def _search(self, pool: Paths | None) -> bool:
        if pool is not None:
            return self._from_known(pool) or self._settled(pool)
        swept = self._begun
        if swept is not None and math.isfinite(self._reach()):
            few = self._left(self.held, swept, self._reach(), EARLY)
            if few is not None:
                return self._close(self.held, few)
        if swept is None:
            lanes = self._first_lanes()
            swept = self._sweep(lanes)
            if (swept.first < 0).all() or swept.best[-1] > self.chain.limits[-1] + ROUNDING:
                return True  # no placement is in time, or none is accurate enough
            self.columns.measure(float(swept.best[0]))  # without any limits
            parts = self._without_machines()  # parts of machines bought there may be dear whole ones
            if parts:
                fewer = self._new(self._sweep_each(lanes[:-1], parts).paths())
                if len(fewer):
                    self._roots(fewer)
        return self._settled(swept.paths())

    def _from_known(self, pool: Paths) -> bool:
        """Search group by group from the plans that are known of each on, where any are."""
        known = begun(self.chain)
        if known is None or self.counts.placements < MANY or not self._grouped():
            return False
        self.columns.measure(known[1])
        those = self._new(pool)
        if len(those):
            self._roots(those)
        return self._by_groups(known[0], np.ones(self.chain.on.shape[1], bool))

    def _settled(self, paths: Paths) -> bool:
        """Search from some placements on."""
        below = None
        for _ in range(ROUNDS):
            those = self._new(paths)
            if len(those):
                bounds, weights = self._roots(those)
                best = int(bounds.argmin())
                if math.isfinite(bounds[best]):
                    self.held = self.columns.fractional(weights[best])
                if 0 < self.value < self.columns.unit:  # of the size of other options
                    self.columns.measure(self.value)
            elif below is not None:
                break
            below = self._sweep_below(self.held)
            least = self.above(self.held, float(below.best[0]) + self.offset(self.held))
            if below.first[0] < 0 or least >= self.target():
                self._dropped = min(self._dropped, self.target())
                return True
            paths = below.paths()
            self.bound = max(self.bound, least)
        return self._list(self.held, below or self._sweep_below(self.held))

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
        """Return the states without machines, with those of one tier, and, of few tiers, with those of two."""
        chain, tier = self.chain, self.chain.data.tier
        kept = [
            some
            for count in range(3 if len(chain.rented) <= FEW_TIERS else 2)
            for some in combinations(chain.rented, count)
            if count < len(chain.rented)
        ]
        without = [set(chain.rented).difference(some) for some in kept]
        return [chain.on & np.array([k not in gone for k in tier]) for gone in without]

    def _sweep_each(self, lanes: Floats, parts: list[Mask]) -> BoundTable:
        """Sweep the same lanes over each of some parts of the states, all side by side."""
        return self._sweep(np.tile(lanes, (len(parts), 1)), np.repeat(np.array(parts), len(lanes), axis=0))

    def _sweep(self, lanes: Floats, on: Mask | None = None) -> BoundTable:
        self.counts.sweeps += 1
        return sweep(self.chain, lanes, self.before, on=on, deadline=self.deadline)

    def _sweep_below(self, weights: Floats) -> BoundTable:
        """Sweep what may be worth little enough."""
        self.deadline.check()
        self.counts.sweeps += 1
        allowed, reach = None, self._reach()
        if math.isfinite(reach):
            allowed = most_value(self.chain, weights, self.worth(weights, reach))
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

    def _in_time(self, those: Placed) -> Placed:
        """Return the placements that keep all limits of whole times."""
        those = those.rows(those.whole <= self.chain.whole_limit)
        if self.also is None or not len(those):
            return those
        return those.rows(whole_times(self.also, located(self.also, those.paths)) <= self.also.whole_limit)

    def _roots(self, those: Placed) -> tuple[Floats, Floats]:
        """Bound placements by their best mixes, in units of the chain's objective; the weights these are from."""
        nodes = self.nodes_of(those)
        bounds, weights = np.full(len(those), self.least), np.zeros((len(those), len(self.columns.order)))
        nodes.bound(np.arange(len(those)), bounds, weights, FIRST)
        self.take(those, nodes)
        return bounds * self.columns.unit, weights

    def _list(self, weights: Floats, swept: BoundTable) -> bool:
        """List what bounds have left, bound it by itself, and part the machines and thresholds of what that leaves."""
        those = self._left(weights, swept, self._reach(), EARLY)
        if those is None and self._grouped() and self._by_groups(weights, _live(swept, self.chain)):
            return True
        for most in () if those is not None else (FEW, LISTED):
            those = self._left(weights, swept, self._reach(), most)
            if those is not None:
                break
            if self.knows and most < LISTED:  # a better plan leaves fewer
                self._improve(weights, swept)
                swept = self._sweep_below(weights)
        return those is not None and self._close(weights, those)

    def _close(self, weights: Floats, those: Placed) -> bool:
        """Bound what was listed, part its machines and thresholds; the search has ended then."""
        self._dropped = min(self._dropped, self.target())
        self.counts.listed = len(those)
        bounds = self.bounded(those, weights, NODES_EACH)
        self.left = those, bounds
        bounds = self.part_all(those, bounds, len(those))
        self._dropped = min(self._dropped, float(bounds.min(initial=math.inf)) * self.columns.unit)
        return True

    def _grouped(self) -> bool:
        return self.also is None and not self.tight and grouped(self.chain)

    def _by_groups(self, weights: Floats, live: Mask) -> bool:
        """Rule out groups of placements, list and bound what that leaves; say whether it is not too much."""
        best = self.value if self.knows else self.most
        groups = GroupSearch(self.columns, self.before, best, self.knows, self.gap, self.own_off, self.least)
        try:
            groups.rule_out(weights, live, self.deadline, self.met)
        finally:  # what is found counts when time is up, too
            found = groups.best()
            if found is not None and found[0] < self.value:
                self.shares = None
                self.keep(found[1], found[2], found[0])
        those = groups.placements(self._reach(), LISTED, self.deadline)
        ended = those is not None and self._close(weights, those)
        self.left = None  # groups were ruled out that have plans as good as the best one
        return ended

    def _improve(self, weights: Floats, swept: BoundTable) -> None:
        """Look for a better plan among the placements of least bound."""
        least = float(swept.best[0]) + self.offset(weights)
        for share in SHARES:
            those = self._left(weights, swept, least + share * (self.target() - least), TRIED[0])
            if those is not None:
                self.part_all(those, self.bounded(those, weights, FIRST), TRIED[1])
                return

    def _left(self, weights: Floats, swept: BoundTable, target: float, most: int) -> Placed | None:
        """List what may be worth at most the target; None: more than `most`."""
        if swept.first[0] < 0:
            return placed(self.chain, Paths.none(len(self.chain.on)))
        worth = self.worth(weights, target)
        those = near_optimal_placements(self.chain, weights, swept, worth, most, self.deadline)
        if those is not None and self.tight:
            those = those.rows(within_options(self.chain.data, those.paths))
        return those if those is None or self.also is None else self._in_time(those)

    def _all_within(self, weights: Floats) -> Placed | None:
        """List placements that may have plans within the limit of the objective; None: too many."""
        swept = self._sweep_below(weights)
        those = self._left(weights, swept, self.target(), EARLY)
        if those is None and self._grouped():
            groups = GroupSearch(self.columns, self.before, self.most, False, -SPARED, 0.0, self.least)
            groups.rule_out(weights, _live(swept, self.chain), self.deadline)
            return groups.placements(self.target(), LISTED, self.deadline)
        return those if those is not None else self._left(weights, swept, self.target(), LISTED)

    def fastest_within(self, weights: Floats, left: tuple[Placed, Floats] | None) -> Decision | None:
        """Return the plan of least whole time within the limit of the objective, as long as that takes few nodes.

        Parameters
        ----------
        weights
            Multipliers of the columns, C.
        left
            Placements with bounds, of a search that left all within the limit; None: they are listed.
        """
        if left is None:
            those = self._all_within(weights)
            if those is None:
                return None
            bounds = np.full(len(those), self.least)
        else:
            those, bounds = left
        within = (bounds * self.columns.unit < self.target()) & (those.whole <= self.chain.whole_limit)
        rows = np.flatnonzero(within)
        rows = rows[np.argsort(those.whole[rows], kind="stable")]
        if not len(rows):
            return None
        those, bounds, target = those.rows(rows), bounds[rows], self.target()
        first, alike, end = self.nodes_of(those), self.columns.alike(those), -1
        done = 0
        while done < len(rows):
            self.deadline.check()
            done += first.close(np.arange(done, len(rows)), bounds, alike, NODES_EACH, NODES)
            end = first.found()[1]
            if end >= 0:
                break
            self.check_nodes(first)
        end = len(rows) if end < 0 else end
        sooner = those.rows(np.flatnonzero(bounds[:end] * self.columns.unit < target))  # not ruled out so far
        nodes = self.nodes_of(sooner)
        with suppress(OutOfTime):  # what is found already is as good
            for n in range(len(sooner)):
                self.part(sooner, nodes, n, -math.inf)
                if self.best is not None:
                    return self.decision()
        self.take(those, first)
        return self.decision()


def _live(swept: BoundTable, chain: Chain) -> Mask:
    """Which runners the placements that a sweep has left may use."""
    live = np.zeros(chain.on.shape[1], bool)
    for step in swept.steps:
        live[step.runner] = True
    return live


def _stages_couple(chain: Chain) -> bool:
    return stages_couple(chain.data.instance)


def _with(weights: Floats, column: int, value: float) -> Floats:
    changed = weights.copy()
    changed[column] = value
    return changed
