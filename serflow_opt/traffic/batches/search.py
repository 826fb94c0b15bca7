"""The search for deployments with batches: structures behind bounds, each split into sets of thresholds until proven.

First all structures are bounded at once: their blocks by themselves, then rent and calls in proportion to the work,
with the multiplier of the accuracy floor (`search/lagrangian.py`) on lines below what blocks take (`lines.py`). For
what may still be cheaper than the best known, `formulations/batches.py` is solved on a set of thresholds; its solution
is valued exactly, and the set is split until its bound is near the best.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, forced_levels, solve_dual
from serflow_opt.traffic.batches.lines import ReachLines, exits_of
from serflow_opt.traffic.batches.models import Modelled, least_apart, model_of
from serflow_opt.traffic.batches.structures import BatchStructures, BatchWay
from serflow_opt.traffic.batches.value import ValuedBatches, Valuing
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.question import Moment, ProvisionQuestion
from serflow_opt.traffic.provision.service_of import service_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.provision.structures import BlockChoice, Structure

    Floats = NDArray[np.float64]
    LevelKeys = list[tuple[int, int]]

CHUNK = 2_000
"""Structures that are bounded together."""
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
    total, done, solves
        Structures, those that were looked into, and models solved.
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
        self.total = self.done = self.solves = 0
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
        lines, exits = self._lines(self.data), exits_of(self.data)
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
        closed = self.best
        left = [own[0] for own in open_]
        for n, (bound, _, structure) in enumerate(open_):
            self.bound = self.checked = min(closed, bound, self.best)
            if bound >= self.enough():
                break
            if self.deadline.expired:
                return
            apart = least_apart(self, lines, self.data, structure)
            if apart >= self.enough():
                left[n], closed = apart, min(closed, apart)
                continue
            own, sure, finished = self._one(structure, bound)
            left[n] = own
            closed = min(closed, own)
            self.checked = min(self.checked, sure)
            if not finished:
                self.bound = min(self.bound, own)
            self.done += 1
            if self.on_progress is not None:
                self.on_progress(Moment(self.done, self.total, self.best, self.bound))
        self.bound = self.checked = min([*left, self.best])

    def _lines(self, data: Data) -> ReachLines:
        return ReachLines(self.structures, data, self.rate, self.carrying.arrivals)

    def _bounded(
        self, lines: ReachLines, exits: StageExits
    ) -> Iterator[tuple[list[Structure], Floats, NDArray[np.int64]]]:
        """Yield structures that may be cheaper than the best, their bounds, and thresholds that these like."""
        costs = Costs(self, lines, exits)
        for way in self.structures.ways():
            self.deadline.check()
            for structures, weight, fixed in costs.of(way, self.best):
                self.total += len(structures)
                found = solve_dual(exits, self.instance.accuracy_min, LinearCost(np.zeros(len(weight)), weight))
                bounds = np.maximum(found.bound * (1 - EQUAL), fixed)
                inside = np.flatnonzero(bounds < self.best)
                yield [structures[n] for n in inside.tolist()], bounds[inside], found.levels[inside]

    def _one(self, structure: Structure, bound: float) -> tuple[float, float, bool]:
        """Look into a structure; return its bound, the same whatever a solver says, and whether it is done."""
        keys = [(s, level) for s in self.data.stages for level in self.data.levels[s]]
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
            levels = tuple(data.menu[s][data.levels[s][0]].position for s in data.stages)
            service = service_of(self.structures, structure, levels)
            self.offer(structure, levels)
            valued = self.valuing.value(structure, service, self.best * (1 + TOLERANCE))
            exact = self.best if valued is None else valued.usd_per_s  # what is not valued is no cheaper
            return exact, exact, []
        found = model_of(self, self._lines(data), data, structure)
        if found is None:
            return self.best, self.best, []
        solved: Modelled = found
        self.solves += solved.solves
        if solved.doubt:
            self.doubt = solved.doubt
        if solved.levels is None:
            bound = max(low, min(solved.bound, self.best))
            return bound, max(low, min(solved.checked, self.best)), [] if not solved.doubt else _split(data, None)
        self.offer(structure, solved.levels)
        bound = max(low, solved.bound)
        if bound >= self.enough():
            return bound, max(low, solved.checked), []
        return bound, max(low, solved.checked), _split(data, solved.levels)

    def _narrowed(self, structure: Structure, data: Data) -> tuple[Data, float]:
        """Return a set without levels that are in nothing cheaper than the best, and its bound."""
        floor, bound = self.instance.accuracy_min, 0.0
        for _ in range(NARROWINGS):
            exits = exits_of(data)
            view = LinearCost(np.zeros(1), self.weight(self._lines(data), structure)[None, :])
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


class Costs:
    """Weights and least costs of blocks by themselves.

    Parameters
    ----------
    search
        For its structures and limits.
    lines, exits
        Of all thresholds.
    """

    def __init__(self, search: BatchSearch, lines: ReachLines, exits: StageExits) -> None:
        self.search, self.lines, self.exits = search, lines, exits
        self._known: dict[BlockChoice, tuple[Floats, float]] = {}
        self._least: dict[BlockChoice, float] = {}

    def of(self, way: BatchWay, best: float) -> Iterator[tuple[list[Structure], Floats, Floats]]:
        """Yield structures of a way that may cost less than `best`: with weights of their cost, and its least."""
        search = self.search
        blocks = [self._useful(own) for own in way.blocks]
        if not all(blocks):
            return
        self._know([c for own in blocks for c in own])
        least = [np.array([self._known[c][1] for c in own]) for own in blocks]
        slo = search.instance.latency_slo_s if search.instance.latency_measure == "worst" else None
        late = [np.array([c.hop_s + search.structures.slowest(c) for c in own]) for own in blocks]
        total, seconds = least[0], late[0]
        for one, two in zip(least[1:], late[1:], strict=True):
            total, seconds = np.add.outer(total, one), np.add.outer(seconds, two)
        inside = total < best
        if slo is not None:
            inside &= seconds <= slo * (1 + TOLERANCE)
            inside &= ~self._more_may_wait(blocks, seconds, slo)
        at = np.argwhere(inside)
        fixed = total[inside]
        order = np.argsort(fixed, kind="stable")
        for start in range(0, len(order), CHUNK):
            some = order[start : start + CHUNK]
            some = some[fixed[some] < search.best]
            rows = at[some].tolist()
            structures = [tuple(own[k] for own, k in zip(blocks, row, strict=True)) for row in rows]
            kept = [n for n, structure in enumerate(structures) if search.keep is None or search.keep(structure)]
            if not kept:
                continue
            weight = sum(np.array([self._known[structures[n][b]][0] for n in kept]) for b in range(len(blocks)))
            yield [structures[n] for n in kept], np.asarray(weight), fixed[some][kept]

    def _more_may_wait(self, blocks: Sequence[Sequence[BlockChoice]], seconds: Floats, slo: float) -> NDArray[np.bool_]:
        """Say of structures of one block whether another is as they are but that more may wait beside its function."""
        if len(blocks) > 1:
            return np.zeros(seconds.shape, dtype=bool)
        own = [replace(c, rounds=0) if c.rounds or c.function is not None else c for c in blocks[0]]
        late: dict[BlockChoice, int] = {}
        for n, (choice, bare) in enumerate(zip(blocks[0], own, strict=True)):
            if seconds[n] <= slo * (1 + TOLERANCE):
                late[bare] = max(late.get(bare, 0), choice.rounds)
        return np.array([c.rounds < late.get(bare, 0) for c, bare in zip(blocks[0], own, strict=True)])

    def _useful(self, choices: Sequence[BlockChoice]) -> list[BlockChoice]:
        """Return choices whose batches may fill, none that waits longer than another whose batches are always full."""
        bare = [replace(choice, batch_wait_s=0.0) for choice in choices]
        least: dict[BlockChoice, float] = {}
        for choice, own in zip(choices, bare, strict=True):
            if self.lines.always_full(choice):
                least[own] = min(least.get(own, math.inf), choice.batch_wait_s)
        return [
            choice
            for choice, own in zip(choices, bare, strict=True)
            if self.lines.fill(choice) <= self.lines.high(choice.first) * (1 + TOLERANCE)
            and choice.batch_wait_s <= least.get(own, math.inf)
        ]

    def _know(self, choices: Sequence[BlockChoice]) -> None:
        """Find the weights of choices, and what each costs at least by itself."""
        search, lines = self.search, self.lines
        new = [c for c in dict.fromkeys(choices) if c not in self._known]
        if not new:
            return
        weights = []
        for choice in new:
            weights.append(search.weight(lines, (choice,)))
        alone = solve_dual(
            self.exits, search.instance.accuracy_min, LinearCost(np.zeros(len(new)), np.array(weights))
        ).bound
        for choice, weight, cost in zip(new, weights, alone.tolist(), strict=True):
            least = cost * (1 - EQUAL)
            if choice.machine is not None and math.isfinite(least):
                rent = search.structures.option(choice.machine).rent_per_s
                if choice.function is not None:
                    self._known[choice] = weight, max(least, rent)
                    continue
                links = float(lines.usd(choice)[choice.first]) * lines.high(choice.first)
                least = max(least, rent * max(1, math.ceil((least - links) / rent * (1 - EQUAL))) if rent else least)
            self._known[choice] = weight, least


def _split(data: Data, solution: tuple[int, ...] | None) -> list[LevelKeys]:
    """Split thresholds at a solution's, where they differ most in who leaves."""

    def spread(s: int) -> float:
        rates = [data.exit_rate(s, level) for level in data.levels[s]]
        return float(data.reach_high[s] * (max(rates) - min(rates)) + (len(rates) > 1) * EQUAL)

    stage = max(data.stages, key=spread)
    order = sorted(data.levels[stage], key=lambda level: (data.exit_rate(stage, level), level))
    at = len(order) // 2
    if solution is not None:
        at = next(i for i, level in enumerate(order) if data.menu[stage][level].position == solution[stage - 1])
    cut = min(max(at, 1), len(order) - 1)
    keys = [(s, level) for s in data.stages for level in data.levels[s] if s != stage]
    return [[*keys, *((stage, level) for level in part)] for part in (order[:cut], order[cut:])]
