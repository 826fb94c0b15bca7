"""How many requests a service takes to forget that it began empty.

For a pool, in requests that enter it, with c workers, load ρ and coefficient of variation cv of the time that a
request holds a worker, these are added up:

    min(ρ, 1) c (1 + cv²)       who comes while one is served, and so while workers fill
    2 (1 + cv²) ρ / (1 - ρ)²    the relaxation time of the backlog, taken for reflected Brownian motion
    K² / 4 + K                  instead, where it is less and at most K wait: the motion between two walls

In heavy traffic the second is the 4 / (1 - ρ)² service times of M/M/1 (J. Abate and W. Whitt, "Transient behavior of
the M/M/1 queue: starting at the origin", 1987). The sum divided by the share of the requests that enters the pool is
in requests of the service. Blocks one behind another add up, and so do the requests that come while one is on its way
to a block behind, and while a batch is open. Where batches come to a pool the sum is in batches; how full they get, how
much work they are and how it varies is what a pilot of requests, none of which waits, has. `CUT` times that is cut off,
which leaves e^-3, 5 %, of what the slowest mode is off at first, and less than 1 % of it in the mean of the `COUNT`
times that count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.simulate.requests import leaving
from serflow_opt.traffic.simulate.service_times import Durations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Function

CUT, COUNT = 3, 9
"""Relaxation times that are cut off, and that count."""
STRETCH = 0.25
"""Relaxation times that a stretch of late requests lasts, where few are late: those of M/M/1 above a high level are
(1 - ρ)^-2 service times long on average (D. Aldous, "Probability approximations via the Poisson clumping heuristic",
1989)."""
PILOT = 4096
"""Requests whose times tell how much the times of a block vary."""


@dataclass(frozen=True, slots=True)
class Load:
    """What comes to a pool: workers that it keeps busy, 1 + cv² of the time that one is held, requests in a batch."""

    busy: float
    spread: float
    together: float = 1.0


def relaxation(line: FixedPools, rate: float, loads: Sequence[Load]) -> float:
    """Return the requests in which a service forgets how it began, at least 1; infinite at full load.

    Parameters
    ----------
    line
        The service and its workers.
    rate
        Requests per second.
    loads
        By pool, at that rate.
    """
    total, blocks = 1.0, line.service.blocks
    for b, block in enumerate(blocks[:-1]):
        total += rate * (blocks[b + 1].hop_s + (0.0 if block.function is None else _longest(block.function)))
    for b, block in enumerate(blocks):
        reach = line.service.reach(b)
        total += min(rate * block.batch_wait_s, block.batch / reach) if reach > 0 else 0.0
    for (b, _, share), workers, most, own in zip(line.pools, line.workers, line.queue_max, loads, strict=True):
        block, reach = blocks[b], line.service.reach(b) * share
        if not (workers and reach > 0):
            continue
        load = own.busy / workers
        backlog = math.inf if load == 1 else 2 * own.spread * load / (1 - load) ** 2
        if block.function is not None and most is not None:
            backlog = min(backlog, most * most / 4 + most)
        total += (min(load, 1.0) * workers * own.spread + backlog) * own.together / reach
    return total


def _longest(function: Function) -> float:
    return math.fsum(own[-1] for own in function.stage_s) if function.stage_s else max(function.seconds)


def loads(line: FixedPools, rate: float, spread: Sequence[float], seed: int) -> tuple[Load, ...]:
    """Return what comes to each pool at a rate.

    Parameters
    ----------
    line, rate
        The service, and requests per second.
    spread
        By pool, 1 + cv² of requests one by one.
    seed
        Of the pilot.
    """
    blocks = line.service.blocks
    held: tuple[NDArray[np.float64], ...] = ()
    if any(block.batch > 1 for block in blocks):
        free = replace(line, workers=tuple(PILOT * (own > 0) for own in line.workers))
        held = free.run(rate, (seed, 1, 0), 0, PILOT, 0).held
    found = []
    for n, (b, k, share) in enumerate(line.pools):
        entering = line.service.reach(b) * share
        if blocks[b].batch > 1 and len(held[n]):
            busy, together = rate * float(held[n].sum()) / PILOT, PILOT * entering / len(held[n])
            found.append(Load(busy, float(held[n].size * np.square(held[n]).sum() / held[n].sum() ** 2), together))
            continue
        busy = rate * entering * line.service.busy_s(b, blocks[b].machines[k]) if line.workers[n] else 0.0
        found.append(Load(busy, spread[n]))
    return tuple(found)


def spreads(line: FixedPools, seed: int) -> tuple[float, ...]:
    """Return by pool 1 + cv² of how long a request holds a worker, as a sample has it; 1 for batches and nobody.

    Parameters
    ----------
    line
        The service.
    seed
        Of the sample.
    """
    exits, _ = leaving(line.service, PILOT, np.random.default_rng([seed, 0]))
    found = []
    for (b, k, _), workers in zip(line.pools, line.workers, strict=True):
        block = line.service.blocks[b]
        numbers = np.flatnonzero(exits >= block.first)
        if not (workers and len(numbers)) or block.batch > 1:
            found.append(1.0)
            continue
        durations = Durations(block, exits, line.law, np.random.default_rng([seed, 1, b]))
        holds = line.hold(b, k, durations, numbers, durations.outcomes(numbers))[1]
        mean = float(holds.mean())
        found.append(float(np.square(holds).mean()) / mean**2 if mean > 0 else 1.0)
    return tuple(found)
