"""A sequential simulation that confirms or refutes a promise of latency.

It knows the service and counts machines; it knows no formula of a queue but those that say how much to cut off.
Independent rounds of requests follow each other until their interval lies on one side of the limit (`looks.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.confirm.looks import interval, schedule, spent
from serflow_opt.traffic.confirm.result import Confirmation, LatencyTarget, Verdict
from serflow_opt.traffic.confirm.rounds import Rounds
from serflow_opt.traffic.simulate.service_times import Law

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.service import Block, Service


AT_LIMIT = 0.01
"""Of the limit: where all of an interval is as near to it, it is as good as at the limit, and no more is simulated."""


def confirm(
    service: Service,
    counts: Sequence[int],
    demand: Rates,
    *,
    target: LatencyTarget,
    queue_max: Sequence[int | None],
    cold_shares: Sequence[float],
    law: Law = Law(),  # noqa: B008 - it is frozen
    confidence: float = 0.99,
    seed: int = 0,
    most_requests: int = 6_400_000,
    deadline: Deadline = NEVER,
) -> Confirmation:
    """Simulate a service at the steady rates of a demand until it is clear whether it keeps its latency.

    Or that it is at the limit but for `AT_LIMIT` of it, where nothing would ever become clear.

    Requests, exits and service times follow from the seed alone, so other counts meet the same requests.

    Parameters
    ----------
    service
        Its blocks use their first type of machine; those with shares each type, as a pool of its own.
    counts
        Machines by pool: one a block, or as many as it has shares; 0: its function alone.
    demand
        Rates and their shares of the time; at each requests come at random. They weigh by how many come.
    target
        The promise.
    queue_max
        By pool, how many may wait for a machine before others go to the function; None: any number, as it is in blocks
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
    machines = [block.machines[k] if block.machines else None for block in service.blocks for k in range(_pools(block))]
    workers = tuple(own.workers * n if own and n else 0 for own, n in zip(machines, counts, strict=True))
    line = FixedPools(service, workers, tuple(queue_max), tuple(cold_shares), law)
    full = line.overloaded(demand.peak)
    if full is not None:
        nan = math.nan
        note = f"block {full + 1} gets more work than its machines can do at {demand.peak:g} requests/s"
        return Confirmation("broken", target, nan, nan, nan, confidence, seed, 0, 0, nan, (), note)
    rounds = Rounds(line, demand, target, seed, most_requests)
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


def _pools(block: Block) -> int:
    return len(block.shares) or 1


def _decide(
    rounds: Rounds, target: LatencyTarget, confidence: float, deadline: Deadline
) -> tuple[Verdict, float, float, str]:
    """Let rounds follow each other until their interval has no limit in it, or requests or time are spent."""
    limit = target.limit * (1 + TOLERANCE)
    low, high = -math.inf, math.inf
    if deadline.expired:
        return "undecided", low, high, "time is up"
    rounds.another()
    looks = schedule(rounds.most // rounds.requests)
    for number, error in zip(looks, spent(len(looks), 1 - confidence), strict=True):
        while len(rounds.low) < number and not (deadline.expired or rounds.spent):
            rounds.another()
        if len(rounds.low) > 1:
            low, high = interval(rounds.low, rounds.high, rounds.varies, error)
            low, high = max(low, 0.0), min(high, 1.0) if target.measure == "share" else high
        if high <= limit or low > limit:
            return "kept" if high <= limit else "broken", low, high, rounds.note
        if target.within(low, high) <= AT_LIMIT:
            return "undecided", low, high, rounds.note or "as good as at the limit, so that no more were simulated"
        if len(rounds.low) < number:
            break
    stopped = "time is up" if deadline.expired else f"no more than {rounds.most:,} requests were allowed"
    return "undecided", low, high, rounds.note or stopped
