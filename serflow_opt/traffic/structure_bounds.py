"""Bounds of what structures cost, so that few need a model.

What a block costs by the work W that a request makes there is Φ(W) = min_n c n + p E[λ W - carried_n(λ W)], with p
the least price of a second of work on its function (without a function: the machines that the peak needs). W is at
least what the most frugal thresholds make (the Lagrangian of the accuracy floor on the block's seconds), and at most
what costs as much as the best deployment known. Between the two a line below Φ bounds the block, and W is linear in the
reaches: so the Lagrangian bounds a structure over all thresholds at once (`lagrangian.py`), and says which thresholds
can still win.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.formulations.data import Data
from serflow_opt.formulations.provisioning import Late
from serflow_opt.lagrangian import Exits, Linear, close_bracket, forced_levels
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.erlang import largest_load
from serflow_opt.traffic.of_structure import function_of
from serflow_opt.traffic.rates import Rates
from serflow_opt.traffic.structures import BlockChoice, Structure, Structures, billed_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


CELLS = 128
"""Cells of the grid on which Φ is known."""
GROUPS = 12
"""Groups of a demand that bounds look at (fewer spill less, by Jensen's inequality)."""
LATE_PRICES = (0.01, 1000.0)
"""Between these the multiplier of a latency limit is looked for, times the best cost known."""
LATE_ROUNDS = 10
"""Golden sections."""
EXACT_SERVERS = 3000
"""Above so many workers bounds let machines carry up to the cap, which is more than random arrivals allow."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """Structures in the order of their bounds (USD/s); for each the multiplier of the floor, line and liked levels."""

    structures: list[Structure]
    bounds: Floats
    multiplier: Floats
    view: Linear
    levels: NDArray[np.int64]


class Pricing:
    """What blocks cost, per busy second and per request; shared by bounds and models.

    Parameters
    ----------
    structures
        Of the instance.
    demand
        Rates of arrival.
    wait_max
        Share of a block's requests that may wait where it has no function.
    carrying
        What machines carry.
    """

    def __init__(self, structures: Structures, demand: Rates, wait_max: float, carrying: Carrying) -> None:
        self.structures, self.demand, self.wait_max, self.carrying = structures, demand, wait_max, carrying
        self.instance = structures.instance
        self.data = Data(self.instance)
        self.exits = Exits([[self._menu(s)] for s in self.data.stages])
        self._sizes: dict[tuple[int, int], tuple[float, ...]] = {}
        self._grids: dict[tuple[int, int, int | None], Floats] = {}
        self._overflows: dict[tuple[int, int, int | None, int], Floats] = {}
        self._profiles: dict[BlockChoice, Profile] = {}
        self._alone_functions: dict[BlockChoice, float] = {}
        self._least_reaches: dict[int, float] = {}

    def _menu(self, s: int) -> tuple[Floats, Floats]:
        rate = np.array([self.data.exit_rate(s, level) for level in self.data.levels[s]])
        right = np.array([self.data.accuracy(s, level) for level in self.data.levels[s]])
        return rate, np.nan_to_num(rate * right)

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

    def sending(self, choice: BlockChoice) -> float:
        """Seconds that a hand-over after a block holds a worker."""
        if choice.machine is None or choice.last + 1 >= len(self.instance.stages):
            return 0.0
        tier = self.instance.tiers[self.structures.option(choice.machine).tier]
        return self.structures.hop_s(choice.last + 1) if tier.pays_for_waiting else 0.0

    def most_load(self, choice: BlockChoice) -> float:
        """Busy workers of a block at the largest rate and the largest reaches."""
        times, high = self.machine_times(choice), self.data.reach_high
        work = math.fsum(t * high[s] for s, t in times.items())
        if choice.last + 1 < self.data.last:
            work += self.sending(choice) * high[choice.last + 2]
        return self.demand.peak * work

    def most(self, choice: BlockChoice) -> int:
        """Most machines that can be of use, or that may be rented."""
        assert choice.machine is not None
        option = self.structures.option(choice.machine)
        useful = len(self.sizes(choice) or ()) - 1 if choice.function is None else self._useful(choice)
        limit = self.instance.tiers[option.tier].scaling.machines_max
        return useful if limit is None else min(useful, limit)

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
        wanted = self.most_load(choice)
        key = option.workers, math.ceil(wanted)
        if key not in self._sizes:
            caps, load = [0.0], 0.0
            while caps[-1] < key[1]:
                servers = len(caps) * option.workers
                load = largest_load(servers, self.wait_max, load)
                caps.append(min(self.instance.utilisation_cap * servers, load))
            self._sizes[key] = tuple(caps)
        caps_ = self._sizes[key]
        return caps_ if limit is None else caps_[: limit + 1]

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
            weights[choice.last + 1] += mean * usd * self.sending(choice)
        weights[choice.first] += mean * self.structures.hop_usd(choice.first)
        return weights

    def busy(self, choice: BlockChoice) -> Floats:
        """Seconds that a unit of reach of each stage holds a worker of a block."""
        seconds = np.zeros(self.data.last)
        for s, t in self.machine_times(choice).items():
            seconds[s - 1] = t
        if choice.last + 1 < self.data.last:
            seconds[choice.last + 1] = self.sending(choice)
        return seconds

    def profile(self, choice: BlockChoice) -> Profile:
        """Return Φ of a block with machines, one at least: a function alone is another choice."""
        if choice not in self._profiles:
            grid = self._grid(choice)
            if choice.function is None:
                costs = self._alone(choice, grid)
            else:
                per_second = self._per_second(choice)
                rent = self.rent(choice) * np.arange(self.most(choice) + 1)
                costs = (rent[:, None] + per_second * self.overflow(choice, grid))[1:].min(axis=0, initial=math.inf)
            self._profiles[choice] = Profile(grid, costs)
        return self._profiles[choice]

    def rent(self, choice: BlockChoice) -> float:
        """Rent of one machine, USD per second."""
        assert choice.machine is not None
        return self.structures.option(choice.machine).rent_per_s

    def _per_second(self, choice: BlockChoice) -> float:
        """Least price of a second of the machines' work on the function."""
        prices, times = self.function_prices(choice), self.machine_times(choice)
        return min((prices[s] / t for s, t in times.items() if t > 0), default=0.0)

    def _grid(self, choice: BlockChoice) -> Floats:
        key = choice.first, choice.last, choice.machine
        if key not in self._grids:
            seconds = self.busy(choice)
            view = Linear(np.zeros(1), seconds[None, :])
            least = float(close_bracket(self.exits, self.instance.accuracy_min, view).bound[0])
            low = max(least * (1 - 1e-9), 0.0) if math.isfinite(least) else math.inf
            high = float(seconds @ np.array([self.data.reach_high[s] for s in self.data.stages]))
            self._grids[key] = np.linspace(low, max(high, low), CELLS + 1) if math.isfinite(low) else np.full(2, low)
        return self._grids[key]

    def overflow(self, choice: BlockChoice, grid: Floats) -> Floats:
        """E[λ W - carried_n(λ W)] for n = 0, 1, .. machines and W of a grid, at least."""
        key = choice.first, choice.last, choice.machine, len(grid)
        if key not in self._overflows:
            assert choice.machine is not None
            workers, most = self.structures.option(choice.machine).workers, self.most(choice)
            groups = self.demand.in_groups(GROUPS)
            exact = most * workers <= EXACT_SERVERS
            carrying = self.carrying if exact else Carrying("smooth", self.carrying.cap)
            total = np.zeros((most + 1, len(grid)))
            for rate, share in zip(groups.rates.tolist(), groups.shares.tolist(), strict=True):
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
        counts = np.searchsorted(caps, self.demand.peak * grid * (1 - 1e-9))
        costs: Floats = np.where(counts < len(caps), self.rent(choice) * counts, math.inf)
        return costs

    def waiting(self, structure: Structure) -> float:
        """Share of the requests that may wait for a worker, at most."""
        return self.wait_max * sum(choice.function is None for choice in structure)

    def least_reach(self, s: int) -> float:
        """Least share of the requests that enter stage s (1..M) when the accuracy floor is kept."""
        if s not in self._least_reaches:
            view = Linear(np.zeros(1), np.eye(self.data.last)[None, s - 1])
            self._least_reaches[s] = float(close_bracket(self.exits, self.instance.accuracy_min, view).bound[0])
        return self._least_reaches[s]

    def least(self, choice: BlockChoice) -> float:
        """Bound of a block by itself, USD per second."""
        if choice.machine is not None:
            return float(self.profile(choice).costs[0])
        if choice not in self._alone_functions:
            view = Linear(np.zeros(1), self.weights(choice)[None, :])
            bound = float(close_bracket(self.exits, self.instance.accuracy_min, view).bound[0])
            self._alone_functions[choice] = bound * (1 - 1e-9)
        return self._alone_functions[choice]

    def line(self, choice: BlockChoice, best: float) -> tuple[float, Floats]:
        """Return a line below what a block costs in deployments that cost at most `best`: fixed part and weights."""
        weights = np.zeros(self.data.last)
        weights[choice.first] = self.demand.mean * self.structures.hop_usd(choice.first)
        if choice.machine is None:
            return 0.0, self.weights(choice)
        profile = self.profile(choice)
        slope, fixed = profile.line(profile.reach_of(best))
        return fixed, weights + slope * self.busy(choice)


@dataclass(frozen=True, slots=True)
class Profile:
    """Φ on a grid of work: rising costs (USD/s) at rising seconds a request."""

    grid: Floats
    costs: Floats

    def reach_of(self, best: float) -> int:
        """Cells (from the first) in which a deployment that costs at most `best` can lie."""
        return max(1, min(int(np.searchsorted(self.costs, best * (1 + 1e-9), side="right")), len(self.grid) - 1))

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


def late_of(pricing: Pricing, structure: Structure) -> Late | None:
    """Return what latency asks of the thresholds of a structure; None where they cannot keep it."""
    instance = pricing.instance
    bound = instance.latency_slo_s
    if bound is None:
        return Late()
    done = pricing.structures.done_s(structure)
    if instance.latency_measure == "worst":
        return Late() if done[-1] <= bound * (1 + 1e-9) else None
    if instance.latency_measure == "mean":
        before = [0.0, *done[:-1]]
        return Late(seconds=tuple(t - u for t, u in zip(done, before, strict=True)), ceiling=bound)
    assert instance.quantile is not None
    allowed = 1 - instance.quantile - pricing.waiting(structure)
    allowed = 0.0 if -1e-9 < allowed < 0 else allowed  # 1 - 0.999 - 0.001 is not quite nothing
    late = next((s for s, t in enumerate(done, start=1) if t > bound * (1 + 1e-9)), None)
    if allowed < 0 or (late is not None and pricing.least_reach(late) > allowed * (1 + 1e-9) + 1e-12):
        return None
    return Late() if late is None else Late(stage=late, share=allowed)


def candidates(pricing: Pricing) -> list[Structure]:
    """Return all structures that can keep the latency target."""
    structures, instance = pricing.structures, pricing.instance
    if instance.latency_measure != "worst" or instance.latency_slo_s is None:
        return [structure for structure in structures.all() if late_of(pricing, structure) is not None]
    slowest: dict[BlockChoice, float] = {}
    bound = instance.latency_slo_s * (1 + 1e-9)

    def seconds(choice: BlockChoice) -> float:  # `late_of` once a block, not once a structure
        if choice not in slowest:
            slowest[choice] = structures.hop_s(choice.first) + structures.slowest(choice)
        return slowest[choice]

    return [structure for structure in structures.all() if math.fsum(map(seconds, structure)) <= bound]


def bounded(pricing: Pricing, structures: Sequence[Structure], best: float) -> Bounded:
    """Bound structures against the best deployment known (inf: none), cheapest bound first.

    Deployments that cost more than `best` are not bounded: a bound above it says only that.
    """
    if not structures:
        nothing = np.zeros(0)
        return Bounded([], nothing, nothing, Linear(nothing, np.zeros((0, pricing.data.last))), np.zeros((0, 0), int))
    each = {choice for structure in structures for choice in structure}
    if math.isfinite(best):
        lines = {choice: pricing.line(choice, best) for choice in each}
    else:
        lines = {choice: (0.0, pricing.weights(choice)) for choice in each}
    fixed = np.array([math.fsum(lines[choice][0] for choice in structure) for structure in structures])
    weight = np.array([np.sum([lines[choice][1] for choice in structure], axis=0) for structure in structures])
    floor = pricing.instance.accuracy_min
    view = Linear(fixed, weight)
    bracket = close_bracket(pricing.exits, floor, view)
    bounds = np.nan_to_num(bracket.bound, nan=math.inf, posinf=math.inf) * (1 - 1e-9)
    if math.isfinite(best) and (late := _late_rows(pricing, structures)) is not None:
        bounds = np.maximum(bounds, _priced(pricing, view, late, best) * (1 - 1e-9))
    if math.isfinite(best):
        bounds = np.maximum(bounds, [math.fsum(map(pricing.least, structure)) for structure in structures])
    order = np.argsort(bounds, kind="stable")
    order = order[np.isfinite(bounds[order]) & (bounds[order] < best)]
    return Bounded(
        [structures[n] for n in order],
        bounds[order],
        bracket.multiplier[order],
        Linear(fixed[order], weight[order]),
        bracket.levels[order],
    )


def _priced(pricing: Pricing, view: Linear, late: Linear, best: float) -> Floats:
    """Bound structures with what is late moved into the cost, at the price that bounds best.

    The bound is concave in the price, so golden sections close in on its best, in the logarithm, for all in step.
    """
    floor, count = pricing.instance.accuracy_min, len(view.fixed)

    def at(log_price: Floats) -> Floats:
        price = np.exp(log_price) * best
        priced = Linear(view.fixed - price * late.fixed, view.weight + price[:, None] * late.weight)
        return close_bracket(pricing.exits, floor, priced).bound

    low, high = (np.full(count, math.log(end)) for end in LATE_PRICES)
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = at(left), at(right)
    found = np.maximum(at_left, at_right)
    for _ in range(LATE_ROUNDS):
        rising = at_left < at_right
        low, high = np.where(rising, left, low), np.where(rising, high, right)
        fresh = np.where(rising, low + ratio * (high - low), high - ratio * (high - low))
        value = at(fresh)
        left, at_left, right, at_right = (
            np.where(rising, right, fresh),
            np.where(rising, at_right, value),
            np.where(rising, fresh, left),
            np.where(rising, value, at_left),
        )
        found = np.maximum(found, value)
    return found


def quickest(pricing: Pricing, structures: Sequence[Structure]) -> tuple[list[Structure], NDArray[np.int64]]:
    """Return the structures that thresholds can make keep the latency target, and for each such thresholds.

    For worst-case latency, which thresholds do not change, there is nothing to do: no thresholds come back.
    """
    late = _late_rows(pricing, structures)
    if late is None or not structures:
        return list(structures), np.zeros((0, pricing.data.last), dtype=np.int64)
    view = Linear(np.zeros(len(structures)), late.weight)
    bracket = close_bracket(pricing.exits, pricing.instance.accuracy_min, view)
    kept = np.flatnonzero(bracket.bound <= late.fixed * (1 + 1e-9) + 1e-12)
    return [structures[n] for n in kept.tolist()], bracket.levels[kept]


def _late_rows(pricing: Pricing, structures: Sequence[Structure]) -> Linear | None:
    """Return for each structure (allowed, weights) with Σ R_s weight_s <= allowed in time; None: nothing to price."""
    if pricing.instance.latency_slo_s is None or pricing.instance.latency_measure == "worst":
        return None
    allowed, weight = np.zeros(len(structures)), np.zeros((len(structures), pricing.data.last))
    for n, structure in enumerate(structures):
        late = late_of(pricing, structure)
        if late is not None and late.stage is not None:
            allowed[n], weight[n, late.stage - 1] = late.share, 1.0
        elif late is not None and late.seconds:
            allowed[n], weight[n] = 1.0, np.asarray(late.seconds) / late.ceiling
    return Linear(allowed, weight)


def levels_left(pricing: Pricing, found: Bounded, n: int, best: float) -> list[tuple[int, int]]:
    """Pairs (stage, level) that a deployment of structure n cheaper than `best` can use."""
    view = Linear(found.view.fixed[n : n + 1], found.view.weight[n : n + 1])
    forced = forced_levels(pricing.exits, pricing.instance.accuracy_min, view, found.multiplier[n : n + 1])
    return [key for key, bound in forced.items() if not bound[0] * (1 - 1e-9) > best]
