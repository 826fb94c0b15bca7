"""One structure: its thresholds and sizes, by models that are made sharper where they pass over something.

Where nobody waits for machines, lines around what a solution does are all that a model lacks. Waits depend on the
thresholds in more ways than a model can say: there it takes the least wait that thresholds of a set leave
(`relaxed.py`), and the set is split around its solution until the least is what is had.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.provisioning import Late, Pool, Sizes, build_provisioning
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.relaxed import Relaxed, rows, tangents
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.waits import ROOMS

if TYPE_CHECKING:
    from serflow_opt.traffic.provision.structures import BlockChoice, Structure

MOST_ROUNDS = 12
"""Times a model is made sharper, at most."""
FEWEST_GROUPS = 6
"""Groups of the demand in a structure's first model; each sharper one has twice as many."""
LINES = 4
"""Lines above what machines carry in a structure's first model."""
PLACES = 6
"""Numbers of requests that may wait beside a function which a model tells apart, for each number of machines."""
NARROW_WORK = 1e-3
"""Relative range of a block's work below which thresholds are split instead."""
ROUNDS_A_SET = 2
"""Models of a set of thresholds before it is split."""
MOST_SETS = 400
"""Sets of thresholds of a structure, at most."""

LevelKeys = Collection[tuple[int, int]]


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


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A set of thresholds.

    Attributes
    ----------
    levels
        Pairs (stage, level); None: all.
    points
        By block, work at which lines touch what machines carry; None: not known yet.
    sharper
        How often the demand was split in more groups.
    work
        By block, the least and the most seconds that a request of the service holds a worker; None: any.
    """

    levels: LevelKeys | None
    points: tuple[tuple[float, ...], ...] | None = None
    sharper: int = 0
    work: tuple[tuple[float, float], ...] | None = None


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
    levels
        Pairs (stage, level) that can be in a cheaper one; None: all.
    """

    def __init__(self, pricing: Pricing, structure: Structure, incumbent: Incumbent, levels: LevelKeys | None) -> None:
        self.whole, self.structure, self.incumbent = pricing, structure, incumbent
        promise = pricing.promise
        self.waits = promise.limited and any(promise.queued(choice) for choice in structure)
        self._looked = 0
        self._open = [(0.0, 0, 0.0, Thresholds(levels))]
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
        """Solve the model of a set; return its bounds and, where they are not enough, the parts it is split into."""
        whole, best = self.whole, self.incumbent.best
        data = Data(whole.instance, levels=chosen.levels)
        if chosen.levels is not None and {s for s, _ in chosen.levels} != set(whole.data.stages):  # none is cheaper
            return best, best, []
        if self.waits and all(len(data.levels[s]) == 1 for s in data.stages):
            cost = self.incumbent.offer(
                self.structure, tuple(data.menu[s][data.levels[s][0]].index for s in data.stages)
            )
            return cost, cost, []
        pricing = whole.among(chosen.levels) if self.waits else whole
        late = pricing.promise.late(self.structure, pricing.least_reach)
        if late is None:
            return math.inf, math.inf, []
        bound = checked = 0.0
        work = self._work(pricing, chosen)
        if any(low > high for low, high in work):  # no thresholds keep the floor
            return best, best, []
        points = [self._points(*own, known) for own, known in zip(work, chosen.points or [()] * len(work), strict=True)]
        solution: tuple[int, ...] | None = None
        sharper = chosen.sharper
        for _ in range(ROUNDS_A_SET if self.waits else MOST_ROUNDS):
            groups = whole.demand.in_groups(
                FEWEST_GROUPS * 2**sharper
            )  # they spill no more: a bound, and a small model
            sharper += 1
            found = self._model(pricing, data, late, groups, list(zip(work, points, strict=True)))
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
            solution = tuple(_chosen(data, built, outcome, s) for s in data.stages)
            self.incumbent.offer(self.structure, solution)  # exact; the model is below it by what it passes over
            if bound >= self.incumbent.enough():
                return bound, checked, []
            fresh = self._sharpen(solution, points)
            if not fresh and len(groups.rates) == len(whole.demand.rates):
                break
        if not self.waits or solution is None:
            return bound, checked, []
        kept, sharper = tuple(tuple(own) for own in points), max(0, sharper - 1)
        halves = self._split_work(work, solution)
        if halves:
            return bound, checked, [Thresholds(chosen.levels, kept, sharper, half) for half in halves]
        parts = _split(data, solution, chosen.levels)
        return bound, checked, [Thresholds(part, kept, sharper, tuple(work)) for part in parts]

    def _split_work(
        self, work: list[tuple[float, float]], solution: tuple[int, ...]
    ) -> list[tuple[tuple[float, float], ...]]:
        """Split the work of the block that leaves most open at what a solution makes; nothing: little is open."""
        service = service_of(self.whole.structures, self.structure, solution)
        open_ = {
            b: (high - low) / high
            for b, (low, high) in enumerate(work)
            if self.whole.promise.queued(self.structure[b]) and high > 0
        }
        b = max(open_, key=lambda b: open_[b], default=None)
        if b is None or open_[b] < NARROW_WORK:
            return []
        low, high = work[b]
        made = service.reach(b) * service.busy_s(b, service.blocks[b].machines[0])
        at = min(max(made, low + (high - low) / 8), high - (high - low) / 8)
        return [tuple(half if n == b else own for n, own in enumerate(work)) for half in ((low, at), (at, high))]

    def _model(
        self,
        pricing: Pricing,
        data: Data,
        late: Late,
        groups: Rates,
        points: list[tuple[tuple[float, float], list[float]]],
    ) -> tuple[Any, float] | None:
        """Return the model of a set of thresholds and its unit of money; None where nothing in it is cheaper."""
        pools = [self._pool(pricing, b, groups, *own) for b, own in enumerate(points)]
        if None in pools:
            return None
        best = self.incumbent.best
        dollar = best if math.isfinite(best) else pricing.demand.mean * (1 / 1e6)
        shares = list(zip(groups.rates.tolist(), groups.shares.tolist(), strict=True))
        return build_provisioning(data, [pool for pool in pools if pool is not None], shares, late, dollar), dollar

    def _points(self, low: float, high: float, known: Sequence[float]) -> list[float]:
        """Work of a block at which lines touch what machines carry: at first the ends and some between."""
        if not high > 0:
            return []
        inside = [point for point in known if low < point < high]
        return [low, high, *inside] if inside else [float(w) for w in np.linspace(low, high, LINES)]

    def _work(self, pricing: Pricing, chosen: Thresholds) -> list[tuple[float, float]]:
        """Return the least and the most work of each block, for thresholds of a set that are worth considering."""
        found = []
        for b, choice in enumerate(self.structure):
            if choice.machine is None:
                found.append((0.0, 0.0))
                continue
            low, high = pricing.least_work(choice), self.whole.profile(choice).most_work(self.incumbent.best)
            high = max(low, min(high, pricing.most_work(choice)))
            if chosen.work is not None:
                low, high = max(low, chosen.work[b][0]), min(high, chosen.work[b][1])
            found.append((low, high))
        return found

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

    def _pool(
        self, pricing: Pricing, b: int, groups: Rates, work: tuple[float, float], points: list[float]
    ) -> Pool | None:
        """Return a block's part of the model; None where it costs too much whatever is done."""
        structure, structures = self.structure, pricing.structures
        choice = structure[b]
        option = None if choice.machine is None else structures.option(choice.machine)
        pool = Pool(
            first=choice.first + 1,
            last=choice.last + 1,
            rent=option.rent_per_s if option else 0.0,
            workers=option.workers if option else 1,
            times=pricing.machine_times(choice),
            sending=choice.sending_s,
            fee=structures.fee(choice.function) if choice.function is not None else 0.0,
            prices=pricing.function_prices(choice),
            handover=choice.hop_usd,
            most=self.whole.most(choice) if option else 0,
        )
        if option is None or (choice.function is not None and pricing.carrying.arrivals == "smooth"):
            return pool
        others = math.fsum(self.whole.least(other) for other in structure if other is not choice)
        left = self.incumbent.best * (1 + TOLERANCE) - others
        relaxed = pricing.relaxed_in(structure, b)
        sized = self._alone if choice.function is None else self._beside
        sizes = sized(pricing, choice, groups, relaxed, left, work, points)
        return replace(pool, sizes=sizes) if sizes.counts else None

    def _alone(
        self,
        pricing: Pricing,
        choice: BlockChoice,
        groups: Rates,
        relaxed: Relaxed | None,
        left: float,
        work: tuple[float, float],
        points: list[float],
    ) -> Sizes:
        """Return numbers of machines without a function, lines above the load they take, and what waits take."""
        rent, peak, (low, high) = pricing.rent(choice), pricing.demand.peak, work
        known = self.whole.sizes(choice) or ()
        counts = [k for k in range(1, len(known)) if rent * k <= left and known[k] >= peak * low * (1 - TOLERANCE)]
        full = {k: pricing.takes(choice, k, None) / peak for k in counts}
        counts = [k for k in counts if full[k] >= low * (1 - TOLERANCE)]
        most = {k: full[k] for k in counts}
        if relaxed is not None:
            most = {k: min(full[k], relaxed.most_work(k, low, min(high, full[k]))) for k in counts}
            counts = [k for k in counts if most[k] >= low]
        lines = tuple((tuple((0.0, rate * most[k]) for k in counts),) for rate in groups.rates.tolist())
        sizes = Sizes(tuple(counts), lines, low, high)
        if relaxed is None or not counts:
            return sizes
        if relaxed.slack is None:
            waited = [tangents(relaxed, k, None, low, min(high, most[k]), points) for k in counts]
            return replace(sizes, waits=tuple(zip(*waited, strict=True)))
        return replace(sizes, late=rows(relaxed, [(k, None) for k in counts], low, high))

    def _beside(
        self,
        pricing: Pricing,
        choice: BlockChoice,
        groups: Rates,
        relaxed: Relaxed | None,
        left: float,
        work: tuple[float, float],
        points: list[float],
    ) -> Sizes:
        """Return machines beside a function, with places to wait in, lines above what they carry, and what waits take.

        Of the places only the most are told apart: with fewer than the last no more is carried.
        """
        (low, high), at = work, np.asarray(points)
        costs, most = self.whole.at_least(choice), self.whole.most(choice)
        workers = pricing.structures.option(choice.machine or 0).workers
        sizes: list[tuple[int, int]] = []
        places = 0
        for count in (k for k in range(1, most + 1) if costs[k] <= left):
            if relaxed is not None:
                places = relaxed.most_places(count, low, high, places)
            last = ROOMS.index(places)
            sizes += [(count, ROOMS[n]) for n in range(last, max(-1, last - PLACES), -1)]
        touching = [
            [pricing.carrying.lines(k * workers, rate * at, room) for k, room in sizes]
            for rate in groups.rates.tolist()
        ]
        lines = tuple(tuple(zip(*by_size, strict=True)) for by_size in touching)
        found = Sizes(tuple(count for count, _ in sizes), lines, low, high)
        if relaxed is None or not sizes:
            return found
        free = {(count, min(room for own, room in sizes if own == count)) for count, _ in sizes}
        if relaxed.slack is None:
            waited = [
                [(0.0, 0.0)] * len(points) if own in free else tangents(relaxed, *own, low, high, points)
                for own in sizes
            ]
            return replace(found, waits=tuple(zip(*waited, strict=True)))
        each = zip(sizes, rows(relaxed, sizes, low, high), strict=True)
        return replace(found, late=tuple((0.0,) * len(row) if own in free else row for own, row in each))


def _chosen(data: Data, model: Any, outcome: Outcome, s: int) -> int:
    """Position of the threshold a solution uses at stage s."""
    if s not in data.choosing:
        return data.menu[s][data.levels[s][0]].index
    level = max(data.levels[s], key=lambda level: outcome.value(model.z[s, level]))
    return data.menu[s][level].index


def _split(data: Data, solution: tuple[int, ...], levels: LevelKeys | None) -> list[LevelKeys]:
    """Split thresholds at a solution's, where they differ most in who leaves."""
    keys = set(levels) if levels is not None else {(s, level) for s in data.stages for level in data.levels[s]}

    def spread(s: int) -> float:
        rates = [data.exit_rate(s, level) for level in data.levels[s]]
        return data.reach_high[s] * (max(rates) - min(rates)) + (len(rates) > 1) * EQUAL

    stage = max(data.stages, key=spread)
    order = sorted(data.levels[stage], key=lambda level: (data.exit_rate(stage, level), level))
    at = next(i for i, level in enumerate(order) if data.menu[stage][level].index == solution[stage - 1])
    cut = max(1, min(at + (at < len(order) / 2), len(order) - 1))
    first = {(stage, level) for level in order[:cut]}
    others = {key for key in keys if key[0] != stage}
    return [others | first, others | {(stage, level) for level in order[cut:]}]
