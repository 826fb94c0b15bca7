"""How full batches are and how long they take, exactly, from the service alone.

With λ_b requests a second at a block, batches of at most B that wait at most τ hold

    smooth  N = min(B, 1 + ⌊λ_b τ⌋)         random  N = min(B, 1 + Poisson(λ_b τ))

so λ_b / E[N] batches come a second (renewal reward). Of N at the start each is at stage s with probability p_s = R_s /
R_first, by itself: n_s is binomial, and stage s takes E[t_s(n_s); n_s > 0] seconds of a batch on average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.service import Function, Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.carrying import Arrivals

    Floats = NDArray[np.float64]

MOST_WAYS = 20_000
"""Times that a call may take which are told apart; where there are more they are rounded up, to this part of a step."""
PART_OF_STEP = 1000


def law(batch: int, wait_s: float, rate: float, arrivals: Arrivals) -> Floats:
    """Return P(N = n), n = 1..B.

    Parameters
    ----------
    batch, wait_s
        B and τ.
    rate
        λ_b, requests a second that enter the block.
    """
    found = np.zeros(batch)
    mean = rate * wait_s
    if arrivals == "smooth":
        found[min(batch, 1 + math.floor(mean * (1 + TOLERANCE))) - 1] = 1.0
        return found
    log = [
        k * math.log(mean) - mean - math.lgamma(k + 1) if mean > 0 else (0.0 if k == 0 else -math.inf)
        for k in range(batch - 1)
    ]
    found[:-1] = np.exp(log)
    found[-1] = max(0.0, 1.0 - found[:-1].sum())
    return found


@lru_cache(maxsize=64)
def _choose(batch: int) -> Floats:
    """Return binomial coefficients C(n, k), n = 1..B by k = 0..B."""
    return np.array([[math.comb(n, k) for k in range(batch + 1)] for n in range(1, batch + 1)], dtype=np.float64)


def left(batch: int, stays: float) -> Floats:
    """Return P(k of n are left), n = 1..B by k = 0..B, where each stays with a probability."""
    n, k = np.arange(1, batch + 1)[:, None], np.arange(batch + 1)[None, :]
    with np.errstate(invalid="ignore"):
        found: Floats = _choose(batch) * np.power(stays, k) * np.where(k <= n, np.power(1 - stays, np.abs(n - k)), 0.0)
    return found


@dataclass(frozen=True, slots=True)
class BlockBatches:
    """The batches of a block.

    Attributes
    ----------
    mean
        E[N].
    batches
        A second.
    seconds
        That a batch holds a worker, on average, hand-over included where it does.
    usd
        Of a call of the function on average, cold starts left out; 0 on machines.
    """

    mean: float
    batches: float
    seconds: float
    usd: float = 0.0

    @property
    def load(self) -> float:
        """Workers that are busy on average."""
        return self.batches * self.seconds


def filled(service: Service, b: int, rate: float, arrivals: Arrivals) -> BlockBatches:
    """Return the batches of a block at a rate of requests of the service.

    Parameters
    ----------
    service, b
        The service, and the position of the block.
    rate
        Requests of the service per second.
    arrivals
        random: a Poisson process; smooth: evenly spaced.
    """
    block, reach = service.blocks[b], service.reach(b)
    runs: Machine | Function | None = block.machines[0] if block.machines else block.function
    assert runs is not None
    own = law(block.batch, block.batch_wait_s, rate * reach, arrivals)
    mean = float(own @ np.arange(1, block.batch + 1))
    stays = _stays(service, b)
    seconds = 0.0
    for times, share in zip(_times(runs, block.batch), stays, strict=False):
        seconds += float(own @ (left(block.batch, share)[:, 1:] @ np.asarray(times)))
    usd = 0.0
    if isinstance(runs, Machine):
        if runs.sends and b + 1 < len(service.blocks):
            seconds += service.blocks[b + 1].hop_s * float(own @ (1 - left(block.batch, stays[-1])[:, 0]))
    else:
        usd = runs.usd_per_request + runs.usd_per_s * _billed(runs, own, stays, seconds)
    return BlockBatches(mean, rate * reach / mean, seconds, usd)


def _stays(service: Service, b: int) -> list[float]:
    """Share of those that enter a block that is left at each of its stages, and that goes on."""
    found = [1.0]
    for share in service.outcome_shares(b)[:-1]:
        found.append(min(1.0, max(0.0, found[-1] - share)))
    return found


def _times(runs: Machine | Function, batch: int) -> list[tuple[float, ...]]:
    """Seconds of each stage of a block for 1..B requests."""
    if runs.stage_s:
        return [times[:batch] for times in runs.stage_s]
    ends = (0.0, *runs.seconds[:-1])
    return [(now - before,) for before, now in pairwise(ends)]


def _billed(function: Function, own: Floats, stays: list[float], seconds: float) -> float:
    """Seconds of a call that are billed, on average."""
    if not function.rounds:
        return seconds
    times, step = _times(function, len(own)), function.billing_step_s
    ways = {(n, 0.0): float(share) for n, share in enumerate(own.tolist(), start=1) if share > 0}
    done: dict[float, float] = {}
    for s, stage in enumerate(times):
        goes = 1.0 if s == 0 else (stays[s] / stays[s - 1] if stays[s - 1] > 0 else 0.0)
        further: dict[tuple[int, float], float] = {}
        for (n, taken), share in ways.items():
            for k, p in enumerate(left(n, goes)[n - 1].tolist()):
                if p <= 0:
                    continue
                if k == 0:
                    done[taken] = done.get(taken, 0.0) + share * p
                    continue
                key = k, round(taken + stage[k - 1], 12)
                further[key] = further.get(key, 0.0) + share * p
        if len(further) > MOST_WAYS and step:
            ways, grid = {}, step / PART_OF_STEP
            for (n, taken), share in further.items():
                key = n, math.ceil(taken / grid * (1 - ROUNDING)) * grid
                ways[key] = ways.get(key, 0.0) + share
        else:
            ways = further
    for (_, taken), share in ways.items():
        done[taken] = done.get(taken, 0.0) + share
    return math.fsum(share * function.billed_s(taken) for taken, share in done.items())
