"""The cheapest machines and waiting places of each block at fixed thresholds.

A machine more costs its rent; beside a function it saves what it carries. A place more to wait in saves calls of the
function, and makes requests wait. The limit on latency couples the blocks: what one block waits, others cannot. Costs
fall with the places and lateness rises, so for given machines the most places that are in time are cheapest; several
blocks are gone through one by one, cut off by cost.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.tolerances import FULLEST, HARDLY, TOLERANCE, UNCHANGED
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.provision.joint_lateness import JointLateness, JointMean
from serflow_opt.traffic.provision.joint_sizes import JointSizes
from serflow_opt.traffic.provision.spill import spilled_rate
from serflow_opt.traffic.provision.waits import ROOMS, Size, Wait, useful_rooms
from serflow_opt.traffic.queues.erlang import erlang_c

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serflow_opt.traffic.provision.joint_lateness import JointTaken
    from serflow_opt.traffic.provision.lateness import Lateness
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.structures import Structure
    from serflow_opt.traffic.service import Service

GROUPS = 100
"""Groups of the demand by which numbers of machines are compared; the best is valued at all rates."""
COUNTED = 64
"""Machines beside a function that are compared one by one."""


class StructureSizes:
    """Sizes of the blocks of a structure at the thresholds of a service.

    Parameters
    ----------
    pricing
        What blocks cost, and the promise they keep.
    structure, service
        What runs each block, and the same at its thresholds; or pools of blocks, each as a block.
    taken
        What waits take of the limit, by block; None: as of the structure.

    Attributes
    ----------
    cut
        Whether time was up before all were gone through: the best sizes may be others.
    """

    def __init__(
        self,
        pricing: Pricing,
        structure: Structure,
        service: Service,
        taken: Callable[[Sequence[Wait | None]], float] | None = None,
    ) -> None:
        self.pricing, self.structure, self.service = pricing, structure, service
        self.promise = pricing.promise
        self.demand = pricing.demand.in_groups(GROUPS)
        self._late: Lateness | None = None
        if taken is None:
            late = self._late = self.promise.lateness(structure, service)

            def taken(waits: Sequence[Wait | None]) -> float:
                return self.promise.taken(late, waits, service)

        self._taken = taken
        self._called = self._late is not None and self._late.called is not None
        self.cut = False
        self._sizes: dict[tuple[int, int, int | None], Size] = {}
        self._most_places: dict[tuple[int, int], int] = {}
        self._counts: dict[int, list[int]] = {}  # machines beside a function that may be best, by block
        self._calls: dict[int, float] = {}
        self._rates: dict[int, float] = {}

    def best(self, below: float = math.inf) -> tuple[Size, ...] | None:
        """Return the cheapest sizes that keep the limit on latency; None where none cost less than `below`, USD/s."""
        found = self._best(below)
        if found is None or math.isfinite(below) or sum(own.wait is not None for own in found) < 2:
            return found
        # numbers of machines that are dearer alone may do better together: these are told by what all may cost
        return self._best(math.fsum(own.usd for own in found) * (1 - UNCHANGED)) or found

    def _best(self, below: float) -> tuple[Size, ...] | None:
        """Find `best`; where nothing is to be below, of numbers of machines that are best alone."""
        blocks = range(len(self.structure))
        if self._taken([None] * len(blocks)) > self.promise.most:
            return None
        sizes: list[Size | None] = [self._unqueued(b) for b in blocks]
        coupled = [b for b in blocks if sizes[b] is None]
        known, fluid = math.fsum(own.usd for own in sizes if own), {b: self.least_usd(b) for b in coupled}
        if known + math.fsum(fluid.values()) >= below:
            return None
        left = below * (1 + TOLERANCE) - known
        joint = len(coupled) > 1 and math.isfinite(below)
        least = {b: self._alone(b, left - math.fsum(fluid[c] for c in coupled if c != b), joint) for b in coupled}
        if any(own is None for own in least.values()):
            return None
        spent = math.fsum(own.usd for own in (*sizes, *least.values()) if own is not None)
        if spent >= below * (1 + TOLERANCE):
            return None
        if len(coupled) == 1:
            sizes[coupled[0]] = least[coupled[0]]
        elif coupled:
            left = below - math.fsum(own.usd for own in sizes if own is not None)
            together = self._together({b: own for b, own in least.items() if own is not None}, left)
            if together is None:
                return None
            for b, own in together.items():
                sizes[b] = own
        found = tuple(self._fewest_places(b, own) for b, own in enumerate(sizes) if own is not None)
        return found if len(found) == len(sizes) else None

    def _keeps(self, waits: dict[int, Wait | None]) -> bool:
        return self._taken([waits.get(b) for b in range(len(self.structure))]) <= self.promise.most

    def _unqueued(self, b: int) -> Size | None:
        """Return the size of a block that has nothing to do with the limit; None: it has."""
        choice = self.structure[b]
        if choice.machine is None or (not self.service.reach(b) > 0 and choice.function is not None):
            return Size(0, 0)
        if self.promise.queued(choice) and self.pricing.instance.latency_slo_s is not None and self._held(b) > 0:
            return None
        if choice.function is not None:
            return min(self._worth_counting(b, waiting=False), key=lambda own: own.usd)
        count = self.enough(b)
        return Size(0, 0, math.inf) if count is None else self._size(b, count, None)

    def _held(self, b: int) -> float:
        """Seconds that a request entering a block holds a worker."""
        return self.service.busy_s(b, self.service.blocks[b].machines[0])

    def _size(self, b: int, count: int, room: int | None) -> Size:
        """Value machines of a block."""
        if (b, count, room) not in self._sizes:
            self._sizes[b, count, room] = Size(count, room, self._usd(b, count, room), self._wait(b, count, room))
        return self._sizes[b, count, room]

    def _wait(self, b: int, count: int, room: int | None) -> Wait | None:
        return self.promise.wait(self.service, b, count, room, called=self._called)

    def _usd(self, b: int, count: int, room: int | None) -> float:
        block = self.service.blocks[b]
        machine = block.machines[0]
        usd = count * machine.usd_per_s
        if block.function is not None:
            rate = self._rate(b)
            servers, carrying = count * machine.workers, self.pricing.carrying
            spilled = spilled_rate(self.demand, self.service.reach(b), rate, servers, machine, carrying, room or 0)
            usd += self.call_usd(b) * spilled
        return usd

    def _rate(self, b: int) -> float:
        """Requests a second that keep all workers of a block's machine busy."""
        if b not in self._rates:
            self._rates[b] = self.service.rate_per_s(b, self.service.blocks[b].machines[0])
        return self._rates[b]

    def enough(self, b: int) -> int | None:
        """Return the fewest machines without a function that take the load, waits apart; None: none may."""
        machine, pricing = self.service.blocks[b].machines[0], self.pricing
        load = pricing.demand.peak * self.service.reach(b) * self._held(b)
        cap, most = pricing.instance.utilisation_cap, pricing.most(self.structure[b])
        count = max(1, math.ceil(load / (cap * machine.workers) * (1 - TOLERANCE)))
        if pricing.carrying.arrivals == "random":
            while load > FULLEST * count * machine.workers:
                count += 1
            if pricing.wait_max is not None:
                while count <= most and erlang_c(count * machine.workers, load) > pricing.wait_max * (1 + TOLERANCE):
                    count += 1
        return count if count <= most else None

    def _alone(self, b: int, below: float = math.inf, joint: bool = False) -> Size | None:
        """Return the cheapest size of a block if nobody waits elsewhere, below a cost. `joint`: keep all counts."""
        if self.structure[b].function is None:
            return next(self._bare(b, math.inf, {}), None)
        found = list(self._worth_counting(b, below=below, joint=joint))
        self._counts[b] = [own.count for own in found]
        return min(found, key=lambda own: (own.usd, own.count), default=None)

    def alone_usd(self, b: int) -> float:
        """USD per second of a block if nobody waits elsewhere; inf: nothing is in time."""
        size = self._unqueued(b) or self._alone(b)
        return math.inf if size is None else size.usd

    def _bare(self, b: int, usd: float, others: dict[int, Wait | None]) -> Iterator[Size]:
        """Yield machines without a function that are in time beside others, fewest first, as long as below a cost."""
        low, most = self.enough(b), self.pricing.most(self.structure[b])
        if low is None:
            return

        def keeps(count: int) -> bool:
            return self._keeps({**others, b: self._wait(b, count, None)})

        step, high = 1, low
        while high < most and not keeps(high):
            low, high, step = high + 1, min(high + step, most), 2 * step
        if not keeps(high):
            return
        first = low + bisect_left(range(low, high), True, key=keeps)
        for count in range(first, most + 1):
            size = self._size(b, count, None)
            if size.usd > usd:
                return
            yield size

    def _roomy(self, b: int, count: int, others: dict[int, Wait | None], below: float = math.inf) -> Size | None:
        """Return a number of machines beside a function with the most places that are in time; None: not even none.

        None, too, where as many as it takes to cost less than `below` are not.
        """
        if count and math.isfinite(below):
            useful = self._useful_rooms(b, count)
            needed = bisect_left(range(useful), True, key=lambda n: self._usd(b, count, ROOMS[n]) < below)
            if needed == useful:
                return None
            if not self._called and not self._keeps({**others, b: self._wait(b, count, ROOMS[needed])}):
                return None
        places = self._places(b, count, others)
        return self._size(b, count, ROOMS[places - 1]) if places else None

    def _fewest_places(self, b: int, own: Size) -> Size:
        """Return a size with the fewest places to wait in that cost the same.

        Machines that are full to the cap take no more with more places: requests would wait, and what is counted at the
        function would be served by machines beyond the cap.
        """
        if not own.room or self._called:
            return own
        last = ROOMS.index(own.room)
        first = bisect_left(range(last), True, key=lambda n: self._usd(b, own.count, ROOMS[n]) <= own.usd)
        return own if first == last else self._size(b, own.count, ROOMS[first])

    def _places(self, b: int, count: int, others: dict[int, Wait | None]) -> int:
        """How many of `ROOMS` are in time: up to the last that is.

        More places let more wait, for longer; but fewer go to the function, and if that makes late all are looked at.
        """

        def late(n: int) -> bool:
            return not self._keeps({**others, b: self._wait(b, count, ROOMS[n])})

        if not count:
            return int(not self._called or not late(0))
        most = self._useful_rooms(b, count)
        if self._called:
            return next((n + 1 for n in reversed(range(most)) if not late(n)), 0)
        if not late(most - 1):
            return most
        return bisect_left(range(most - 1), True, key=late)

    def _useful_rooms(self, b: int, count: int) -> int:
        """How many of `ROOMS` are worth having: more save at most a `HARDLY`th part of the rent."""
        machine, reach = self.service.blocks[b].machines[0], self.service.reach(b)
        calls = self.call_usd(b) * self.demand.mean * reach
        hardly = HARDLY * min(1.0, count * machine.usd_per_s / calls) if calls > 0 else HARDLY
        if not hardly > 0:
            return len(ROOMS)
        load = self.demand.peak * reach * self._held(b)
        return useful_rooms(count * machine.workers, load, hardly, self.service.cv2(b, machine))

    def _worth_counting(
        self, b: int, waiting: bool = True, below: float = math.inf, joint: bool = False
    ) -> Iterator[Size]:
        """Yield sizes beside a function among which the cheapest is; `waiting`: with all places that are in time.

        What machines save is concave in their number: where there may be many, the best is closed in on.
        """
        machine = self.service.blocks[b].machines[0]
        if math.isinf(self.service.rate_per_s(b, machine)):  # one machine takes all
            yield from (self._size(b, count, 0) for count in (0, 1))
            return
        low, high = 0, self.pricing.most(self.structure[b])

        def size(count: int, below: float = math.inf) -> Size:
            own = self._roomy(b, count, {}, below) if waiting else self._size(b, count, 0)
            return Size(count, 0, math.inf) if own is None else own

        while high - low > COUNTED and not joint:
            middle = (low + high) // 2
            usd = size(middle).usd
            if size(middle + 1).usd >= usd and math.isfinite(usd):  # too few may send too many to a slow function
                high = middle
            else:
                low = middle + 1
        best = math.inf
        for count in range(low, high + 1):
            most = below if joint else min(best, below)
            if count * machine.usd_per_s > most:
                return
            if self._fluid_usd(b, count) < most:
                own = size(count, below)
                best = min(best, own.usd)
                if own.usd < math.inf:
                    yield own

    def least_usd(self, b: int) -> float:
        """USD per second of a block's machines and function, at least."""
        if self.structure[b].function is None:
            count = self.enough(b)
            return math.inf if count is None else count * self.service.blocks[b].machines[0].usd_per_s
        most = self.pricing.most(self.structure[b])
        # machines carry a load that is concave in their number: the cost is convex
        best = bisect_left(range(most), True, key=lambda n: self._fluid_usd(b, n + 1) >= self._fluid_usd(b, n))
        return self._fluid_usd(b, best)

    def _fluid_usd(self, b: int, count: int) -> float:
        """USD per second of machines beside a function, at least: as if they carried whatever they can."""
        machine, smooth = self.service.blocks[b].machines[0], Carrying("smooth", self.pricing.carrying.cap)
        rate = self._rate(b)
        spilled = spilled_rate(self.demand, self.service.reach(b), rate, count * machine.workers, machine, smooth)
        return count * machine.usd_per_s + self.call_usd(b) * spilled

    def call_usd(self, b: int) -> float:
        """USD of a request on the function of a block."""
        if b not in self._calls:
            cold = self.pricing.structures.cold_usd(self.structure[b].function)
            self._calls[b] = self.service.function_usd(b) + cold
        return self._calls[b]

    def _together(self, least: dict[int, Size], below: float) -> dict[int, Size] | None:
        """Return the cheapest sizes of blocks that share the limit; None where none cost less than `below`."""
        late, below = self._late, below * (1 - UNCHANGED)
        if late is None:
            return self._one_by_one(least, below)

        def joint(blocks: Sequence[int], waits: Sequence[Sequence[Wait]]) -> JointTaken:
            if self.promise.measure != "mean":
                return JointLateness(late, blocks, waits)
            path = late.mean_s([], [])
            return JointMean(path, self.promise.queues, [self.service.reach(b) for b in blocks], waits)

        if math.isinf(below):  # if any machines and places are in time, those that make people wait least are
            waits = {
                b: None if own.room is not None else self._wait(b, self.pricing.most(self.structure[b]), None)
                for b, own in least.items()
            }
            if not self._keeps(waits):
                return None
        sizes = JointSizes(self._options, joint, self._keeps, self.promise.most, self.pricing.deadline)
        try:
            return sizes.cheapest({b: own.usd for b, own in least.items()}, below)
        except OutOfTime:
            return self._one_by_one(least, below)

    def _options(self, b: int, usd: float) -> list[Size]:
        """Return the sizes of a block that cost at most so much and are in time if nobody waits elsewhere."""
        if self.structure[b].function is None:
            return [*self._bare(b, usd, {})]
        found = list[Size]()
        for count in self._counts[b]:
            if (b, count) not in self._most_places:
                self._most_places[b, count] = self._places(b, count, {})
            places = self._most_places[b, count]
            first = bisect_left(range(places), True, key=lambda n: self._size(b, count, ROOMS[n]).usd <= usd)
            found += [self._size(b, count, ROOMS[n]) for n in range(first, places)]
        return found

    def _one_by_one(self, least: dict[int, Size], below: float) -> dict[int, Size] | None:
        """Return the cheapest sizes, or the first that are found when time is up; None: none below a cost."""
        coupled = [*least]
        best: dict[int, Size] | None = None
        deadline = self.pricing.deadline
        rest = {b: math.fsum(least[c].usd for c in coupled[n + 1 :]) for n, b in enumerate(coupled)}

        def extend(n: int, chosen: dict[int, Size], spent: float) -> None:
            nonlocal best, below
            b, waits, last = coupled[n], {c: size.wait for c, size in chosen.items()}, n == len(coupled) - 1
            for sizes in self._rows(b, waits):
                for size in sizes:
                    if deadline.expired and best is not None:
                        self.cut = True
                        return
                    usd = spent + size.usd
                    if usd + rest[b] >= below:  # and so is whatever follows in the row
                        break
                    if last:
                        best, below = {**chosen, b: size}, usd * (1 - UNCHANGED)
                        break
                    extend(n + 1, {**chosen, b: size}, usd)

        extend(0, {}, 0.0)
        return best

    def _rows(self, b: int, others: dict[int, Wait | None]) -> Iterator[Iterator[Size]]:
        """Yield the sizes of a block that are in time beside others, in rows of rising cost."""
        if self.structure[b].function is None:
            yield self._bare(b, math.inf, others)
            return
        for count in self._counts[b]:
            places = self._places(b, count, others)
            yield (self._size(b, count, ROOMS[n]) for n in (range(places - 1, -1, -1) if count else range(places)))
