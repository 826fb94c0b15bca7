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
from serflow_opt.traffic.provision.flows import FlowPrices
from serflow_opt.traffic.provision.profile import Profile
from serflow_opt.traffic.provision.service_of import function_of
from serflow_opt.traffic.provision.structures import BlockChoice
from serflow_opt.traffic.provision.waits import ROOMS

if TYPE_CHECKING:
    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.ground.arrays import Floats


GROUPS = 12
"""Groups of a demand that bounds look at (fewer spill less, by Jensen's inequality)."""
EXACT_SERVERS = 3000
"""Above so many workers bounds let machines carry up to the cap, which is more than random arrivals allow."""


class Pricing(Capacity):
    """What blocks cost, per busy second and per request; shared by bounds and models.

    Parameters are those of `Capacity`.
    """

    def _choose_from(self, data: Data) -> None:
        super()._choose_from(data)
        self.flow_prices = FlowPrices()
        self._overflows: dict[tuple[BlockChoice, bool], Floats] = {}
        self._calls: dict[BlockChoice, float] = {}
        self._least: dict[BlockChoice, float] = {}
        self._prices: dict[tuple[int, int, int], dict[int, float]] = {}
        self._called: dict[tuple[int, int, int], Floats] = {}
        self._spilled: dict[tuple[BlockChoice, int], Floats] = {}
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
        """E[λ W - carried_n(λ W)] for n = 0, 1, .. machines and W of a grid, at least.

        Where requests may wait it is as if all that machines can do were kept waiting for them.
        """
        waits = self.promise.limited and self.promise.queued(choice)
        key = choice.with_machines_alone(), waits  # functions differ in little of this
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
            self._overflows[key] = np.maximum(total, 0.0)
        return self._overflows[key]

    def spilled(self, choice: BlockChoice, count: int, works: Floats) -> Floats:
        """Return the work that machines leave to the function at least, by places to wait and seconds a request.

        Parameters
        ----------
        choice
            The block.
        count
            Machines.
        works
            Seconds that a request of the service holds a worker, always the same of a block.

        Returns
        -------
        Busy workers, `ROOMS` x works.
        """
        key = choice.with_machines_alone(), count
        if key not in self._spilled:
            assert choice.machine is not None
            groups = self.demand.in_groups(GROUPS)
            servers, loads = count * self.structures.option(choice.machine).workers, groups.rates[:, None] * works
            taken = np.array([self.carrying.carried(servers, loads.ravel(), room) for room in ROOMS])
            gone = loads - taken.reshape(len(ROOMS), *loads.shape)
            self._spilled[key] = np.maximum(np.einsum("g,rgw->rw", groups.shares, gone), 0.0)
        return self._spilled[key]

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
            if choice.machine is None:
                found = self._least_of([choice])[0] * (1 - EQUAL)
            elif choice.function is None and choice not in self._profiles:  # many are asked no more than this
                count = self.fewest(choice)
                found = self.rent(choice) * count if math.isfinite(count) else math.inf
            else:
                found = float(self.profile(choice).costs[0])
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
