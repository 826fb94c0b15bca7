"""A sequential simulation that confirms or refutes a promise of latency.

It knows the service and counts machines; it knows no formula of a queue but those that say how much to cut off. A round
visits the rates of the demand evenly by their share of the requests, with a batch for each, and rounds are independent;
they go on until their interval lies on one side of the limit (`looks.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE
from serflow_opt.traffic.confirm.batch import Line
from serflow_opt.traffic.confirm.looks import interval, schedule
from serflow_opt.traffic.confirm.result import Confirmation, Target, Verdict
from serflow_opt.traffic.confirm.warming import COUNT, CUT, STRETCH, relaxation, spreads
from serflow_opt.traffic.simulate.service_times import Law

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.service import Service

RATES_MAX = 32
"""Most rates of a round; where a demand has more, each round draws others."""
LEAST = 2048
"""Requests of a round that count, at least: fewer take as long."""
ROUNDS = 8
"""So many rounds must fit, at least: longer batches are cut short, and then prove nothing kept."""


def confirm(
    service: Service,
    counts: Sequence[int],
    demand: Rates,
    *,
    target: Target,
    queue_max: Sequence[int | None],
    cold_shares: Sequence[float],
    law: Law = Law(),  # noqa: B008 - it is frozen
    confidence: float = 0.99,
    seed: int = 0,
    most_requests: int = 3_000_000,
    deadline: Deadline = NEVER,
) -> Confirmation:
    """Simulate a service at the steady rates of a demand until it is clear whether it keeps its latency.

    Requests, exits and service times follow from the seed alone, so other counts meet the same requests.

    Parameters
    ----------
    service
        Its blocks use their first type of machine.
    counts
        Machines by block; 0: its function alone.
    demand
        Rates and their shares of the time; at each requests come at random. They weigh by how many come.
    target
        The promise.
    queue_max
        By block, how many may wait for a machine before others go to the function; None: any number, as it is in blocks
        without function, whatever this says.
    cold_shares
        By block, share of the calls of its function that meet a cold start.
    law
        How service times scatter.
    confidence
        Of the interval, and so of the verdict.
    most_requests
        After so many it stays undecided.
    deadline
        When it stays undecided, too.
    """
    workers = tuple(n * block.machines[0].workers if n else 0 for n, block in zip(counts, service.blocks, strict=True))
    line = Line(service, workers, tuple(queue_max), tuple(cold_shares), law)
    full = line.overloaded(demand.peak)
    if full is not None:
        nan = math.nan
        note = f"block {full + 1} gets more work than its machines can do at {demand.peak:g} requests/s"
        return Confirmation("broken", target, nan, nan, nan, confidence, seed, 0, 0, nan, (), note)
    rounds = _Rounds(line, demand, target, seed, most_requests)
    verdict, low, high, note = _decide(rounds, target, confidence, deadline)
    n = len(rounds.low)
    return Confirmation(
        verdict,
        target,
        math.fsum(rounds.low) / n if n else math.nan,
        low,
        high,
        confidence,
        seed,
        rounds.requests,
        n * rounds.number,
        rounds.waited / n if n else math.nan,
        rounds.on_function,
        note,
    )


def _decide(
    rounds: _Rounds, target: Target, confidence: float, deadline: Deadline
) -> tuple[Verdict, float, float, str]:
    """Let rounds follow each other until their interval has no limit in it, or requests or time are spent."""
    limit = target.limit * (1 + TOLERANCE)
    low, high = -math.inf, math.inf
    if deadline.expired:
        return "undecided", low, high, "time is up"
    rounds.another()
    looks = schedule(rounds.most // rounds.requests)
    for number in looks:
        while len(rounds.low) < number and not (deadline.expired or rounds.spent):
            rounds.another()
        if len(rounds.low) > 1:
            low, high = interval(rounds.low, rounds.high, rounds.varies, (1 - confidence) / len(looks))
            low, high = max(low, 0.0), min(high, 1.0) if target.measure == "share" else high
        if high <= limit or low > limit:
            return "kept" if high <= limit else "broken", low, high, rounds.note
        if len(rounds.low) < number:
            break
    stopped = "time is up" if deadline.expired else f"no more than {rounds.most:,} requests were allowed"
    return "undecided", low, high, rounds.note or stopped


class _Rounds:
    """Rounds of batches, and what they found so far.

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

    def __init__(self, line: Line, demand: Rates, target: Target, seed: int, most: int) -> None:
        used = (demand.rates > 0) & (demand.shares > 0)
        self._rates = demand.rates[used]
        requests = demand.shares[used] * self._rates
        self._below = np.cumsum(requests / requests.sum())
        self._line, self._target, self._seed, self.most = line, target, seed, most
        self._spreads = spreads(line, seed)
        self.number = min(len(self._rates), RATES_MAX)
        self._longest = most / (ROUNDS * math.sqrt(self.number))
        self.low: list[float] = []
        self.high: list[float] = []
        self.requests = 0
        self.waited = self.varies = 0.0
        self.note = ""
        self._entered, self._called = np.zeros(len(line.workers)), np.zeros(len(line.workers))

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
        target, several = self._target, len(self._line.workers) > 1
        needed = relaxation(self._line, rate, self._spreads)
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
            self.varies = max(self.varies, max(memory * STRETCH, 1.0) / count / self.number)
        if needed <= memory:
            return value, value
        self.note = f"near full load, at {rate:g} requests/s, the warm-up is cut short"
        return value, most
