"""What machines without a function take, and what waits for machines take of the latency limit at least."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import EQUAL, FULLEST, NEGLIGIBLE, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, envelope_of, solve_dual
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.least_held import least_held, least_squares
from serflow_opt.traffic.provision.limit_slack import LimitSlack, slack_of
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.relaxed import LeastWaits
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures
from serflow_opt.traffic.queues.erlang import erlang_c, largest_loads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CELLS = 128
"""Cells of the grid of works that costs are known on."""
HALVINGS = 9
"""Of the range of works in which the most of a number of machines is looked for: some for each cell."""
MOST_MACHINES = 100_000
"""Machines of one type that a block is priced with, at most: costs of more grow in proportion to the load."""


class Capacity:
    """Work that requests make in blocks, and machines under the limits on waiting.

    Parameters
    ----------
    structures
        Of the instance.
    demand
        Rates of arrival.
    wait_max
        Share of a block's requests that may wait at all where it has no function, Poisson arrivals; None: any.
    carrying
        What machines carry.
    deadline
        When to stop: whatever is priced after it raises OutOfTime.
    """

    def __init__(
        self,
        structures: Structures,
        demand: Rates,
        wait_max: float | None,
        carrying: Carrying,
        deadline: Deadline = NEVER,
    ) -> None:
        self.deadline = deadline
        self.structures, self.demand, self.wait_max, self.carrying = structures, demand, wait_max, carrying
        self.instance = structures.instance
        self.promise = Promise(structures, demand, carrying)
        times = (option.stage_seconds for option in self.instance.options)
        self.fastest_s = [min(own) for own in zip(*times, strict=True)]  # of each stage, on any option
        self._choose_from(Data(self.instance))

    def among(self, data: Data) -> Self:
        """Return the same with thresholds from fewer levels; what is known of waits stays so."""
        found = copy(self)
        found._choose_from(data)
        return found

    def _choose_from(self, data: Data) -> None:
        """Take the levels that thresholds are chosen from, and forget what depends on them."""
        self.data = data
        self.exits = StageExits([[envelope_of([data.menu[s][i] for i in data.levels[s]])] for s in data.stages])
        self._sizes: dict[BlockChoice, tuple[float, ...]] = {}
        self._fewest: dict[BlockChoice, float] = {}
        self._relaxed: dict[BlockChoice, LeastWaits] = {}
        self._grids: dict[BlockChoice, Floats] = {}
        self._leasts: dict[BlockChoice, float] = {}
        self._least_reaches: list[float] | None = None

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

    def checked(self, choice: BlockChoice, count: int) -> int:
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

    def busy(self, choice: BlockChoice) -> Floats:
        """Seconds that a unit of reach of each stage holds a worker of a block."""
        seconds = np.zeros(self.data.last)
        for s, t in self.machine_times(choice).items():
            seconds[s - 1] = t
        if choice.last + 1 < self.data.last:
            seconds[choice.last + 1] = choice.sending_s
        return seconds

    def least_work(self, choice: BlockChoice) -> float:
        """Least seconds that a request of the service holds a worker of a block; inf: no thresholds keep the floor."""
        return float(self._grid(choice)[0])

    def _grid(self, choice: BlockChoice) -> Floats:
        key = _bare(choice)
        if key not in self._grids:
            least = self._least_of([choice])[0]
            low = max(least * (1 - EQUAL), 0.0) if math.isfinite(least) else math.inf
            self._grids[key] = (
                np.linspace(low, max(self.most_work(choice), low), CELLS + 1) if math.isfinite(low) else np.full(2, low)
            )
        return self._grids[key]

    def _least_of(self, choices: Sequence[BlockChoice]) -> list[float]:
        """Return the least seconds a request in blocks with machines, the least USD/s of functions alone."""
        bare = [*map(_bare, choices)]
        new = [choice for choice in dict.fromkeys(bare) if choice not in self._leasts]
        if new:
            weight = np.array([self.weighed(c) for c in new])
            found = solve_dual(self.exits, self.instance.accuracy_min, LinearCost(np.zeros(len(new)), weight))
            self._leasts.update(zip(new, found.bound.tolist(), strict=True))
        return [self._leasts[choice] for choice in bare]

    def weighed(self, choice: BlockChoice) -> Floats:
        """What the least of a block is of, by a unit of reach of each stage: seconds that it holds a worker."""
        return self.busy(choice)

    def prepare(self, choices: Sequence[BlockChoice]) -> None:
        """Look at many blocks at once, which takes less time than one by one."""
        self.deadline.check()
        self._least_of(choices)

    def least_reach(self, s: int) -> float:
        """Least share of the requests that enter stage s (1..M) when the accuracy floor is kept."""
        if self._least_reaches is None:  # of all stages at once
            view = LinearCost(np.zeros(self.data.last), np.eye(self.data.last))
            self._least_reaches = solve_dual(self.exits, self.instance.accuracy_min, view).bound.tolist()
        return self._least_reaches[s - 1]

    def sizes(self, choice: BlockChoice) -> tuple[float, ...] | None:
        """Load that 0, 1, 2, ... machines take where a block has no function; None where it has one.

        At least: thresholds, and waits in other blocks, may leave less.
        """
        if choice.machine is None or choice.function is not None:
            return None
        key = _paid(choice)
        if key not in self._sizes:
            self.deadline.check()
            load, relaxed = self.most_load(choice), self.relaxed(choice)
            counts = self._worth_asking(choice)
            caps = [0.0] * counts.start  # fewer than the least work keeps busy take no load at all
            for count in counts:
                caps.append(self.takes(choice, count, relaxed))
                if caps[-1] >= load:  # more machines make nobody wait longer
                    relaxed = None
            self._sizes[key] = tuple(np.maximum.accumulate(caps).tolist())
        return self._sizes[key]

    def _worth_asking(self, choice: BlockChoice) -> range:
        """Return numbers of machines without a function that may take the least work, up to the most of any use."""
        option, load = self.structures.option(choice.machine or 0), self.most_load(choice)
        limit = self.instance.tiers[option.tier].scaling.machines_max
        full = math.ceil(load / option.workers)
        useful = self.checked(choice, full)
        if useful == full:
            useful = self._useful_alone(choice, load)
            useful = useful if limit is None else min(useful, limit)
        low = self.least_work(choice)
        needless = int(self.demand.peak * low / option.workers) if math.isfinite(low) else useful
        return range(min(needless, useful) + 1, useful + 1)

    def fewest(self, choice: BlockChoice) -> float:
        """Return the fewest machines without a function that take the least work, as `sizes` says; inf: none do."""
        key = _paid(choice)
        if key not in self._fewest:
            self.deadline.check()
            relaxed, low, high = self.relaxed(choice), self.least_work(choice), self.most_work(choice)
            counts = self._worth_asking(choice) if math.isfinite(low) else range(0)

            def takes(count: int) -> bool:
                if self.takes(choice, count, None) < self.demand.peak * low * (1 - TOLERANCE):
                    return False
                return not low > 0 or relaxed is None or relaxed.taken(count, None, low, max(low, high)) <= relaxed.room

            self._fewest[key] = next(filter(takes, counts), math.inf)
        return self._fewest[key]

    def takes(self, choice: BlockChoice, count: int, relaxed: LeastWaits | None) -> float:
        """Most load that machines without a function take, if thresholds are as kind as may be.

        Parameters
        ----------
        choice
            What runs the block.
        count
            Machines.
        relaxed
            What waits take of the latency limit; None: nothing.
        """
        assert choice.machine is not None
        workers = self.structures.option(choice.machine).workers
        full = self.instance.utilisation_cap * count * workers
        if self.carrying.arrivals != "random":
            return full
        full = min(full, FULLEST * count * workers)
        if self.wait_max is not None:
            full = min(full, float(largest_loads(np.array([count * workers]), self.wait_max)[0]))
        if relaxed is None:
            return full
        low, high = self.least_work(choice), self.most_work(choice)
        return self.demand.peak * min(full / self.demand.peak, relaxed.most_work(count, low, max(low, high), HALVINGS))

    def _useful_alone(self, choice: BlockChoice, load: float) -> int:
        """How many machines without a function take a load, and make hardly anybody wait."""
        assert choice.machine is not None
        workers = self.structures.option(choice.machine).workers

        def enough(count: int) -> bool:
            if self.takes(choice, count, None) < load:
                return False
            return not self.promise.queued(choice) or erlang_c(count * workers, load) <= least

        least = NEGLIGIBLE * min(self.promise.room, 1.0) if self.promise.limited else 1.0
        low = max(1, math.ceil(load / workers))
        step = 1
        while not enough(low + step):
            low, step = low + step, 2 * step
            if low > 2 * MOST_MACHINES:
                return low
        return low + bisect_left(range(step), True, key=lambda n: enough(low + n))

    def relaxed(self, choice: BlockChoice, slack: LimitSlack | None = None) -> LeastWaits | None:
        """Return the least that waits for a block's machines take of the latency limit; None: nothing.

        Parameters
        ----------
        choice
            What runs the block.
        slack
            Of those who leave in it; None: as if the other blocks were as fast as any option.
        """
        if not (self.promise.limited and self.promise.queued(choice)):
            return None
        if self.promise.measure == "mean":
            slack = None
        elif slack is None and (self._worst_alone(choice) or self.promise.varies):
            return None  # a fine sieve, and slow: it is for structures that coarser ones leave
        elif slack is None:
            bound = self.instance.latency_slo_s
            assert bound is not None
            start = math.fsum(self.fastest_s[: choice.first]) + choice.hop_s
            done = [start + t for t in self.promise.least_pace_s(choice)]
            done += [done[-1] + t for t in itertools.accumulate(self.fastest_s[choice.last + 1 :])]
            slack = slack_of(bound * (1 + TOLERANCE), [(1.0, done)])
        return replace(self._waiting(choice), slack=slack)

    def _worst_alone(self, choice: BlockChoice) -> bool:
        return choice.function is None and self.promise.measure == "worst"

    def _waiting(self, choice: BlockChoice) -> LeastWaits:
        """Return what is known of a block's waits wherever it stands."""
        key = _bare(choice)
        if key not in self._relaxed:
            assert choice.machine is not None
            seconds = self.structures.option(choice.machine).stage_seconds
            longest = math.fsum(seconds[choice.first : choice.last + 1]) + choice.sending_s
            self._relaxed[key] = LeastWaits(
                queues=self.promise.queues,
                workers=self.structures.option(choice.machine).workers,
                reaches=np.array([self.least_reach(s) for s in range(choice.first + 1, self.data.last + 1)]),
                reach_high=self.data.reach_high[choice.first + 1],
                least_s=least_held(
                    *(self.exits, self.instance.accuracy_min, self.busy(choice), choice.first),
                    *(seconds[choice.first], longest),
                ),
                square=self._least_squares(choice, longest),
                square_high=float(self.squares(choice) @ np.array([self.data.reach_high[s] for s in self.data.stages])),
                longest_s=self._longest(choice),
                slack=None,
                room=self.promise.room * (1 + TOLERANCE),
            )
        return self._relaxed[key]

    def _longest(self, choice: BlockChoice) -> float:
        """Return the most that the mean square of how long a worker is held may be over the mean, s."""
        held, squares = self._held(choice)
        return max((square / t for t, square in zip(held, squares, strict=True) if t > 0), default=0.0)

    def waiting(self, choice: BlockChoice, shares: Sequence[float]) -> LeastWaits | None:
        """Return `relaxed` of a block whose slack is still to be told, to those who meet cold starts in some ways.

        Parameters
        ----------
        choice
            What runs the block.
        shares
            Of the ways; none: the limit is on the mean.
        """
        if not (self.promise.limited and self.promise.queued(choice)):
            return None
        slack = LimitSlack(np.array(shares), np.zeros((len(shares), 0))) if shares else None
        return replace(self._waiting(choice), slack=slack)

    def path_s(self, structure: Structure) -> float:
        """Least mean seconds of a request that need not wait."""
        late = self.promise.late(structure, self.least_reach)
        if late is None:
            return 0.0
        return math.fsum(weight * self.least_reach(s) for s, weight in enumerate(late.weights, start=1) if weight)

    def relaxed_in(self, structure: Structure, b: int) -> LeastWaits | None:
        """Return `relaxed` of a block where it stands: what the way there takes is known."""
        choice, promise = structure[b], self.promise
        if not (promise.limited and promise.queued(choice)):
            return None
        if promise.measure == "mean":
            whole = self.relaxed(choice)
            assert whole is not None
            return replace(whole, room=max(0.0, whole.room - self.path_s(structure) * (1 - EQUAL)))
        assert self.instance.latency_slo_s is not None
        stages = slice(choice.first, None)  # who waits here may leave later, with less slack
        ways = [(share, done[stages]) for share, done in promise.waiting_ways(structure, few=True)]
        return self.relaxed(choice, slack_of(self.instance.latency_slo_s * (1 + TOLERANCE), ways))

    def _least_squares(self, choice: BlockChoice, longest: float) -> tuple[Floats, Floats]:
        """Slopes and starts of lines below the least second moment of how long a worker is held, s², by the work."""
        return least_squares(self.exits, self.instance.accuracy_min, self.squares(choice), self.busy(choice), longest)

    def squares(self, choice: BlockChoice) -> Floats:
        """Second moment of the seconds that a worker of a block is held, by a unit of reach of each stage, s²."""
        each = np.diff(self._held(choice)[1], prepend=0.0)
        square = np.zeros(self.data.last)
        square[choice.first : choice.first + len(each)] = each
        return square

    def _held(self, choice: BlockChoice) -> tuple[list[float], list[float]]:
        """Return how long who leaves at each stage, or goes on, holds a worker of a block: mean and mean square.

        How times vary counts where waits count it: not in the worst case, where they are as stated.
        """
        if choice.machine is None:
            return [], []
        times = self.machine_times(choice)
        held = [*itertools.accumulate(times[s] for s in sorted(times))]
        spreads = [*self.structures.spreads_s(choice.machine, choice.first, choice.last)]
        if choice.last + 1 < self.data.last:
            held, spreads = [*held, held[-1] + choice.sending_s], [*spreads, spreads[-1]]
        vary = self.promise.measure != "worst"
        return held, [t * t + (sd * sd if vary else 0.0) for t, sd in zip(held, spreads, strict=True)]


def _paid(choice: BlockChoice) -> BlockChoice:
    """Return a block as its machines are known, whatever handing over to it costs."""
    return replace(choice, hop_usd=0.0) if choice.hop_usd else choice


def _bare(choice: BlockChoice) -> BlockChoice:
    """Return a block as its least is known: with machines only these count, and what hands over to it does not."""
    if choice.machine is None or (choice.function, choice.hop_s, choice.hop_usd) == (None, 0.0, 0.0):
        return choice
    return choice.with_machines_alone()
