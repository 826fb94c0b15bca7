"""The search for deployments with batches: structures behind bounds, each split into sets of thresholds until proven.

First all structures are bounded at once: their blocks by themselves, then rent and calls in proportion to the work,
with the multiplier of the accuracy floor (`search/lagrangian.py`) on lines below what blocks take (`lines.py`). For
what may still be cheaper than the best known, numbers of machines are ruled out where requests come at random
(`count_proof.py`); with functions beside machines, or requests that come evenly, `formulations/batches.py` is solved on
a set of thresholds; its solution is valued exactly, and the set is split until its bound is near the best.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, forced_levels, solve_dual
from serflow_opt.traffic.batches.costs import BlockCosts
from serflow_opt.traffic.batches.count_proof import CountProof, without_waits
from serflow_opt.traffic.batches.level_sets import split
from serflow_opt.traffic.batches.lines import ReachLines, exits_of
from serflow_opt.traffic.batches.models import Modelled, least_apart, model_of
from serflow_opt.traffic.batches.structures import BatchStructures
from serflow_opt.traffic.batches.value import ValuedBatches, Valuing
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.question import Moment, ProvisionQuestion
from serflow_opt.traffic.provision.service_of import service_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.provision.structures import BlockChoice, Structure

    Floats = NDArray[np.float64]
    LevelKeys = list[tuple[int, int]]

TRIED = 40
"""Structures of a chunk whose thresholds are valued."""
NARROWINGS = 4
"""Times that levels of a set are looked through for those that are in nothing cheaper."""
MOST_SETS = 2_000
"""Sets of thresholds of a structure that are looked at, at most."""


@dataclass(frozen=True, slots=True)
class BatchesFound:
    """The best deployment: structure, positions of thresholds, and its value."""

    structure: Structure
    levels: tuple[int, ...]
    valued: ValuedBatches


class BatchSearch:
    """One search; the parameters are those of `provision/search.py`, structures, and whether any plan will do.

    Attributes
    ----------
    best, found
        Least cost known, USD per second, and the deployment where it was found here.
    bound, checked, doubt
        No deployment costs less; the same whatever a solver says; and what a solver said last that was not proven.
    total, done, solves, sets
        Structures, those that were looked into, models solved, and sets bounded by numbers of machines.
    """

    def __init__(
        self,
        question: ProvisionQuestion,
        gap: float,
        deadline: Deadline,
        on_progress: Callable[[Moment], None] | None = None,
        best: float = math.inf,
        structures: BatchStructures | None = None,
        *,
        first: bool = False,
    ) -> None:
        self.first = first
        self.instance, self.gap, self.deadline, self.on_progress = question.instance, gap, deadline, on_progress
        self.rate, self.carrying, self.keep = question.demand.mean, question.carrying, question.keep
        if structures is None:
            structures = BatchStructures(question.instance, question.blocks)
            structures.beside, structures.waits_beside = True, question.carrying.arrivals == "random"
        self.structures = structures
        self.promise = Promise(self.structures, question.demand, question.carrying)
        self.valuing = Valuing(self.structures, self.promise, self.rate, question.carrying, question.wait_max)
        self.data = Data(self.instance)
        self.best, self.doubt = best, ""
        self.found: BatchesFound | None = None
        self.bound = self.checked = 0.0
        self.total = self.done = self.solves = self.sets = 0
        self._offered: set[tuple[Structure, tuple[int, ...]]] = set()

    def enough(self) -> float:
        """What has at least this bound cannot improve on the best by more than the gap."""
        if self.first and self.found is not None:
            return -math.inf
        return self.best * (1 - self.gap) if math.isfinite(self.best) else math.inf

    def offer(self, structure: Structure, levels: tuple[int, ...]) -> None:
        """Value thresholds, and keep them when they are the best."""
        if (structure, levels) in self._offered:
            return
        self._offered.add((structure, levels))
        service = service_of(self.structures, structure, levels)
        valued = self.valuing.value(structure, service, self.best)
        if valued is not None and valued.usd_per_s < self.best:
            self.best, self.found = valued.usd_per_s, BatchesFound(structure, levels, valued)

    def run(self) -> None:
        """Search until the gap is closed, or time is over."""
        with suppress(OutOfTime):  # what is found and proven stays
            self._run()

    def _run(self) -> None:
        lines, exits = self.lines_of(self.data), exits_of(self.data)
        open_: list[tuple[float, int, Structure]] = []
        number = itertools.count()
        for structures, bounds, levels in self._bounded(lines, exits):
            order = np.argsort(bounds, kind="stable")
            for n in order[:TRIED].tolist():
                self.deadline.check()
                if bounds[n] < self.enough():
                    self.offer(structures[n], tuple(levels[n].tolist()))
            open_ += [(float(bounds[n]), next(number), structures[n]) for n in order.tolist() if bounds[n] < self.best]
        open_.sort()
        self._prove(CountProof(self, lines), open_)

    def _prove(self, counted: CountProof, open_: list[tuple[float, int, Structure]]) -> None:
        """Look into structures, those that cost least first; of one kind all at once where numbers of machines tell."""
        closed = self.best
        left = [own[0] for own in open_]
        kinds: dict[Structure, list[int]] = {}
        for n, (_, _, structure) in enumerate(open_):
            kinds.setdefault(without_waits(structure), []).append(n)
        proven: set[Structure] = set()
        for n, (bound, _, structure) in enumerate(open_):
            self.bound = self.checked = min(closed, bound, self.best)
            if bound >= self.enough():
                break
            if self.deadline.expired:
                return
            kind, takes = without_waits(structure), counted.takes(structure)
            if kind in proven:
                continue
            together = kinds[kind] if takes else [n]
            if takes:
                proven.add(kind)
                own, sure, finished = counted.least([open_[k][2] for k in together])
            else:
                apart = least_apart(self, counted.lines, self.data, structure)
                if apart >= self.enough():
                    left[n], closed = apart, min(closed, apart)
                    continue
                own, sure, finished = self.look_into(structure, bound)
            for k in together:
                left[k] = max(left[k], own) if takes else own
            closed = min(closed, own)
            self.checked = min(self.checked, sure)
            if not finished:
                self.bound = min(self.bound, own)
            self.done += len(together)
            self.sets = counted.sets
            if self.on_progress is not None:
                self.on_progress(Moment(self.done, self.total, self.best, self.bound))
        self.bound = self.checked = min([*left, self.best])

    def lines_of(self, data: Data) -> ReachLines:
        """Return lines below what blocks take at some thresholds."""
        return ReachLines(self.structures, data, self.rate, self.carrying.arrivals)

    def _bounded(
        self, lines: ReachLines, exits: StageExits
    ) -> Iterator[tuple[list[Structure], Floats, NDArray[np.int64]]]:
        """Yield structures that may be cheaper than the best, their bounds, and thresholds that these like."""
        costs = BlockCosts(self, lines, exits)
        for way in self.structures.ways():
            self.deadline.check()
            for structures, weight, fixed in costs.of(way, self.best):
                self.total += len(structures)
                found = solve_dual(exits, self.instance.accuracy_min, LinearCost(np.zeros(len(weight)), weight))
                bounds = np.maximum(found.bound * (1 - EQUAL), fixed)
                inside = np.flatnonzero(bounds < self.best)
                yield [structures[n] for n in inside.tolist()], bounds[inside], found.levels[inside]

    def look_into(self, structure: Structure, bound: float, keys: LevelKeys | None = None) -> tuple[float, float, bool]:
        """Return the bound of a structure, the same whatever a solver says, and whether it is done.

        Parameters
        ----------
        structure, bound
            The structure, and what it costs at least, USD/s.
        keys
            Levels that thresholds may have; None: any.
        """
        keys = keys or [(s, level) for s in self.data.stages for level in self.data.levels[s]]
        number = itertools.count()
        open_: list[tuple[float, int, LevelKeys]] = [(bound, next(number), keys)]
        closed = sure = math.inf
        for _ in range(MOST_SETS):
            if not open_ or self.deadline.expired:
                break
            low, _, own = heappop(open_)
            if low >= self.enough():
                closed = min(closed, low)
                continue
            low, checked, parts = self._look(structure, own, low)
            sure = min(sure, checked)
            if not parts:
                closed = min(closed, low)
            for part in parts:
                heappush(open_, (low, next(number), part))
        left = min((own[0] for own in open_), default=math.inf)
        return min(closed, left), min(sure, left), not open_

    def _look(self, structure: Structure, keys: LevelKeys, low: float) -> tuple[float, float, list[LevelKeys]]:
        """Bound a set of thresholds; return its bounds, and what it is split into where they are not enough."""
        data, fluid = self._narrowed(structure, self.data.among(keys))
        if fluid >= self.enough():
            return max(low, fluid), max(low, fluid), []
        low = max(low, fluid)
        if all(len(data.levels[s]) == 1 for s in data.stages):
            exact = self.exactly(structure, data)
            return exact, exact, []
        found = model_of(self, self.lines_of(data), data, structure)
        if found is None:
            return self.best, self.best, []
        solved: Modelled = found
        self.solves += solved.solves
        if solved.doubt:
            self.doubt = solved.doubt
        if solved.levels is None:
            bound = max(low, min(solved.bound, self.best))
            return bound, max(low, min(solved.checked, self.best)), [] if not solved.doubt else split(data, None)
        self.offer(structure, solved.levels)
        bound = max(low, solved.bound)
        if bound >= self.enough():
            return bound, max(low, solved.checked), []
        return bound, max(low, solved.checked), split(data, solved.levels)

    def exactly(self, structure: Structure, data: Data) -> float:
        """Return what a structure costs where one level is left of each stage; what is not valued is no cheaper."""
        levels = tuple(data.menu[s][data.levels[s][0]].position for s in data.stages)
        self.offer(structure, levels)
        service = service_of(self.structures, structure, levels)
        valued = self.valuing.value(structure, service, self.best * (1 + TOLERANCE))
        return self.best if valued is None else valued.usd_per_s

    def _narrowed(self, structure: Structure, data: Data) -> tuple[Data, float]:
        """Return a set without levels that are in nothing cheaper than the best, and its bound."""
        floor, bound = self.instance.accuracy_min, 0.0
        for _ in range(NARROWINGS):
            exits = exits_of(data)
            view = LinearCost(np.zeros(1), self.weight(self.lines_of(data), structure)[None, :])
            found = solve_dual(exits, floor, view)
            bound = max(bound, float(found.bound[0]) * (1 - EQUAL))
            if bound >= self.enough():
                break
            forced = forced_levels(exits, floor, view, found.multiplier, np.array([data.last]))
            keys = [
                (s, level)
                for s in data.stages
                for k, level in enumerate(data.levels[s])
                if float(forced[s, k][0]) * (1 - EQUAL) < self.best
            ]
            if len({s for s, _ in keys}) < data.last:
                return data, max(bound, self.best)
            if len(keys) == sum(len(own) for own in data.levels.values()):
                break
            data = data.among(keys)
        return data, bound

    def weight(self, lines: ReachLines, structure: Structure) -> Floats:
        """Return what a unit of reach of each stage costs at least, USD per second: machines by their work.

        Where machines have a function beside them, the cheaper of the two, stage by stage.
        """
        total = np.zeros(self.data.last)
        for choice in structure:
            total += lines.usd(choice)
            if choice.machine is not None:
                usd = self.structures.option(choice.machine).usd_per_s
                on_machines = lines.work(choice) * (self.rate * usd / self.cap_of(choice))
                total += on_machines if choice.function is None else np.minimum(on_machines, lines.calls(choice))
        return total

    def cap_of(self, choice: BlockChoice) -> float:
        """Share of the time that machines of a block may be busy: all of it beside a function, at random."""
        return 1.0 if choice.function is not None and self.carrying.arrivals == "random" else self.carrying.cap
