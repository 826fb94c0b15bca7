"""Rounds of batches of requests: each visits the rates of a demand evenly by their share of the requests.

Rounds are independent, and their mean is that of all requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE
from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.confirm.result import LatencyTarget
from serflow_opt.traffic.confirm.warming import COUNT, CUT, STRETCH, Load, loads, relaxation, spreads

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.rates import Rates

RATES_MAX = 32
"""Most rates of a round; where a demand has more, each round draws others."""
LEAST = 2048
"""Requests of a round that count, at least: fewer take as long."""
ROUNDS = 8
"""So many rounds must fit, at least: longer batches are cut short, and then prove nothing kept."""


class Rounds:
    """Rounds of batches, and what they found so far.

    Parameters
    ----------
    line
        The service and its workers.
    demand
        Rates, none of which overloads it.
    target
        What is measured.
    seed
        Of all that is drawn.
    most
        Requests that are allowed.

    Attributes
    ----------
    number
        Batches of a round.
    low, high
        By round, the measure at least and at most: requests whose warm-up is cut short count as late at most.
    varies
        Variance of a round's share of late requests as a multiple of that share, at least: what rare stretches of late
        requests have, of their mean length all.
    most
        Requests that are allowed.
    requests, waited
        Sums: requests simulated, and mean seconds waited in each round.
    note
        What is wrong with them.
    """

    def __init__(self, line: FixedPools, demand: Rates, target: LatencyTarget, seed: int, most: int) -> None:
        used = (demand.rates > 0) & (demand.shares > 0)
        self._rates = demand.rates[used]
        requests = demand.shares[used] * self._rates
        self._below = np.cumsum(requests / requests.sum())
        self._line, self._target, self._seed, self.most = line, target, seed, most
        self._spreads = spreads(line, seed)
        self._loads: dict[float, tuple[Load, ...]] = {}
        self._largest = max(block.batch for block in line.service.blocks)
        self.number = min(len(self._rates), RATES_MAX)
        self._longest = most / (ROUNDS * math.sqrt(self.number))
        self.low: list[float] = []
        self.high: list[float] = []
        self.requests = 0
        self.waited = self.varies = 0.0
        self.note = ""
        blocks = len(line.service.blocks)
        self._entered, self._called = np.zeros(blocks), np.zeros(blocks)

    @property
    def on_function(self) -> tuple[float, ...]:
        """By block, share of the requests entering it that ran on its function; empty before the first round."""
        if not self.low:
            return ()
        return tuple((self._called / np.maximum(self._entered, SMALLEST)).tolist())

    @property
    def spent(self) -> bool:
        """Whether there is no room for another round, once there are two."""
        n = len(self.low)
        return n > 1 and self.requests * (n + 1) > self.most * n

    def another(self) -> None:
        """Draw where in the demand a round begins, and go through it in equal steps from there."""
        key = [self._seed, 2 + len(self.low)]
        offset = np.random.default_rng(key).random()
        at = np.searchsorted(self._below, (offset + np.arange(self.number)) / self.number)
        found = [
            self._batch(float(self._rates[min(i, len(self._rates) - 1)]), [*key, j]) for j, i in enumerate(at, start=1)
        ]
        low, high = zip(*found, strict=True)
        self.low.append(math.fsum(low) / self.number)
        self.high.append(math.fsum(high) / self.number)

    def _batch(self, rate: float, key: Sequence[int]) -> tuple[float, float]:
        """Return the measure of a batch at one rate, at least and at most."""
        target, several = self._target, len(self._line.service.blocks) > 1 or self._largest > 1
        if rate not in self._loads:
            self._loads[rate] = loads(self._line, rate, self._spreads, self._seed)
        needed = relaxation(self._line, rate, self._loads[rate])
        memory = min(needed, self._longest / (CUT + COUNT + several))
        count = math.ceil(max(COUNT * memory, LEAST / self.number))
        cut, behind = math.ceil(CUT * memory), math.ceil(memory) if several else 0
        batch = self._line.run(rate, key, cut, count, behind)
        self.requests += cut + count + behind
        self.waited += float(batch.waited.mean()) / self.number
        self._entered += np.array(batch.entered) / count
        self._called += np.array(batch.on_function) / count
        if target.measure == "mean":
            value, most = float(batch.latency.mean()), math.inf
        else:
            value, most = float((batch.latency > target.slo_s * (1 + TOLERANCE)).mean()), 1.0
            self.varies = max(self.varies, max(memory * STRETCH, self._largest) / count / self.number)
        if needed <= memory:
            return value, value
        self.note = f"near full load, at {rate:g} requests/s, the warm-up is cut short"
        return value, most
