"""What the blocks of a structure cost: per busy second and request, and at least, by the work that requests make there.

With W the seconds that a request of the service holds a worker of a block on average, the block costs

    Φ(W) = min_n c n + p E[λ W - carried_n(λ W)]

p the least price of a second of work on its function, fee and all; without one, the machines that the peak needs.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, solve_dual
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.provision.capacity import Capacity
from serflow_opt.traffic.provision.profile import Profile
from serflow_opt.traffic.provision.service_of import function_of
from serflow_opt.traffic.provision.structures import BlockChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.ground.arrays import Floats


GROUPS = 12
"""Groups of a demand that bounds look at (fewer spill less, by Jensen's inequality)."""
COUNTED = 40
"""Machines of a block for which bounds look at the requests that may wait; above, machines carry up to the cap."""
EXACT_SERVERS = 3000
"""Above so many workers bounds let machines carry up to the cap, which is more than random arrivals allow."""


class Pricing(Capacity):
    """What blocks cost, per busy second and per request; shared by bounds and models.

    Parameters are those of `Capacity`.
    """

    def _choose_from(self, data: Data) -> None:
        super()._choose_from(data)
        self._overflows: dict[tuple[BlockChoice, bool, tuple[int, ...]], Floats] = {}
        self._calls: dict[BlockChoice, float] = {}
        self._least: dict[BlockChoice, float] = {}
        self._prices: dict[tuple[int, int, int], dict[int, float]] = {}
        self._called: dict[tuple[int, int, int], Floats] = {}
        self._places: dict[tuple[BlockChoice, bytes], dict[int, int]] = {}
        self._placed: dict[tuple[BlockChoice, int, tuple[int, ...]], Floats] = {}
        self._profiles: dict[BlockChoice, Profile] = {}

    def function_prices(self, choice: BlockChoice) -> dict[int, float]:
        """USD of each stage (1..M) of a block on its function, as billed; empty without a function."""
        if choice.function is None:
            return {}
        key = choice.function, choice.first, choice.last
        if key not in self._prices:
            function = function_of(self.structures, choice)
            billed = [function.billed_s(t) for t in function.seconds[:-1]]
            before = [0.0, *billed[:-1]]
            self._prices[key] = {
                choice.first + k + 1: function.usd_per_s * (now - then)
                for k, (then, now) in enumerate(zip(before, billed, strict=True))
            }
        return self._prices[key]

    def most(self, choice: BlockChoice) -> int:
        """Most machines that can be of use, or that may be rented."""
        assert choice.machine is not None
        useful = len(self.sizes(choice) or ()) - 1 if choice.function is None else self._useful(choice)
        return self.checked(choice, useful)

    def _useful(self, choice: BlockChoice) -> int:
        """How many machines save something over one less, whatever the thresholds."""
        option, load = self.structures.option(choice.machine or 0), self.most_load(choice)
        capped = math.ceil(load / (self.carrying.cap * option.workers))
        if self.carrying.arrivals == "smooth":
            return capped + 1
        # beyond this a machine more carries next to nothing: a B(a + 6 sqrt(a) + 6, a) < 1e-5
        return max(capped, math.ceil((load + 6 * math.sqrt(load) + 6) / option.workers)) + 1

    def weights(self, choice: BlockChoice) -> Floats:
        """USD per second and unit of reach of each stage, at least."""
        mean, stages = self.demand.mean, slice(choice.first, choice.last + 1)
        weights = np.zeros(self.data.last)
        if choice.machine is None:
            weights[stages] = self.called(choice)[stages]
        else:
            option = self.structures.option(choice.machine)
            usd = option.rent_per_s / (self.instance.utilisation_cap * option.workers)
            weights[stages] = np.asarray(option.stage_seconds[stages]) * usd
            if choice.function is not None:
                weights[stages] = np.minimum(weights[stages], self.called(choice)[stages])
            elif choice.last + 1 < self.data.last:
                weights[choice.last + 1] = usd * choice.sending_s
        weights *= mean
        weights[choice.first] += mean * choice.hop_usd
        return weights

    def profile(self, choice: BlockChoice) -> Profile:
        """Return Φ of a block with machines, one at least: a function alone is another choice."""
        if choice not in self._profiles:
            self.deadline.check()
            grid = self._grid(choice)
            if not math.isfinite(grid[0]):  # no thresholds keep the floor
                costs = np.full(len(grid), math.inf)
            elif choice.function is None:
                costs = self._alone(choice, grid)
            else:
                costs = self.by_count(choice)[1:].min(axis=0, initial=math.inf)
            self._profiles[choice] = Profile(grid, costs)
        return self._profiles[choice]

    def by_count(self, choice: BlockChoice) -> Floats:
        """Return what 0, 1, .. machines and the function beside them cost at least, by the work of the grid."""
        rent = self.rent(choice) * np.arange(self.most(choice) + 1)
        costs: Floats = rent[:, None] + self.per_second(choice) * self.overflow(choice, self._grid(choice))
        return costs

    def rent(self, choice: BlockChoice) -> float:
        """Rent of one machine, USD per second."""
        assert choice.machine is not None
        return self.structures.option(choice.machine).rent_per_s

    def per_second(self, choice: BlockChoice) -> float:
        """Least price of a second of the machines' work on the function, whatever the thresholds.

        Reaches fall along the block, so that it is least where all leave at one of its stages, or none do.
        """
        assert choice.function is not None
        prices, times = self.function_prices(choice), self.machine_times(choice)
        usd = list(itertools.accumulate(prices.values(), initial=self.structures.fee(choice.function)))[1:]
        held = list(itertools.accumulate(times.values()))
        pairs = [*zip(usd, held, strict=True), (usd[-1], held[-1] + choice.sending_s)] if held else []
        return min((price / seconds for price, seconds in pairs if seconds > 0), default=0.0)

    def called(self, choice: BlockChoice) -> Floats:
        """USD per request of the service and unit of reach of each stage, for all of a block on its function."""
        assert choice.function is not None
        key = choice.function, choice.first, choice.last
        if key not in self._called:
            usd = np.zeros(self.data.last)
            for s, price in self.function_prices(choice).items():
                usd[s - 1] = price
            usd[choice.first] += self.structures.fee(choice.function)
            self._called[key] = usd
        return self._called[key]

    def least_called(self, choice: BlockChoice) -> float:
        """Least USD per request of the service for all of a block on its function."""
        if choice not in self._calls:
            view = LinearCost(np.zeros(1), self.called(choice)[None, :])
            self._calls[choice] = float(solve_dual(self.exits, self.instance.accuracy_min, view).bound[0])
        return self._calls[choice]

    def overflow(self, choice: BlockChoice, grid: Floats) -> Floats:
        """E[λ W - carried_n(λ W)] for n = 0, 1, .. machines and W of a grid, at least."""
        waits = self.promise.limited and self.promise.queued(choice)
        places = self.places(choice) if waits else {}
        key = choice.with_machines_alone(), waits, tuple(places.values())  # functions differ in little of this
        if key not in self._overflows:
            assert choice.machine is not None
            workers, most = self.structures.option(choice.machine).workers, self.most(choice)
            groups = self.demand.in_groups(GROUPS)
            exact = most * workers <= EXACT_SERVERS and not waits
            carrying = self.carrying if exact else Carrying("smooth", self.carrying.cap)
            total = np.zeros((most + 1, len(grid)))
            for rate, share in zip(groups.rates.tolist(), groups.shares.tolist(), strict=True):
                self.deadline.check()
                total += share * (rate * grid - carrying.each(most, workers, rate * grid))
            loads = groups.rates[:, None] * grid
            for count, room in places.items():
                self.deadline.check()
                taken = self.carrying.carried(count * workers, loads.ravel(), room).reshape(loads.shape)
                total[count] = np.maximum(total[count], groups.shares @ (loads - taken))
            self._overflows[key] = np.maximum(total, 0.0)
        return self._overflows[key]

    def placed(self, choice: BlockChoice, count: int, rooms: Sequence[int]) -> Floats:
        """Return what machines and the function beside them cost at least, by the work of the grid, USD per second.

        Parameters
        ----------
        choice
            The block.
        count
            Machines.
        rooms
            Requests that may wait, in equal parts of the work, falling.
        """
        key, grid, groups = (
            (_without_hop(choice), count, tuple(rooms)),
            self._grid(choice),
            self.demand.in_groups(GROUPS),
        )
        if key not in self._placed:
            assert choice.machine is not None
            servers, loads = count * self.structures.option(choice.machine).workers, groups.rates[:, None] * grid
            ends, spilled, begin = np.linspace(0, len(grid) - 1, len(rooms) + 1), np.zeros(len(grid)), 0
            for end, own in itertools.groupby(zip(ends[1:].tolist(), rooms, strict=True), key=lambda pair: pair[1]):
                last = math.floor(max(at for at, _ in own))
                some = loads[:, begin : last + 1]
                taken = self.carrying.carried(servers, some.ravel(), end).reshape(some.shape)
                spilled[begin : last + 1] = groups.shares @ (some - taken)
                begin = last + 1
            self._placed[key] = np.maximum(spilled, 0.0)
        return self.rent(choice) * count + self.per_second(choice) * self._placed[key]

    def places(self, choice: BlockChoice) -> dict[int, int]:
        """Most requests that may wait for 1, 2, .. machines beside a function, wherever the block stands.

        As many machines as are of interest.
        """
        relaxed = self.relaxed(choice)
        if relaxed is None:
            return {}
        slack = b"" if relaxed.slack is None else relaxed.slack.seconds.tobytes()
        key = choice.with_machines_alone(), slack
        if key not in self._places:
            rent, grid, most = self.rent(choice), self._grid(choice), min(self.most(choice), COUNTED)
            counts = [n for n in range(1, most + 1) if rent * n <= self.enough_usd]
            self._places[key] = relaxed.places(counts, float(grid[0]), float(grid[-1]))
        return self._places[key]

    def at_least(self, choice: BlockChoice) -> Floats:
        """What a block with a function costs at least with 0, 1, .. machines, USD per second."""
        grid = self._grid(choice)
        spilled = self.per_second(choice) * self.overflow(choice, grid)[:, 0]
        costs: Floats = self.rent(choice) * np.arange(len(spilled)) + spilled
        return costs

    def _alone(self, choice: BlockChoice, grid: Floats) -> Floats:
        caps = np.asarray(self.sizes(choice))
        counts = np.maximum(np.searchsorted(caps, self.demand.peak * grid * (1 - TOLERANCE)), 1)
        costs: Floats = np.where(counts < len(caps), self.rent(choice) * counts, math.inf)
        return costs

    def least(self, choice: BlockChoice) -> float:
        """Bound of a block by itself, USD per second."""
        found = self._least.get(choice)
        if found is None:
            machines = choice.machine is not None
            found = float(self.profile(choice).costs[0]) if machines else self._least_of([choice])[0] * (1 - EQUAL)
            self._least[choice] = found
        return found

    def roughly(self, choice: BlockChoice) -> float:
        """Return what a block costs at least if machines were busy up to the cap: below `least`, and soon told."""
        if choice.machine is None:
            return self.least(choice)
        option, work = self.structures.option(choice.machine), self._least_of([choice])[0]
        if not math.isfinite(work):  # no thresholds keep the floor
            return math.inf
        takes = self.carrying.cap * option.workers
        limit = self.instance.tiers[option.tier].scaling.machines_max
        if choice.function is None:
            count = max(1, math.ceil(self.demand.peak * work / takes * (1 - TOLERANCE)))
            return math.inf if limit is not None and count > limit else option.rent_per_s * count * (1 - EQUAL)
        mean, per_second = self.demand.mean * work, self.per_second(choice)
        full = max(1, math.floor(mean / takes))
        each = (option.rent_per_s * n + per_second * max(mean - takes * n, 0.0) for n in {1, full, full + 1})
        return min(each) * (1 - EQUAL)

    def line(self, choice: BlockChoice, best: float) -> tuple[float, Floats]:
        """Return a line below what a block costs in deployments that cost at most `best`: fixed part and weights."""
        if choice.machine is None:
            return 0.0, self.weights(choice)
        profile = self.profile(choice)
        slope, fixed = profile.line(profile.reach_of(best))
        return fixed, self.handing(choice) + slope * self.busy(choice)

    def handing(self, choice: BlockChoice) -> Floats:
        """USD per second and unit of reach of each stage, for handing over to a block."""
        weights = np.zeros(self.data.last)
        weights[choice.first] = self.demand.mean * choice.hop_usd
        return weights

    def weighed(self, choice: BlockChoice) -> Floats:
        """USD per second of a function alone; of a block with machines the seconds that it holds a worker."""
        return self.weights(choice) if choice.machine is None else self.busy(choice)


def _without_hop(choice: BlockChoice) -> BlockChoice:
    return choice.placed(choice.hop_s, 0.0, choice.sending_s) if choice.hop_usd else choice
