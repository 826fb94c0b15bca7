"""The sizes that a block may have in a set of thresholds, and what each carries, costs and makes late at least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.formulations.pools import PoolSizes
from serflow_opt.ground.tolerances import ROOM, TOLERANCE
from serflow_opt.traffic.provision.flows import FlowLine
from serflow_opt.traffic.provision.pricing import GROUPS
from serflow_opt.traffic.provision.relaxed import rows, tangents
from serflow_opt.traffic.provision.waits import ROOMS

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.relaxed import LeastWaits
    from serflow_opt.traffic.provision.structures import BlockChoice

PLACES = 6
"""Numbers of requests that may wait beside a function which a model tells apart, for each number of machines."""
TOLD = 2
"""Of these as many whose late requests count where sets are bounded by flows; fewer places are in time."""
TOUCHED = 4
"""Works at which lines touch what a size spills, and what it makes wait."""
GRID = 25
"""Works at which such lines are held against what they are below of."""
STEP = 2.0**-23
"""Share of the work over which slopes are taken."""
OPENED = 1 + ROOM
"""Limits are opened by what models open them by."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A size of a block.

    Attributes
    ----------
    least
        What it costs at least, USD per second.
    cost, largest
        Lines below its cost: one, and several of which the largest counts.
    limits
        Lines that are at most 0.
    wait
        Lines below the seconds that a request of the service waits on average; none where that does not count.
    """

    least: float
    cost: FlowLine
    largest: tuple[FlowLine, ...] = ()
    limits: tuple[FlowLine, ...] = ()
    wait: tuple[FlowLine, ...] = ()


@dataclass(frozen=True, eq=False)
class Sizing:
    """Sizes of one block with machines.

    Attributes
    ----------
    whole, pricing
        What blocks cost at any thresholds, and at those of the set.
    choice
        What runs the block.
    relaxed
        What its waits take of the latency limit at least; None: nothing.
    left
        USD per second that it may cost.
    low, high
        Between these is its work, seconds a request.
    squares
        Between these is the mean square of the seconds that one is held, s²; None: nothing depends on it.
    """

    whole: Pricing
    pricing: Pricing
    choice: BlockChoice
    relaxed: LeastWaits | None
    left: float
    low: float
    high: float
    squares: tuple[float, float] | None

    @cached_property
    def alone(self) -> dict[int, float]:
        """Numbers of machines without a function, and the most work of each."""
        pricing, choice, low = self.pricing, self.choice, self.low
        rent, peak, known = pricing.rent(choice), pricing.demand.peak, self.whole.sizes(choice) or ()
        found = {}
        for k in range(1, len(known)):
            if rent * k > self.left:
                break
            full = pricing.takes(choice, k, None) / peak
            if min(known[k], full * peak) < peak * low * (1 - TOLERANCE) or full < low * (1 - TOLERANCE):
                continue
            most = full if self.relaxed is None else self.relaxed.most_work(k, low, min(self.high, full))
            if self.relaxed is None or most >= low:
                found[k] = most
        return found

    @cached_property
    def beside(self) -> dict[int, int]:
        """Numbers of machines beside a function, and the most requests that may wait for each."""
        costs, most = self.whole.at_least(self.choice), self.whole.most(self.choice)
        counts = [k for k in range(1, most + 1) if costs[k] <= self.left]
        if self.relaxed is None:
            return dict.fromkeys(counts, 0)
        anywhere = replace(self.choice, hop_s=0.0, hop_usd=0.0)
        return self.relaxed.places(counts, self.low, self.high, self.whole.places(anywhere))

    def sizes(self, groups: Rates, points: Sequence[float]) -> PoolSizes:
        """Return the sizes as a model has them.

        Parameters
        ----------
        groups
            Of the demand.
        points
            Work at which lines touch what machines carry.
        """
        return self._alone(groups, points) if self.choice.function is None else self._beside(groups, points)

    def _alone(self, groups: Rates, points: Sequence[float]) -> PoolSizes:
        relaxed, (low, high), most = self.relaxed, (self.low, self.high), self.alone
        counts = tuple(most)
        lines = tuple((tuple((0.0, rate * most[k]) for k in counts),) for rate in groups.rates.tolist())
        sizes = PoolSizes(counts, lines, low, high)
        if relaxed is None or not counts:
            return sizes
        if relaxed.slack is None:
            waited = [tangents(relaxed, k, None, low, min(high, most[k]), points) for k in counts]
            return replace(sizes, waits=tuple(zip(*waited, strict=True)))
        return replace(sizes, late=rows(relaxed, [(k, None) for k in counts], low, high))

    def _beside(self, groups: Rates, points: Sequence[float]) -> PoolSizes:
        """Of the places to wait only the most are told apart: with fewer than the last no more is carried."""
        relaxed, (low, high), at = self.relaxed, (self.low, self.high), np.asarray(points)
        workers = self.pricing.structures.option(self.choice.machine or 0).workers
        sizes: list[tuple[int, int]] = []
        for count, places in self.beside.items():
            last = ROOMS.index(places)
            sizes += [(count, ROOMS[n]) for n in range(last, max(-1, last - PLACES), -1)]
        touching = [
            [self.pricing.carrying.lines(k * workers, rate * at, room) for k, room in sizes]
            for rate in groups.rates.tolist()
        ]
        lines = tuple(tuple(zip(*by_size, strict=True)) for by_size in touching)
        found = PoolSizes(tuple(count for count, _ in sizes), lines, low, high)
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

    def each(self) -> list[Sized]:
        """Return the sizes one by one, as lines in the reaches."""
        pricing, choice = self.pricing, self.choice
        rent, handing, busy = pricing.rent(choice), pricing.handing(choice), pricing.busy(choice)
        range_ = [FlowLine(1.0, -busy * (OPENED / self.low))] if self.low > 0 else []
        if self.squares is not None:
            (least, most), square = self.squares, pricing.squares(choice)
            range_ += [FlowLine(1.0, -square * (OPENED / least))] if least > 0 else []
            range_ += [FlowLine(-OPENED, square / most)] if most > 0 else []
        if choice.function is None:
            found = []
            for count, most in self.alone.items():
                top = min(self.high, most)
                limits = [*range_, FlowLine(-OPENED, busy / top)] if top > 0 else range_
                late, wait = self._waiting(count, None, top)
                usd = rent * count
                found.append(Sized(usd, FlowLine(usd, handing), (), (*limits, *late), wait))
            return found
        if self.high > 0:
            range_.append(FlowLine(-OPENED, busy / self.high))
        costs = self.whole.at_least(choice)
        return [
            Sized(
                float(costs[count]),
                FlowLine(rent * count, handing),
                self._spilled(count, places),
                (*range_, *late),
                wait,
            )
            for count, most in self.beside.items()
            for places, late, wait in self._rooms(count, most)
        ]

    def _rooms(self, count: int, most: int) -> list[tuple[int, tuple[FlowLine, ...], tuple[FlowLine, ...]]]:
        """Return places beside a function with the limit on late requests, and the seconds waited, of each.

        The fewest stand for all that are fewer: they spill no less, and are taken to be in time.
        """
        if self.relaxed is None or not most:
            return [(most, (), ())]
        last = ROOMS.index(most)
        first = max(0, last - TOLD)
        told = [(ROOMS[n], *self._waiting(count, ROOMS[n], self.high)) for n in range(last, first, -1)]
        return [*told, (ROOMS[first], (), ())]

    def _waiting(self, count: int, places: int | None, top: float) -> tuple[tuple[FlowLine, ...], tuple[FlowLine, ...]]:
        """Return the limit on late requests, and lines below the seconds that are waited."""
        relaxed, first, last = self.relaxed, self.choice.first, self.pricing.data.last
        if relaxed is None:
            return (), ()
        if relaxed.slack is None:
            points, busy = np.linspace(self.low, top, TOUCHED).tolist(), self.pricing.busy(self.choice)
            lines = tangents(relaxed, count, places, self.low, top, points)
            return (), tuple(FlowLine(start, slope * busy) for slope, start in lines)
        weight = np.zeros(last)
        weight[first:] = relaxed.row(count, places, self.low, top) / relaxed.room
        return ((FlowLine(-OPENED, weight),), ()) if weight.any() else ((), ())

    def _spilled(self, count: int, places: int) -> tuple[FlowLine, ...]:
        """Return lines below what a number of machines leaves to the function costs, USD per second.

        With W the work and P what a request costs on the function alone it is P S(W), S what is not carried for each of
        W. W S(W) is convex, so one kind of lines is tangents of it times the least P / W. The other is that of products
        (G. P. McCormick, 1976): with S from S_0 and P from P_0 on, P S >= P_0 S + S_0 P - P_0 S_0.
        """
        pricing, choice, groups = self.pricing, self.choice, self.pricing.demand.in_groups(GROUPS)
        servers = count * pricing.structures.option(choice.machine or 0).workers
        busy, dear = pricing.busy(choice), pricing.per_second(choice)
        if not self.high > 0:
            return (FlowLine(0.0, 0.0 * busy),)

        def spilled(works: Floats) -> Floats:
            loads = groups.rates[:, None] * works
            carried = pricing.carrying.carried(servers, loads.ravel(), places).reshape(loads.shape)
            gone: Floats = groups.shares @ (loads - carried)
            return gone

        lines = [FlowLine(dear * start, dear * slope * busy) for slope, start in _below(spilled, self.low, self.high)]
        if self.low > 0:
            least, each = max(dear * self.low, pricing.least_called(choice)), pricing.called(choice)
            at_low = float(spilled(np.array([self.low]))[0]) / self.low
            lines += [
                FlowLine(least * (start - at_low), least * slope * busy + at_low * each)
                for slope, start in _below(lambda works: spilled(works) / works, self.low, self.high)
            ]
        return tuple(lines)


def _below(value: Callable[[Floats], Floats], low: float, high: float) -> list[tuple[float, float]]:
    """Return lines (slope, start) below a rising function between two works, near some points."""
    at, grid = np.linspace(low, high, TOUCHED), np.linspace(low, high, GRID)
    step = high * STEP
    before, behind = np.maximum(at - step, low), np.minimum(at + step, high)
    if not behind[0] > before[0]:
        return [(0.0, float(value(at[:1])[0]))]
    slopes = np.maximum(value(behind) - value(before), 0.0) / (behind - before)
    starts = value(at) - slopes * at
    above = starts[:, None] + slopes[:, None] * grid - value(grid)
    starts = starts - np.maximum(above.max(axis=1), 0.0)
    return list(zip(slopes.tolist(), starts.tolist(), strict=True))
