"""What the blocks of a structure cost: per busy second and request, and at least, by the work that requests make there.

With W the seconds that a request of the service holds a worker of a block on average, the block costs

    Φ(W) = min_n c n + p E[λ W - carried_n(λ W)]

p the least price of a second of work on its function; without a function, the machines that the peak needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import EQUAL, NEGLIGIBLE, TOLERANCE
from serflow_opt.search.lagrangian import Exits, LinearCost, envelope_of, solve_dual
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.service_of import function_of
from serflow_opt.traffic.provision.structures import BlockChoice, Structures
from serflow_opt.traffic.provision.waits import Waits
from serflow_opt.traffic.queues.erlang import largest_loads
from serflow_opt.traffic.service import billed_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


CELLS = 128
"""Cells of the grid on which Φ is known."""
GROUPS = 12
"""Groups of a demand that bounds look at (fewer spill less, by Jensen's inequality)."""
MOST_MACHINES = 100_000
"""Machines of one type that a block is priced with, at most: costs of more grow in proportion to the load."""
EXACT_SERVERS = 3000
"""Above so many workers bounds let machines carry up to the cap, which is more than random arrivals allow."""


class Pricing:
    """What blocks cost, per busy second and per request; shared by bounds and models.

    Parameters
    ----------
    structures
        Of the instance.
    demand
        Rates of arrival.
    wait_max
        Share of a block's requests that may wait where it has no function; of no account where they come evenly.
    carrying
        What machines carry.
    deadline
        When to stop: whatever is priced after it raises OutOfTime.
    """

    def __init__(
        self,
        structures: Structures,
        demand: Rates,
        wait_max: float,
        carrying: Carrying,
        deadline: Deadline = NEVER,
    ) -> None:
        self.deadline = deadline
        self.structures, self.demand, self.wait_max, self.carrying = structures, demand, wait_max, carrying
        self.instance = structures.instance
        self.promise = Promise(structures, demand, carrying)
        self.data = Data(self.instance)
        levels = [[self.data.menu[s][i] for i in self.data.levels[s]] for s in self.data.stages]
        self.exits = Exits([[envelope_of(menu)] for menu in levels])
        self._known_caps: dict[int, Floats] = {}
        self._sizes: dict[tuple[int, int, int | None], tuple[float, ...]] = {}
        self._grids: dict[BlockChoice, Floats] = {}
        self._overflows: dict[tuple[BlockChoice, int], Floats] = {}
        self._profiles: dict[BlockChoice, Profile] = {}
        self._leasts: dict[BlockChoice, float] = {}
        self._least_reaches: dict[int, float] = {}

    def function_prices(self, choice: BlockChoice) -> dict[int, float]:
        """USD of each stage (1..M) of a block on its function, as billed; empty without a function."""
        if choice.function is None:
            return {}
        function = function_of(self.structures, choice)
        billed = [billed_s(t, function.billing_step_s) for t in function.seconds[:-1]]
        before = [0.0, *billed[:-1]]
        return {
            choice.first + k + 1: function.usd_per_s * (now - then)
            for k, (then, now) in enumerate(zip(before, billed, strict=True))
        }

    def machine_times(self, choice: BlockChoice) -> dict[int, float]:
        """Seconds of each stage (1..M) of a block on its machines; empty without machines."""
        if choice.machine is None:
            return {}
        seconds = self.structures.option(choice.machine).stage_seconds
        return {s + 1: seconds[s] for s in range(choice.first, choice.last + 1)}

    def most_work(self, choice: BlockChoice) -> float:
        """Seconds that a request of the service holds a worker of a block, at the largest reaches."""
        return float(self.busy(choice) @ np.array([self.data.reach_high[s] for s in self.data.stages]))

    def most_load(self, choice: BlockChoice) -> float:
        """Busy workers of a block at the largest rate and the largest reaches."""
        return self.demand.peak * self.most_work(choice)

    def most(self, choice: BlockChoice) -> int:
        """Most machines that can be of use, or that may be rented."""
        assert choice.machine is not None
        useful = len(self.sizes(choice) or ()) - 1 if choice.function is None else self._useful(choice)
        return self._checked(choice, useful)

    def _checked(self, choice: BlockChoice, count: int) -> int:
        """Return a number of machines within machines_max; raise InputError for more than can be priced."""
        option = self.structures.option(choice.machine or 0)
        limit = self.instance.tiers[option.tier].scaling.machines_max
        count = count if limit is None else min(count, limit)
        if count > MOST_MACHINES:
            found = f"at {self.demand.peak:,.6g} requests/s a block would take {count:,} machines of {option.name}"
            cure = (
                f"scale the demand down so that there are at most {MOST_MACHINES:,}: more cost in proportion; "
                "or give machines_max, or larger machines"
            )
            raise InputError([Problem(self.instance.name, "demand", found, cure)])
        return count

    def _useful(self, choice: BlockChoice) -> int:
        """How many machines save something over one less, whatever the thresholds."""
        option, load = self.structures.option(choice.machine or 0), self.most_load(choice)
        capped = math.ceil(load / (self.carrying.cap * option.workers))
        if self.carrying.arrivals == "smooth":
            return capped + 1
        # beyond this a machine more carries next to nothing: a B(a + 6 sqrt(a) + 6, a) < 1e-5
        return max(capped, math.ceil((load + 6 * math.sqrt(load) + 6) / option.workers)) + 1

    def sizes(self, choice: BlockChoice) -> tuple[float, ...] | None:
        """Load that 0, 1, 2, ... machines take where a block has no function; None where it has one."""
        if choice.machine is None or choice.function is not None:
            return None
        option = self.structures.option(choice.machine)
        limit = self.instance.tiers[option.tier].scaling.machines_max
        load = math.ceil(self.most_load(choice))
        key = option.workers, load, limit
        if key not in self._sizes:
            self.deadline.check()
            full = math.ceil(load / option.workers)
            useful = self._checked(choice, full)
            if useful == full:
                useful = self._useful_alone(option.workers, load, self.promise.waits(choice))
                useful = useful if limit is None else min(useful, limit)
            self._sizes[key] = tuple(self._caps(option.workers, useful)[: useful + 1].tolist())
        return self._sizes[key]

    def _caps(self, workers: int, count: int) -> Floats:
        """Load that 0, 1, .., count machines take, or more of them."""
        known = self._known_caps.get(workers, np.zeros(1))
        if len(known) <= count:
            servers = workers * np.arange(len(known), max(count, len(known) * 9 // 8) + 1)
            full = self.instance.utilisation_cap * servers
            if self.carrying.arrivals == "random":
                full = np.minimum(full, largest_loads(servers, self.wait_max))
            known = self._known_caps[workers] = np.concatenate((known, full))
        return known

    def _useful_alone(self, workers: int, load: float, waits: Waits | None) -> int:
        """How many machines without a function take a load, and keep waits below what matters."""
        count = max(1, math.ceil(load / workers))
        while (caps := self._caps(workers, count))[count] < load:
            count = int(np.searchsorted(caps, load)) if caps[-1] >= load else count + count // 8 + 1
        if waits is None:
            return count
        least, work = NEGLIGIBLE * self.promise.room, load / self.demand.peak
        step = 1
        while waits.of((count + step) * workers, work) > least:
            count, step = count + step, 2 * step
        while step > 1:
            step //= 2
            count += step * (waits.of((count + step) * workers, work) > least)
        return count + 1

    def weights(self, choice: BlockChoice) -> Floats:
        """USD per second and unit of reach of each stage, at least."""
        mean, option = self.demand.mean, choice.machine
        prices, times = self.function_prices(choice), self.machine_times(choice)
        weights = np.zeros(self.data.last)
        if prices:
            assert choice.function is not None
            prices[choice.first + 1] += self.structures.fee(choice.function)
        if times:
            assert option is not None
            machine = self.structures.option(option)
            usd = machine.rent_per_s / (self.instance.utilisation_cap * machine.workers)
        for s in range(choice.first + 1, choice.last + 2):
            either = [prices[s]] if prices else []
            if times:
                either.append(usd * times[s])
            weights[s - 1] = mean * min(either)
        if times and not prices and choice.last + 1 < self.data.last:
            weights[choice.last + 1] += mean * usd * choice.sending_s
        weights[choice.first] += mean * choice.hop_usd
        return weights

    def busy(self, choice: BlockChoice) -> Floats:
        """Seconds that a unit of reach of each stage holds a worker of a block."""
        seconds = np.zeros(self.data.last)
        for s, t in self.machine_times(choice).items():
            seconds[s - 1] = t
        if choice.last + 1 < self.data.last:
            seconds[choice.last + 1] = choice.sending_s
        return seconds

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
        costs: Floats = rent[:, None] + self._per_second(choice) * self.overflow(choice, self._grid(choice))
        return costs

    def rent(self, choice: BlockChoice) -> float:
        """Rent of one machine, USD per second."""
        assert choice.machine is not None
        return self.structures.option(choice.machine).rent_per_s

    def _per_second(self, choice: BlockChoice) -> float:
        """Least price of a second of the machines' work on the function."""
        prices, times = self.function_prices(choice), self.machine_times(choice)
        return min((prices[s] / t for s, t in times.items() if t > 0), default=0.0)

    def _grid(self, choice: BlockChoice) -> Floats:
        key = replace(choice, function=None, hop_s=0.0, hop_usd=0.0)
        if key not in self._grids:
            least = self._least_of([choice])[0]
            low = max(least * (1 - EQUAL), 0.0) if math.isfinite(least) else math.inf
            self._grids[key] = (
                np.linspace(low, max(self.most_work(choice), low), CELLS + 1) if math.isfinite(low) else np.full(2, low)
            )
        return self._grids[key]

    def _least_of(self, choices: Sequence[BlockChoice]) -> list[float]:
        """Return the least seconds a request in blocks with machines, the least USD/s of functions alone."""
        new = [choice for choice in dict.fromkeys(map(_bare, choices)) if choice not in self._leasts]
        if new:
            weight = np.array([self.weights(c) if c.machine is None else self.busy(c) for c in new])
            found = solve_dual(self.exits, self.instance.accuracy_min, LinearCost(np.zeros(len(new)), weight))
            self._leasts.update(zip(new, found.bound.tolist(), strict=True))
        return [self._leasts[_bare(choice)] for choice in choices]

    def prepare(self, choices: Sequence[BlockChoice]) -> None:
        """Look at many blocks at once, which takes less time than one by one."""
        self.deadline.check()
        self._least_of(choices)

    def overflow(self, choice: BlockChoice, grid: Floats) -> Floats:
        """E[λ W - carried_n(λ W)] for n = 0, 1, .. machines and W of a grid, at least."""
        key = replace(choice, function=None, hop_s=0.0, hop_usd=0.0), len(grid)
        if key not in self._overflows:
            assert choice.machine is not None
            workers, most = self.structures.option(choice.machine).workers, self.most(choice)
            groups = self.demand.in_groups(GROUPS)
            exact = most * workers <= EXACT_SERVERS
            carrying = self.carrying if exact else Carrying("smooth", self.carrying.cap)
            total = np.zeros((most + 1, len(grid)))
            for rate, share in zip(groups.rates.tolist(), groups.shares.tolist(), strict=True):
                self.deadline.check()
                total += share * (rate * grid - carrying.each(most, workers, rate * grid))
            self._overflows[key] = np.maximum(total, 0.0)
        return self._overflows[key]

    def at_least(self, choice: BlockChoice) -> Floats:
        """What a block with a function costs at least with 0, 1, .. machines, USD per second."""
        grid = self._grid(choice)
        spilled = self._per_second(choice) * self.overflow(choice, grid)[:, 0]
        costs: Floats = self.rent(choice) * np.arange(len(spilled)) + spilled
        return costs

    def _alone(self, choice: BlockChoice, grid: Floats) -> Floats:
        caps = np.asarray(self.sizes(choice))
        counts = np.maximum(np.searchsorted(caps, self.demand.peak * grid * (1 - TOLERANCE)), 1)
        costs: Floats = np.where(counts < len(caps), self.rent(choice) * counts, math.inf)
        return costs

    def least_reach(self, s: int) -> float:
        """Least share of the requests that enter stage s (1..M) when the accuracy floor is kept."""
        if s not in self._least_reaches:
            view = LinearCost(np.zeros(1), np.eye(self.data.last)[None, s - 1])
            self._least_reaches[s] = float(solve_dual(self.exits, self.instance.accuracy_min, view).bound[0])
        return self._least_reaches[s]

    def least(self, choice: BlockChoice) -> float:
        """Bound of a block by itself, USD per second."""
        if choice.machine is not None:
            return float(self.profile(choice).costs[0])
        return self._least_of([choice])[0] * (1 - EQUAL)

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
        mean, per_second = self.demand.mean * work, self._per_second(choice)
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


def _bare(choice: BlockChoice) -> BlockChoice:
    """Return a block as its least is known: with machines only these count, and what hands over to it does not."""
    if choice.machine is None:
        return choice
    return replace(choice, function=None, hop_s=0.0, hop_usd=0.0)


@dataclass(frozen=True, slots=True)
class Profile:
    """Φ on a grid of work: rising costs (USD/s) at rising seconds a request."""

    grid: Floats
    costs: Floats

    def reach_of(self, best: float) -> int:
        """Cells (from the first) in which a deployment that costs at most `best` can lie."""
        return max(1, min(int(np.searchsorted(self.costs, best * (1 + EQUAL), side="right")), len(self.grid) - 1))

    def most_work(self, best: float) -> float:
        """Most seconds a request in such a deployment; inf: of any."""
        return float(self.grid[self.reach_of(best)])

    def line(self, cells: int) -> tuple[float, float]:
        """Return slope and intercept of a line below Φ in the first cells; Φ rises: in a cell its left end is least."""
        costs, grid = self.costs[: cells + 1], self.grid[: cells + 1]
        if not math.isfinite(costs[0]):
            return 0.0, math.inf
        finite = np.isfinite(costs)
        costs, grid = costs[finite], grid[finite]
        width = grid[-1] - grid[0]
        slope = float((costs[-1] - costs[0]) / width) if width > 0 else 0.0
        right = np.append(grid[1:], grid[-1])
        return slope, float((costs - slope * right).min())
