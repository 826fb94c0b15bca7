"""The sizes that a block may have in a set of thresholds, and what each carries, costs and makes late at least."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from serflow_opt.formulations.pools import PoolSizes
from serflow_opt.ground.tolerances import EQUAL, ROOM, TOLERANCE
from serflow_opt.traffic.provision.flows import FlowLine
from serflow_opt.traffic.provision.pricing import GROUPS
from serflow_opt.traffic.provision.relaxed import rows, tangents
from serflow_opt.traffic.provision.touched_works import GRID, TOUCHED, below_quotient
from serflow_opt.traffic.provision.waits import ROOMS, useful_rooms

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.provision.block_ranges import BlockRanges
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.relaxed import LeastWaits
    from serflow_opt.traffic.provision.structures import BlockChoice
    from serflow_opt.traffic.provision.waits import Wait

Each = TypeVar("Each")
PLACES = 6
"""Numbers of requests that may wait beside a function which a model tells apart, for each number of machines."""
TOLD = 2
"""Of these as many whose waits count where sets are bounded by flows and the limit is on the mean; fewer take none."""
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
    count, top
        Machines, and the most work that they may do, seconds a request of the service.
    rooms
        Positions in `ROOMS`, first and last, of the numbers of requests that may wait: what is late is that of the
        first, and what is spilled that of the last. None: where there is no function, or nobody waits.
    """

    least: float
    cost: FlowLine
    largest: tuple[FlowLine, ...] = ()
    limits: tuple[FlowLine, ...] = ()
    wait: tuple[FlowLine, ...] = ()
    count: int = 0
    top: float = 0.0
    rooms: tuple[int, int] | None = None

    @property
    def spans(self) -> int:
        """How many more numbers of places it stands for than one."""
        return 0 if self.rooms is None else self.rooms[1] - self.rooms[0]


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
    ranges
        Between what thresholds of the set are in it.
    """

    whole: Pricing
    pricing: Pricing
    choice: BlockChoice
    relaxed: LeastWaits | None
    left: float
    ranges: BlockRanges
    _known: dict[tuple[int, int, int], Sized] = field(init=False, default_factory=dict)

    @property
    def low(self) -> float:
        """Least work, seconds a request of the service."""
        return self.ranges.work[0]

    @property
    def high(self) -> float:
        """Most work, seconds a request of the service."""
        return self.ranges.work[1]

    @cached_property
    def alone(self) -> dict[int, float]:
        """Numbers of machines without a function, and the most work of each."""
        pricing, choice, low = self.pricing, self.choice, self.low
        rent, peak, known = pricing.rent(choice), pricing.demand.peak, self.whole.sizes(choice) or ()
        found = {}
        for k in self._in_turn(range(1, len(known))):
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
    def _leasts(self) -> Floats:
        """What 0, 1, .. machines and the function beside them cost at least with the work of the set, USD per second.

        It rises with the work: what it is at a point of the grid below counts.
        """
        at = self._below
        costs: Floats = self.whole.by_count(self.choice)[:, at] if at else self.whole.at_least(self.choice)
        return costs

    @cached_property
    def _below(self) -> int:
        """Last point of the grid of works that is not above the least work of the set."""
        if not math.isfinite(self.whole.least_work(self.choice)):
            return 0
        grid = self.whole.profile(self.choice).grid
        return max(0, int(np.searchsorted(grid, self.low, side="right")) - 1)

    @cached_property
    def beside(self) -> dict[int, tuple[int, int]]:
        """Numbers of machines beside a function, and for each the fewest and the most that may wait, as in `ROOMS`.

        With fewer the block would cost more than is left for it, with more too many would be late.
        """
        costs, most = self._leasts, self.whole.most(self.choice)
        counts = [k for k in range(1, most + 1) if costs[k] <= self.left]
        if self.relaxed is None:
            return dict.fromkeys(counts, (0, 0))
        if self.relaxed.slack is None:
            places = self.relaxed.places(self._in_turn(counts), self.low, self.high)
            return {count: (0, ROOMS.index(room)) for count, room in places.items()}
        found, last = dict[int, tuple[int, int]](), len(ROOMS) - 1
        for count in self._in_turn(counts):
            first = self.fewest(count, self.left)
            if first is not None and (not first or self._in_time(count, first)):
                found[count] = first, last
        return found

    def fewest(self, count: int, left: float) -> int | None:
        """Return the least position in `ROOMS` with which a number of machines may cost no more than is left.

        Parameters
        ----------
        count
            Machines.
        left
            USD per second; None comes back where no number of places is enough.
        """
        dear = self.by_room(count) > left
        return None if dear[-1] else int(np.count_nonzero(dear))

    def by_room(self, count: int) -> Floats:
        """Return what machines and the function beside them cost at least, by how many may wait, USD per second."""
        whole, choice = self.whole, self.choice
        spilled = whole.spilled(choice, count, whole.profile(choice).grid)[:, self._below]
        usd: Floats = whole.rent(choice) * count + whole.per_second(choice) * spilled
        return np.minimum.accumulate(usd) * (1 - EQUAL)

    def _in_time(self, count: int, n: int) -> bool:
        relaxed = self.relaxed
        assert relaxed is not None
        return relaxed.taken(count, ROOMS[min(n, self._useful(count))], self.low, self.high) <= relaxed.room

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
            waited = [tangents(relaxed, k, None, low, min(high, most[k]), points) for k in self._in_turn(counts)]
            return replace(sizes, waits=tuple(zip(*waited, strict=True)))
        return replace(sizes, late=rows(relaxed, self._in_turn([(k, None) for k in counts]), low, high))

    def _beside(self, groups: Rates, points: Sequence[float]) -> PoolSizes:
        """Of the places to wait only the most are told apart: with fewer than the last no more is carried."""
        relaxed, (low, high), at = self.relaxed, (self.low, self.high), np.asarray(points)
        workers = self.pricing.structures.option(self.choice.machine or 0).workers
        sizes: list[tuple[int, int]] = []
        for count, (_, last) in self.beside.items():
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
                for own in self._in_turn(sizes)
            ]
            return replace(found, waits=tuple(zip(*waited, strict=True)))
        each = zip(sizes, rows(relaxed, self._in_turn(sizes), low, high), strict=True)
        return replace(found, late=tuple((0.0,) * len(row) if own in free else row for own, row in each))

    def _in_turn(self, each: Iterable[Each]) -> Iterator[Each]:
        """Yield sizes one by one, until the deadline: there may be thousands, each with waits of its own."""
        for own in each:
            self.whole.deadline.check()
            yield own

    def each(self) -> list[Sized]:
        """Return the sizes one by one, as lines in the reaches."""
        pricing, choice = self.pricing, self.choice
        if choice.function is None:
            rent, handing, found = pricing.rent(choice), pricing.handing(choice), list[Sized]()
            for count, most in self._in_turn(self.alone.items()):
                top, usd = min(self.high, most), rent * count
                late, wait = self._waiting(count, None, top)
                cost, limits = FlowLine(usd, handing), (*self._ranges(top), *late)
                found.append(Sized(usd, cost, (), limits, wait, count, top))
            return found
        return [own for count, rooms in self._in_turn(self.beside.items()) for own in self._rooms(count, *rooms)]

    def _ranges(self, most: float) -> list[FlowLine]:
        """Return the ranges of thresholds as limits, `most` is of the work."""
        busy, squares = self.pricing.busy(self.choice), self.pricing.squares(self.choice)
        found = [FlowLine(1.0, -busy * (OPENED / self.low))] if self.low > 0 else []
        for between, weight in ((self.ranges.square, squares), (self.ranges.reach, self._entering)):
            if between is not None:
                low, high = between
                found += [FlowLine(1.0, -weight * (OPENED / low))] if low > 0 else []
                found += [FlowLine(-OPENED, weight / high)] if high > 0 else []
        return [*found, FlowLine(-OPENED, busy / most)] if most > 0 else found

    @property
    def _entering(self) -> Floats:
        """What a unit of reach of each stage adds to the share that enters the block."""
        weight = np.zeros(self.pricing.data.last)
        weight[self.choice.first] = 1.0
        return weight

    def _rooms(self, count: int, first: int, last: int) -> list[Sized]:
        """Return a number of machines beside a function with any number of places to wait in, up to the most."""
        if self.relaxed is None or self.relaxed.slack is not None:
            return [self.of(count, first, last)]
        told = max(0, last - TOLD)
        return [*(self.of(count, n, n) for n in range(last, told, -1)), self.of(count, 0, told)]

    def of(self, count: int, first: int, last: int) -> Sized:
        """Return machines beside a function with any of some numbers of places.

        The more may wait the fewer are spilled, and the longer do they wait.

        Parameters
        ----------
        count
            Machines.
        first, last
            Positions in `ROOMS`.
        """
        pricing, choice, key = self.pricing, self.choice, (count, first, last)
        if key not in self._known:
            late, wait = self._waiting(count, ROOMS[first], self.high) if first else (self._nothing, ())
            self._known[key] = Sized(
                float(self._leasts[count] if self.relaxed is None else self.by_room(count)[last]),
                FlowLine(pricing.rent(choice) * count, pricing.handing(choice)),
                self._spilled(count, ROOMS[last]),
                (*self._beside_ranges, *late),
                wait,
                count,
                self.high,
                (first, last),
            )
        return self._known[key]

    @cached_property
    def _nothing(self) -> tuple[FlowLine, ...]:
        """A limit that says nothing: flows that have as many share multipliers."""
        counts = self.relaxed is not None and self.relaxed.slack is not None
        return (FlowLine(-OPENED, np.zeros(self.pricing.data.last)),) if counts else ()

    @cached_property
    def _beside_ranges(self) -> list[FlowLine]:
        return self._ranges(self.high)

    def queue(self, sized: Sized, room: int | None = None) -> Wait | None:
        """Return waits that are not longer than any of the set, where it counts how many wait too long.

        Parameters
        ----------
        sized
            A size.
        room
            Position in `ROOMS` of how many may wait; None where all may, or none.
        """
        relaxed = self.relaxed
        if relaxed is None or relaxed.slack is None or (sized.rooms is not None and not room):
            return None
        if room is None or sized.rooms is None:
            return relaxed.wait(sized.count, None, self.low, sized.top)
        return relaxed.wait(sized.count, ROOMS[min(room, self._useful(sized.count))], self.low, sized.top)

    def _useful(self, count: int) -> int:
        """Position in `ROOMS` of the most places that are of use: with more, others wait no less long."""
        assert self.relaxed is not None
        return useful_rooms(count * self.relaxed.workers, self.relaxed.queues.peak * self.high) - 1

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
        return (FlowLine(-OPENED, weight),), ()

    def _spilled(self, count: int, places: int) -> tuple[FlowLine, ...]:
        """Return lines below what a number of machines leaves to the function costs, USD per second.

        With W the work and P what a request costs on the function alone it is P S(W), S what is not carried for each of
        W. g(W) = W S(W) is convex (`carrying.py`), so one kind of lines is tangents of it times the least P / W. The
        other is that of products (G. P. McCormick, 1976): with S from S_0 and P from P_0 on, P S >= P_0 S + S_0 P -
        P_0 S_0.
        """
        pricing, choice, groups = self.pricing, self.choice, self.pricing.demand.in_groups(GROUPS)
        servers = count * pricing.structures.option(choice.machine or 0).workers
        busy, dear = pricing.busy(choice), pricing.per_second(choice)
        if not self.high > 0:
            return (FlowLine(0.0, 0.0 * busy),)

        works = np.concatenate([np.linspace(self.low, self.high, TOUCHED), np.linspace(self.low, self.high, GRID)])
        loads = groups.rates[:, None] * works
        carried = pricing.carrying.carried(servers, loads.ravel(), places).reshape(loads.shape)
        rising = pricing.carrying.slopes(servers, loads.ravel(), places).reshape(loads.shape)
        gone: Floats = groups.shares @ (loads - carried)
        slopes: Floats = (groups.shares * groups.rates) @ (1 - rising)
        lines = [
            FlowLine(dear * (g - slope * work), dear * slope * busy)
            for work, g, slope in zip(*(own[:TOUCHED].tolist() for own in (works, gone, slopes)), strict=True)
        ]
        if self.low > 0:
            least, each = max(dear * self.low, pricing.least_called(choice)), pricing.called(choice)
            at_low = float(gone[0] / works[0])
            lines += [
                FlowLine(least * (start - at_low), least * slope * busy + at_low * each)
                for slope, start in below_quotient(works, gone, slopes)
            ]
        return tuple(lines)
