"""One structure: its thresholds and sizes, by models that are made sharper where they pass over something.

Where nobody waits for machines, lines around what a solution does are all that a model lacks. Waits depend on the
thresholds in more ways than a model can say: there it takes the least wait that thresholds of a set leave
(`relaxed.py`), and the set is split around its solution until the least is what is had.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.traffic.provision.one_set import Bounded, LevelKeys, OneSet, Thresholds, chosen_level
from serflow_opt.traffic.provision.service_of import service_of

if TYPE_CHECKING:
    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.ground.deadline import Deadline
    from serflow_opt.traffic.provision.block_ranges import Range
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.structures import Structure

MOST_ROUNDS = 12
"""Times a model is made sharper, at most."""
FEWEST_GROUPS = 6
"""Groups of the demand in a structure's first model; each sharper one has twice as many."""
NARROW_WORK = 1e-3
"""Relative range of a block's work below which thresholds are split instead."""
WEIGHTS = {"work": 1.0, "square": 0.5, "reach": 1.0}
"""How much relative ranges count beside each other, in blocks that cost the same at least."""
BELOW = 64.0
"""Ranges are split such a part of them below a solution."""
ROUNDS_A_SET = 2
"""Models of a set of thresholds before it is split."""
FEW_THRESHOLDS = 16
"""Ways to choose thresholds that are valued one by one, which tells more than bounds of all of them, and sooner."""
MOST_SETS = 400
"""Sets of thresholds of a structure, at most."""


class Incumbent(Protocol):
    """The best deployment known, and who is told of better ones."""

    best: float
    gap: float
    deadline: Deadline
    doubt: str
    solves: int

    def enough(self) -> float:
        """What has at least this bound cannot improve on the best by more than the gap."""

    def offer(self, structure: Structure, levels: tuple[int, ...]) -> float:
        """Value thresholds with their cheapest sizes, and keep them when they are the best; USD per second."""


class OneStructure:
    """The deployments of a structure.

    Parameters
    ----------
    pricing
        What blocks cost at any thresholds.
    structure
        What runs each block.
    incumbent
        The best of all structures.
    narrow
        Returns pairs (stage, level) that can be in a cheaper one; None: nothing is known of them.
    """

    def __init__(
        self,
        pricing: Pricing,
        structure: Structure,
        incumbent: Incumbent,
        narrow: Callable[[], LevelKeys] | None = None,
    ) -> None:
        self.whole, self.structure, self.incumbent = pricing, structure, incumbent
        promise = pricing.promise
        self.waits = promise.limited and any(promise.queued(choice) for choice in structure)
        self._looked, self._narrow = 0, narrow
        self._open = [(0.0, 0, 0.0, Thresholds(None))]
        self._made = itertools.count(1)
        self._closed = self._closed_checked = math.inf

    @property
    def closed(self) -> bool:
        """Whether nothing is left to look at, or enough was looked at."""
        return not self._open or self._looked >= MOST_SETS

    @property
    def bound(self) -> float:
        """No deployment that is cheaper than the best costs less, USD per second."""
        return min([self._closed, *(bound for bound, _, _, _ in self._open)])

    @property
    def checked(self) -> float:
        """The same, whatever HiGHS says."""
        return min([self._closed_checked, *(checked for _, _, checked, _ in self._open)])

    def advance(self) -> None:
        """Look at the set of thresholds with the least bound, and split it where that is not enough."""
        bound, _, checked, chosen = heappop(self._open)
        own, sure, parts = self._look(chosen)
        bound, checked = max(bound, own), max(checked, sure)
        self._looked += 1
        if not parts:
            self._closed, self._closed_checked = min(self._closed, bound), min(self._closed_checked, checked)
        for part in parts:
            heappush(self._open, (bound, next(self._made), checked, part))

    def _look(self, chosen: Thresholds) -> tuple[float, float, list[Thresholds]]:
        """Bound a set; return its bounds and, where they are not enough, the parts it is split into."""
        whole, best = self.whole, self.incumbent.best
        if chosen.levels is None and self._narrow is not None:
            chosen = replace(chosen, levels=self._narrow())
        data = whole.data if chosen.levels is None else whole.data.among(chosen.levels)
        if any(not levels for levels in data.levels.values()):  # none is cheaper
            return best, best, []
        if self.waits and math.prod(len(data.levels[s]) for s in data.stages) <= FEW_THRESHOLDS:
            cost = min(self._each(data))
            return cost, cost, []
        pricing = whole.among(data) if self.waits and chosen.levels is not None else whole
        own = OneSet(whole, pricing, self.structure, chosen, best)
        if own.late is None:
            return math.inf, math.inf, []
        if own.empty:
            return best, best, []
        enough = min(self.incumbent.enough(), best)
        found = own.bound(enough) or Bounded(0.0, listed=None)
        bound, solution = found.usd, found.levels
        if solution:
            self.incumbent.offer(self.structure, solution)  # exact; what is bounded is below it
        if bound >= min(self.incumbent.enough(), best):
            return bound, bound, []
        if found.listed is not None:  # what is not listed costs `enough` or more
            bound = max(bound, min([enough, *(self.incumbent.offer(self.structure, one) for one in found.listed)]))
            return bound, bound, []
        halves = self._halves(own, solution, chosen.points, chosen.sharper) if solution else []
        if halves:
            return bound, bound, halves
        return self._modelled(own, data, bound)

    def _each(self, data: Data) -> Iterator[float]:
        """Value thresholds one by one, USD per second; inf: dearer than the best."""
        for levels in itertools.product(*(data.levels[s] for s in data.stages)):
            self.incumbent.deadline.check()
            positions = (data.menu[s][level].position for s, level in zip(data.stages, levels, strict=True))
            yield self.incumbent.offer(self.structure, tuple(positions))

    def _modelled(self, own: OneSet, data: Data, bound: float) -> tuple[float, float, list[Thresholds]]:
        """Solve models of a set that is bounded; return its bounds, and the parts it is split into."""
        from serflow_opt.backend.highs import HighsModel

        whole, best, chosen = self.whole, own.best, own.chosen
        checked, points, sharper = bound, own.points(), chosen.sharper
        solution: tuple[int, ...] | None = None
        for _ in range(ROUNDS_A_SET if self.waits else MOST_ROUNDS):
            groups = whole.demand.in_groups(
                FEWEST_GROUPS * 2**sharper
            )  # they spill no more: a bound, and a small model
            sharper += 1
            found = own.model(data, groups, points)
            if found is None:
                return best, best, []
            built, dollar = found
            self.incumbent.solves += 1
            outcome = HighsModel(built).solve(
                gap=self.incumbent.gap / 4, time_limit=self.incumbent.deadline.left_or_none
            )
            if outcome.status == "infeasible":  # the model has only what can be cheaper than the best
                return best, best, []
            bound, checked = max(bound, outcome.bound * dollar), max(checked, outcome.checked * dollar)
            if outcome.status == "no_solution":
                self.incumbent.doubt = outcome.doubt
                return bound, checked, []
            solution = tuple(chosen_level(data, built, outcome, s) for s in data.stages)
            self.incumbent.offer(self.structure, solution)  # exact; the model is below it by what it passes over
            if bound >= self.incumbent.enough():
                return bound, checked, []
            fresh = self._sharpen(solution, points)
            if not fresh and len(groups.rates) == len(whole.demand.rates):
                break
        if not self.waits or solution is None:
            return bound, checked, []
        kept, sharper = tuple(tuple(own) for own in points), max(0, sharper - 1)
        halves = self._halves(own, solution, kept, sharper)
        if halves:
            return bound, checked, halves
        parts = _split(data, solution, chosen.levels)
        return (
            bound,
            checked,
            [Thresholds(part, kept, sharper, own.ranges) for part in parts],
        )

    def _halves(
        self, own: OneSet, solution: tuple[int, ...], points: tuple[tuple[float, ...], ...] | None, sharper: int
    ) -> list[Thresholds]:
        """Split the work of the block that leaves most open at what a solution makes, or its mean square.

        Nothing: little is open.
        """
        ranges, mean = own.ranges, self.whole.promise.measure == "mean"  # all blocks share its limit, dear or not
        usd = [1.0 if mean else self.whole.least(choice) for choice in self.structure]
        open_ = {
            (b, name): spread * WEIGHTS[name] * usd[b]
            for b, known in enumerate(ranges)
            if self.structure[b].machine is not None
            for name, spread in known.spreads().items()
            if spread * WEIGHTS[name] >= NARROW_WORK and not (mean and name == "reach")
        }
        if not open_:
            return []
        key = max(open_, key=lambda key: open_[key])
        b, name = key
        service = service_of(self.whole.structures, self.structure, solution)
        machine, reach = service.blocks[b].machines[0], service.reach(b)
        held = service.busy_s(b, machine)
        made = {
            "work": reach * held,
            "square": reach * held**2 * (1 + service.cv2(b, replace(machine, sd_s=()))),
            "reach": reach,
        }
        halves = (replace(ranges[b], **{name: half}) for half in _cut(getattr(ranges[b], name), made[name]))
        return [
            Thresholds(own.chosen.levels, points, sharper, (*ranges[:b], half, *ranges[b + 1 :])) for half in halves
        ]

    def _sharpen(self, levels: tuple[int, ...], points: list[list[float]]) -> bool:
        """Let lines touch what machines carry of a solution's work; say whether any is new."""
        service = service_of(self.whole.structures, self.structure, levels)
        fresh = False
        for b, block in enumerate(service.blocks):
            if block.machines:
                work = service.reach(b) * service.busy_s(b, block.machines[0])
                if all(abs(work - known) > EQUAL * work for known in points[b]):
                    points[b].append(work)
                    fresh = True
        return fresh


def _cut(whole: Range, made: float) -> tuple[Range, Range]:
    """Split a range a little below what a solution makes: it is in one half, and near its lower end."""
    low, high = whole
    width = high - low
    at = min(max(made - width / BELOW, low + width / 8), high - width / 8)
    return (low, at), (at, high)


def _split(data: Data, solution: tuple[int, ...], levels: LevelKeys | None) -> list[LevelKeys]:
    """Split thresholds at a solution's, where they differ most in who leaves."""
    keys = set(levels) if levels is not None else {(s, level) for s in data.stages for level in data.levels[s]}

    def spread(s: int) -> float:
        rates = [data.exit_rate(s, level) for level in data.levels[s]]
        return data.reach_high[s] * (max(rates) - min(rates)) + (len(rates) > 1) * EQUAL

    stage = max(data.stages, key=spread)
    order = sorted(data.levels[stage], key=lambda level: (data.exit_rate(stage, level), level))
    at = next(i for i, level in enumerate(order) if data.menu[stage][level].position == solution[stage - 1])
    cut = max(1, min(at + (at < len(order) / 2), len(order) - 1))
    first = {(stage, level) for level in order[:cut]}
    others = {key for key in keys if key[0] != stage}
    return [others | first, others | {(stage, level) for level in order[cut:]}]
