"""A set of thresholds of a structure: what it costs at least, by flows (`flows.py`) and by a model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.pools import BlockModel, LateLimit
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.provision.block_ranges import BlockRanges, Range, within
from serflow_opt.traffic.provision.flows import Closer, Flow, FlowLine, Flows
from serflow_opt.traffic.provision.lateness import Ending, Lateness
from serflow_opt.traffic.provision.places_in_time import PlacesInTime
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.relaxed import LeastWaits
from serflow_opt.traffic.provision.sizing import OPENED, Sized, Sizing

if TYPE_CHECKING:
    from serflow_opt.backend.highs import Outcome
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.provision.structures import Structure

FLOWS = 1000
"""Choices of sizes that are bounded one by one, at most."""
MOST_CHOICES = 20_000
"""Choices of sizes that are looked through for these, at most."""
LISTED = 32
"""Thresholds of a set that are valued one by one, at most."""
LINES = 4
"""Lines above what machines carry in a structure's first model."""

LevelKeys = Collection[tuple[int, int]]


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
    ranges
        By block, between what they are; None: any.
    """

    levels: LevelKeys | None
    points: tuple[tuple[float, ...], ...] | None = None
    sharper: int = 0
    ranges: tuple[BlockRanges, ...] | None = None


@dataclass(frozen=True, slots=True)
class Bounded:
    """What a set costs at least.

    Attributes
    ----------
    usd
        USD per second.
    levels
        Thresholds that are cheap by the bound; none: nothing is cheap enough.
    listed
        All that may be cheap enough; None: they are too many.
    """

    usd: float
    levels: tuple[int, ...] = ()
    listed: list[tuple[int, ...]] | None = field(default_factory=list)


class OneSet:
    """A set of thresholds of a structure, as far as it can be cheaper than the best deployment known.

    Parameters
    ----------
    whole, pricing
        What blocks cost at any thresholds, and at those of the set.
    structure
        What runs each block.
    chosen
        The set.
    best
        USD per second; inf: none is known.
    """

    def __init__(
        self,
        whole: Pricing,
        pricing: Pricing,
        structure: Structure,
        chosen: Thresholds,
        best: float,
    ) -> None:
        self.whole, self.pricing, self.structure, self.chosen, self.best = whole, pricing, structure, chosen, best
        self.late: LateLimit | None = pricing.promise.late(structure, pricing.least_reach)
        self.work = [self._work(b) for b in range(len(structure))]

    @property
    def empty(self) -> bool:
        """Whether no thresholds of the set keep the floor with work that is worth considering."""
        return any(low > high for low, high in self.work)

    def _work(self, b: int) -> Range:
        """Return the least and the most work of a block, for thresholds of the set that are worth considering."""
        choice, pricing = self.structure[b], self.pricing
        if choice.machine is None:
            return 0.0, 0.0
        low, high = pricing.least_work(choice), self.whole.profile(choice).most_work(self.best)
        high = max(low, min(high, pricing.most_work(choice)))
        if self.chosen.ranges is not None:
            low, high = within((low, high), self.chosen.ranges[b].work)
        return low, high

    @cached_property
    def relaxed(self) -> list[LeastWaits | None]:
        """What waits of each block take of the latency limit at least; None: nothing."""
        found: list[LeastWaits | None] = []
        for b, choice in enumerate(self.structure):
            own = None if choice.machine is None else self.pricing.relaxed_in(self.structure, b)
            if own is not None and self.chosen.ranges is not None:
                own = own.within(self.chosen.ranges[b])
            found.append(own)
        return found

    @cached_property
    def squares(self) -> list[Range | None]:
        """By block, between what the mean square of the seconds is that one holds a worker, s²; None: it is the same.

        How long requests wait depends on it.
        """
        return [self._square(b) for b in range(len(self.structure))]

    def _square(self, b: int) -> Range | None:
        relaxed = self.relaxed[b]
        if relaxed is None:
            return None
        data, choice = self.pricing.data, self.structure[b]
        low = relaxed.least_square(*self.work[b])
        high = float(self.pricing.squares(choice) @ np.array([data.reach_high[s] for s in data.stages]))
        if self.chosen.ranges is not None and (known := self.chosen.ranges[b].square) is not None:
            low, high = within((low, high), known)
        return min(low, high), high

    @cached_property
    def reaches(self) -> list[Range | None]:
        """By block, between what the share of the requests is that enters; None: it is the same.

        The fewer do the same work, the longer each is held, and the longer others wait.
        """
        return [
            None if own is None else (min(float(own.reaches[0]), own.reach_high), own.reach_high)
            for own in self.relaxed
        ]

    @property
    def ranges(self) -> tuple[BlockRanges, ...]:
        """Of each block all of this."""
        return tuple(map(BlockRanges, self.work, self.squares, self.reaches))

    @cached_property
    def sizings(self) -> list[Sizing | None]:
        """The sizes of each block; None: it has no machines."""
        leasts = [self.whole.least(choice) for choice in self.structure]
        return [
            None
            if choice.machine is None
            else Sizing(
                self.whole,
                self.pricing,
                choice,
                self.relaxed[b],
                self.best * (1 + TOLERANCE) - math.fsum(leasts[:b] + leasts[b + 1 :]),
                self.ranges[b],
            )
            for b, choice in enumerate(self.structure)
        ]

    def bound(self, enough: float) -> Bounded | None:
        """Return what the set costs at least by flows, and what is cheap there; None: not told.

        Nothing in the set that is not listed costs less than `enough`, at most the best, USD per second.
        """
        if math.isinf(self.best):
            return None
        choices = [
            [Sized(self.whole.least(choice), FlowLine(0.0, self.whole.weights(choice)))] if own is None else own.each()
            for own, choice in zip(self.sizings, self.structure, strict=True)
        ]
        if math.prod(map(len, choices)) > MOST_CHOICES:
            return None
        few = [
            own
            for sizes in itertools.product(*choices)
            if math.fsum(sized.least for sized in sizes) < self.best and (own := self._payable(sizes)) is not None
        ]
        if not few:
            return Bounded(self.best)
        if len(few) > FLOWS:
            return None
        flows = Flows(self.pricing.exits, self.pricing.instance.accuracy_min, self.whole.flow_prices)
        closer = self._closer(few, self.places) if self.places is not None else None
        bound, cheap, listed = flows.looked([self._flow(own) for own in few], enough, self.best, closer, LISTED)
        return Bounded(
            min(bound, self.best),
            self._levels(cheap) if cheap else (),
            None if listed is None else [*map(self._levels, listed)],
        )

    def _payable(self, sizes: tuple[Sized, ...]) -> tuple[Sized, ...] | None:
        """Return sizes with as many places to wait in as it takes to cost less than the best; None: none are enough."""
        if self.places is None:
            return sizes
        left, found = self.best * (1 + TOLERANCE) - math.fsum(sized.least for sized in sizes), list[Sized]()
        for own, sizing in zip(sizes, self.sizings, strict=True):
            if own.rooms is None or sizing is None or not own.spans:
                found.append(own)
                continue
            first = sizing.fewest(own.count, own.least + left)
            if first is None:
                return None
            found.append(own if first <= own.rooms[0] else sizing.of(own.count, first, own.rooms[1]))
        return tuple(found)

    def _levels(self, positions: Sequence[int]) -> tuple[int, ...]:
        """Return thresholds as positions in the menus of the instance, given as those in the menus of the set."""
        data = self.pricing.data
        return tuple(data.menu[s][data.levels[s][at]].position for s, at in zip(data.stages, positions, strict=True))

    def _flow(self, sized: Sequence[Sized], *more: FlowLine) -> Flow:
        """Return what a choice of sizes costs, and what latency leaves; `more` are further limits."""
        cost = sized[0].cost
        for own in sized[1:]:
            cost += own.cost
        limits = [*(limit for own in sized for limit in own.limits), *more]
        assert self.late is not None
        if self.late.weights:
            path = FlowLine(-OPENED, np.asarray(self.late.weights) / self.late.room)
            waiting = [own.wait for own in sized if own.wait]
            for lines in zip(*waiting, strict=True) if waiting else [()]:
                whole = path
                for line in lines:
                    whole += line * (1 / self.late.room)
                limits.append(whole)
        return Flow(cost, tuple(own.largest for own in sized if own.largest), tuple(limits))

    def _closer(self, choices: list[tuple[Sized, ...]], places: PlacesInTime) -> Closer:
        """Return what says more of choices of sizes where their thresholds make too many late.

        Sizes that stand for several numbers of places are split where it shows, and limits of single blocks become
        those of all that wait one after the other.
        """
        joined = [False] * len(choices)  # whether limits are of all that wait

        def closer(n: int, reach: Floats) -> list[Flow]:
            own = choices[n]
            parts = [] if joined[n] and not any(sized.spans for sized in own) else places.parted(own, reach)
            if joined[n] and parts == [own]:  # labels break it
                return []
            found = list[Flow]()
            for part in parts:
                choices.append(part)
                joined.append(True)
                found.append(self._flow(part, places.late(part, places.fewest(part))))
            return found

        return closer

    @cached_property
    def places(self) -> PlacesInTime | None:
        """How many may wait in time; None: it is not a share of late requests that counts, or nobody waits.

        It is of as few ways to meet cold starts as do: bounds may say less.
        """
        promise = self.pricing.promise
        if not any(own is not None and own.slack is not None for own in self.relaxed):
            return None
        ways = list(promise.waiting_ways(self.structure, few=True))
        block_of = [b for b, choice in enumerate(self.structure) for _ in range(choice.first, choice.last + 1)]
        endings = [Ending(b, 1.0, t) for _, done in ways for b, t in zip(block_of, done, strict=True)]
        lateness = Lateness(promise.queues, endings, self.whole.instance.latency_slo_s, varies=promise.varies)
        return PlacesInTime(self.sizings, lateness, np.array([own for own, _ in ways]), promise.room)

    def points(self) -> list[list[float]]:
        """Work of each block at which lines touch what machines carry: at first the ends and some between."""
        known = self.chosen.points or [()] * len(self.work)
        return [_points(*own, inner) for own, inner in zip(self.work, known, strict=True)]

    def model(self, data: Data, groups: Rates, points: Sequence[Sequence[float]]) -> tuple[Any, float] | None:
        """Return the model of the set and its unit of money; None where nothing in it is cheaper.

        Parameters
        ----------
        data
            Sets and coefficients of the instance.
        groups
            Rates, requests per second, and their shares.
        points
            By block, work at which waits are drawn by tangents, busy workers.
        """
        from serflow_opt.formulations.provisioning import build_provisioning  # loads Pyomo, which not all need

        pools = [self._pool(b, groups, own) for b, own in enumerate(points)]
        assert self.late is not None
        if None in pools:
            return None
        dollar = self.best if math.isfinite(self.best) else self.pricing.demand.mean * (1 / 1e6)
        shares = list(zip(groups.rates.tolist(), groups.shares.tolist(), strict=True))
        return build_provisioning(data, [pool for pool in pools if pool is not None], shares, self.late, dollar), dollar

    def _pool(self, b: int, groups: Rates, points: Sequence[float]) -> BlockModel | None:
        """Return a block's part of the model; None where it costs too much whatever is done."""
        choice, sizing, pricing = self.structure[b], self.sizings[b], self.pricing
        structures = pricing.structures
        option = None if choice.machine is None else structures.option(choice.machine)
        pool = BlockModel(
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
        if sizing is None or (choice.function is not None and pricing.carrying.arrivals == "smooth"):
            return pool
        sizes = sizing.sizes(groups, points)
        return replace(pool, sizes=sizes) if sizes.counts else None


def chosen_level(data: Data, model: Any, outcome: Outcome, s: int) -> int:
    """Position of the threshold a solution uses at stage s.

    Parameters
    ----------
    data
        Sets and coefficients of the instance.
    model, outcome
        What was solved, and the values of its variables.
    s
        The stage, from 1.
    """
    if s not in data.choosing:
        return data.menu[s][data.levels[s][0]].position
    level = max(data.levels[s], key=lambda level: outcome.value(model.z[s, level]))
    return data.menu[s][level].position


def _points(low: float, high: float, known: Sequence[float]) -> list[float]:
    if not high > 0:
        return []
    inside = [point for point in known if low < point < high]
    return [low, high, *inside] if inside else [float(w) for w in np.linspace(low, high, LINES)]
