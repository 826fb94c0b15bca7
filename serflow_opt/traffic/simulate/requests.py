"""The requests of a simulation: when they come, where they leave, and whether the answer is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.ground.deadline import NEVER, Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.service import Block, Service

ARRIVALS = ("spread", "poisson", "even")
AT_ONCE = 1 << 14
"""Requests drawn and sorted at once, if a period has no more: they stay in the processor's cache."""
BUCKETS = 1 << 18
"""Requests of a period up to which buckets sort faster: beyond, they leave the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Requests in the order of arrival.

    Attributes
    ----------
    times
        When each is sent, seconds.
    exits
        Position of the stage where it leaves.
    right
        1: the answer is right, 0: wrong, -1: unknown.
    """

    times: NDArray[np.float64]
    exits: NDArray[np.int16]
    right: NDArray[np.int8]


def draw(service: Service, trace: Trace, seed: int, arrivals: str = "spread", deadline: Deadline = NEVER) -> Requests:
    """Draw the requests of a trace.

    Moments and exits come from streams of their own: who scales, and how long services take, changes neither.

    Parameters
    ----------
    service
        Says where requests leave, and whether answers are right.
    trace
        How many come in each period.
    seed
        The same seed draws the same requests.
    arrivals
        spread: the trace's counts at random moments of each period; poisson: counts are random, too, with these means;
        even: the trace's counts at equal distances.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline.
    ValueError
        For other arrivals.
    """
    times = _moments(trace, np.random.default_rng([seed, 0]), arrivals, deadline)
    deadline.check()
    rng, n = np.random.default_rng([seed, 1]), len(times)
    exits, samples = leaving(service, n, rng)
    if service.draws is not None and samples is not None:
        return Requests(times, exits, service.draws.right[samples].astype(np.int8))
    accuracies, right = np.asarray(service.accuracies, float), np.empty(n, np.int8)
    for part, drawn in _uniform(n, rng):
        _below(drawn, exits[part], accuracies, right[part])
    return Requests(times, exits, right)


def leaving(service: Service, n: int, rng: np.random.Generator) -> tuple[NDArray[np.int16], NDArray[np.int64] | None]:
    """Draw where requests leave.

    Parameters
    ----------
    service
        Says where, by its samples or its shares.
    n
        How many requests.
    rng
        To draw from.

    Returns
    -------
    tuple
        Position of the stage of each, and its sample; None: they are not drawn from samples.
    """
    if service.draws is not None:
        samples = rng.integers(0, len(service.draws.exits), n)
        return service.draws.exits[samples].astype(np.int16), samples
    edges, exits = np.cumsum(service.shares), np.empty(n, np.int16)
    last = int(np.flatnonzero(service.shares)[-1])  # rounding must send nobody to a stage where none leaves
    for part, drawn in _uniform(n, rng):
        _places(drawn, edges, last, exits[part])
    return exits, None


def drawn_pools(block: Block, n: int, key: Sequence[int]) -> NDArray[np.int64]:
    """Draw the pool of a block that each request would take, by their shares; zeros where the block has one.

    Parameters
    ----------
    block
        Says which pools there are.
    n
        How many requests.
    key
        Of the random numbers.
    """
    if not block.shares:
        return np.zeros(n, np.int64)
    return np.searchsorted(np.cumsum(block.shares[:-1]), np.random.default_rng([*key, 9]).random(n), side="right")


def _moments(trace: Trace, rng: np.random.Generator, arrivals: str, deadline: Deadline) -> NDArray[np.float64]:
    if arrivals not in ARRIVALS:
        raise ValueError(f"arrivals: '{arrivals}'; give one of {', '.join(ARRIVALS)}")
    counts = rng.poisson(trace.counts) if arrivals == "poisson" else trace.counts
    if arrivals == "even":
        period = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(period)) - np.repeat(np.cumsum(counts) - counts, counts)
        return (period + (place + 0.5) / np.repeat(counts, counts)) * trace.period_s
    times, buffer = np.empty(int(counts.sum())), np.empty(AT_ONCE)
    first = 0
    below = np.cumsum(counts)
    while first < len(counts):  # in parts of whole periods, which come in the order of time
        deadline.check()
        drawn = int(below[first - 1]) if first else 0
        end = max(first + 1, int(np.searchsorted(below, drawn + AT_ONCE, side="right")))
        upto = int(below[end - 1])
        uniform = buffer[: upto - drawn] if upto - drawn <= AT_ONCE else np.empty(upto - drawn)
        _sorted_moments(rng.random(out=uniform), counts[first:end], first, trace.period_s, times[drawn:upto])
        first = end
    return times


def _uniform(n: int, rng: np.random.Generator) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield uniform numbers for all requests, part by part, in an array that is used again."""
    buffer = np.empty(min(n, AT_ONCE))
    for first in range(0, n, AT_ONCE):
        size = min(AT_ONCE, n - first)
        yield slice(first, first + size), rng.random(out=buffer[:size])


def _sorted_moments(
    drawn: NDArray[np.float64], counts: NDArray[np.int64], first: int, period_s: float, out: NDArray[np.float64]
) -> None:
    """Write the moments of some periods, in order."""
    if kernels.compiled and counts.max(initial=0) <= BUCKETS:
        from serflow_opt.kernels.draws import moments

        moments(drawn, np.ascontiguousarray(counts, np.int64), first, period_s, out)
        return
    np.add(np.repeat(np.arange(first, first + len(counts)), counts), drawn, out=out)
    out *= period_s
    out.sort()


def _places(drawn: NDArray[np.float64], edges: NDArray[np.float64], most: int, out: NDArray[np.int16]) -> None:
    """Write between which edges numbers are, of which the last edge is 1."""
    if kernels.compiled:
        from serflow_opt.kernels.draws import places

        places(drawn, edges, most, out)
    else:
        np.minimum(np.searchsorted(edges, drawn * edges[-1], side="right"), most, out=out, casting="unsafe")


def _below(
    drawn: NDArray[np.float64], kinds: NDArray[np.int16], levels: NDArray[np.float64], out: NDArray[np.int8]
) -> None:
    """Write whether numbers are below the level of their kind: 1 or 0, -1 where there is none."""
    if kernels.compiled:
        from serflow_opt.kernels.draws import below

        below(drawn, kinds, levels, out)
    else:
        level = levels[kinds]
        out[:] = np.where(np.isnan(level), -1, drawn < level)
