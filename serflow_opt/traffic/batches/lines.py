"""Lines below what blocks with batches take of machines and money, in the reaches R_s.

With ψ_s(r, p) = E[t_s(n_s); n_s > 0] / E[N], what a request that enters costs at stage s where the block is entered by
a share r and p = R_s / R_first is left, a block makes R_first ψ_s(r, p) seconds of work a request. Let q(n) = t(n) / n,
replaced by its running minimum where it rises. Size-biasing twice, ψ = p E[q(1 + n')], n' binomial of N' - 1 with N'
the size-biased N, which rises with r in the likelihood ratio order; so ψ falls in r, and ψ / p in p. Within a range of
reaches, two lines are below:

    R_first ψ(r, p) >= R_s ψ(r_high, p_high) / p_high
    R_first ψ(r, p) >= α R_first + β R_s, the chord of ψ(r_high, .) between p_low and p_high, where it is concave: where
                       t is, t(0) = 0 counted in; else that of the largest a + c n below t

Both touch where the range is a point, the first for any times whose q falls.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, ROUNDING, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, StageExits, envelope_of, solve_dual
from serflow_opt.traffic.batches.filled import evenness, law, thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.traffic.batches.structures import BatchStructures
    from serflow_opt.traffic.carrying import Arrivals
    from serflow_opt.traffic.provision.structures import BlockChoice

    Floats = NDArray[np.float64]


RATES = 24
"""Rates between the least and the largest at which it is seen how evenly batches come."""


class ReachLines:
    """Lines within the reaches that some levels of the menus allow.

    Parameters
    ----------
    structures
        Of the instance.
    data
        The levels.
    rate
        λ, requests a second.
    arrivals
        random or smooth.
    """

    def __init__(self, structures: BatchStructures, data: Data, rate: float, arrivals: Arrivals) -> None:
        self.structures, self.data, self.rate, self.arrivals = structures, data, rate, arrivals
        self.exits = exits_of(data)
        self._low = least_reaches(data, self.exits)
        goes = [[1 - data.exit_rate(s, level) for level in data.levels[s]] for s in data.stages]
        self._least, self._most = [min(own) for own in goes], [max(own) for own in goes]
        self._laws: dict[tuple[int, float, int], tuple[Floats, float]] = {}
        self._works: dict[BlockChoice, Floats] = {}
        self._full: dict[tuple[int, float, int], bool] = {}

    def high(self, first: int) -> float:
        """Largest reach of the stage at a position."""
        return float(self.data.reach_high[first + 1])

    def low(self, first: int) -> float:
        """Least reach of the stage at a position, of thresholds that keep the accuracy floor."""
        return float(self._low[first])

    def filled(self, choice: BlockChoice) -> tuple[Floats, float]:
        """Return P(N = n) and E[N] at the largest reach of a block."""
        key = choice.batch, choice.batch_wait_s, choice.first
        if key not in self._laws:
            entering = self.rate * self.high(choice.first)
            if (self.arrivals == "smooth" and choice.batch > 1) or math.isinf(choice.batch_wait_s):
                own = np.zeros(choice.batch)
                own[-1] = 1.0  # thresholds must fill it
            else:
                own = law(choice.batch, choice.batch_wait_s, entering, self.arrivals)
            self._laws[key] = own, float(own @ np.arange(1, choice.batch + 1))
        return self._laws[key]

    def fill(self, choice: BlockChoice) -> float:
        """Least reach at which batches fill evenly; 0 where they need not."""
        if self.arrivals != "smooth" or choice.batch == 1:
            return 0.0
        return (choice.batch - 1) / (self.rate * choice.batch_wait_s)

    def always_full(self, choice: BlockChoice) -> bool:
        """Whether batches fill whatever the thresholds, at random but for less than one in 10^9."""
        if choice.batch == 1:
            return False
        low = self.low(choice.first) * (1 - TOLERANCE)
        if self.arrivals == "smooth":
            return self.fill(choice) <= low
        key = choice.batch, choice.batch_wait_s, choice.first
        if key not in self._full:
            own = law(choice.batch, choice.batch_wait_s, self.rate * low, self.arrivals)
            self._full[key] = bool(own[:-1].sum() <= TOLERANCE)
        return self._full[key]

    def batches(self, choice: BlockChoice) -> float:
        """Most batches a second."""
        return self.rate * self.high(choice.first) / self.filled(choice)[1]

    def even(self, choice: BlockChoice) -> float:
        """Return how evenly batches come at most (`filled.evenness`): of rates in between, less what is missed.

        It falls with the rate while waits end, and rises to 1/B as batches fill. Near its least the error of a smooth
        function on a grid is an eighth of the larger step beside it.
        """
        low, high = (self.rate * r for r in (self.low(choice.first), self.high(choice.first)))
        if choice.batch == 1 or not low > 0 or high <= low * (1 + EQUAL):
            return evenness(choice.batch, choice.batch_wait_s, high)
        found = [evenness(choice.batch, choice.batch_wait_s, rate) for rate in np.geomspace(low, high, RATES).tolist()]
        at = int(np.argmin(found))
        beside = [abs(found[k] - found[at]) for k in (at - 1, at + 1) if 0 <= k < RATES]
        return max(0.0, found[at] - (max(beside) / 4 if 0 < at < RATES - 1 else 0.0))

    def work(self, choice: BlockChoice) -> Floats:
        """Seconds that a unit of reach of each stage holds a worker, or that calls last, on a line below."""
        if choice in self._works:
            return self._works[choice]
        p = choice.function if choice.machine is None else choice.machine
        option = self.structures.option(p or 0)
        low = high = 1.0
        most = self.high(choice.first)
        stages = list(range(choice.first, choice.last + 1))
        times = [
            option.batching.seconds[s][: choice.batch] if option.batching else (option.stage_seconds[s],)
            for s in stages
        ]
        ends = []
        for s in stages:
            low = low if s == choice.first else max(low, min(high, self.low(s) / most))
            ends.append((low, high))
            low, high = low * self._least[s], high * self._most[s]
        if choice.sending_s and choice.last + 1 < self.data.last:
            stages.append(choice.last + 1)
            times.append((choice.sending_s,) * choice.batch)
            ends.append((max(low, min(high, self.low(choice.last + 1) / most)), high))
        self._works[choice] = self._lines(choice, stages, times, np.array(ends))
        return self._works[choice]

    def usd(self, choice: BlockChoice) -> Floats:
        """USD/s of a unit of reach of each stage, on a line below: calls of a function, hand-overs into the block.

        Beside machines hand-overs alone: `calls` has what goes to the function.
        """
        found = np.zeros(self.data.last)
        found[choice.first] = self.rate * choice.hop_usd
        if choice.function is None or choice.machine is not None:
            return found
        return found + self._called(choice)

    def calls(self, choice: BlockChoice) -> Floats:
        """USD/s of a unit of reach of each stage that goes to the function beside machines, on a line below.

        Calls of less than a batch are taken to be full.
        """
        wait = choice.batch_wait_s if choice.call == choice.batch else math.inf
        called = replace(choice, machine=None, batch=choice.call, batch_wait_s=wait, hop_usd=0.0, sending_s=0.0)
        return self._called(called)

    def _called(self, choice: BlockChoice) -> Floats:
        """USD/s of a unit of reach of each stage on a function."""
        assert choice.function is not None
        option = self.structures.option(choice.function)
        fee = self.structures.fee(choice.function)
        calls = np.zeros(self.data.last)
        calls[choice.first] = self.rate / self.filled(choice)[1]
        shortest = max(option.billing_step_s, option.billing_min_s)
        lasting = self.rate * option.usd_per_s * self.work(choice)
        least = calls * option.usd_per_s * shortest
        middle = np.array([(self.low(s) + self.high(s)) / 2 for s in range(self.data.last)])
        return calls * fee + (least if least @ middle > lasting @ middle else lasting)

    def _lines(
        self, choice: BlockChoice, stages: Sequence[int], times: Sequence[tuple[float, ...]], ends: Floats
    ) -> Floats:
        """Return weights of the reaches: of each stage the line that is higher in the middle.

        Parameters
        ----------
        choice
            The block.
        stages, times
            What it runs, and the seconds of 1..B requests there.
        ends
            Least and largest share of those who enter the block that is left, by stage.
        """
        below, chorded = (np.array(own) for own in zip(*map(_below, times), strict=True))
        low, high = ends.T
        at_low, at_high = self._left(choice, low), self._left(choice, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(high > 0, (at_high * below).sum(axis=1) / high, 0.0)
            first, last = (at_low * chorded).sum(axis=1), (at_high * chorded).sum(axis=1)
            rise = (last - first) / (high - low)
            start, middle = first - rise * low, (low + high) / 2
            chord = (high > low) & (choice.batch > 1) & (start + rise * middle > slope * middle)
        weights = np.zeros(self.data.last)
        weights[stages] = np.where(chord, rise, slope)
        weights[choice.first] += start[chord].sum()
        return weights

    def _left(self, choice: BlockChoice, p: Floats) -> Floats:
        """P(n are left) / E[N], n = 1..B, at the largest reach, a little less, by share that is left."""
        own, mean = self.filled(choice)
        found: Floats = thinned(own, np.clip(p, 0.0, 1.0))[:, 1:] / mean * (1 - ROUNDING)
        return found


def exits_of(data: Data) -> StageExits:
    """Return what leaves at each stage with the levels there are."""
    return StageExits([[envelope_of([data.menu[s][i] for i in data.levels[s]])] for s in data.stages])


def least_reaches(data: Data, exits: StageExits) -> Floats:
    """Return the least reach of each stage with the levels there are, where the accuracy floor is kept.

    `exits` says what leaves with these.
    """
    low = np.array([data.reach_low[s] for s in data.stages])
    floor = data.instance.accuracy_min
    if floor is None:
        return low
    found = solve_dual(exits, floor, LinearCost(np.zeros(data.last), np.eye(data.last))).bound
    least: Floats = np.clip(found - EQUAL, low, [data.reach_high[s] for s in data.stages])
    return least


@lru_cache(maxsize=10_000)
def _below(times: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return n times the running minimum of t(n) / n, and times below t that are concave from t(0) = 0 on."""
    n = np.arange(1, len(times) + 1)
    own = np.minimum.accumulate(np.asarray(times) / n) * n
    steps = np.diff(np.append(0.0, own))
    if (np.diff(steps) <= ROUNDING * max(times)).all():
        return tuple(own.tolist()), tuple(own.tolist())
    each = (own[-1] - own[0]) / (len(own) - 1)
    fixed = float((own - each * n).min())
    if fixed < 0:
        fixed, each = 0.0, float((own / n).min())
    return tuple(own.tolist()), tuple((fixed + each * n).tolist())
