"""How full batches are and how long they take, exactly, from the service alone.

With λ_b requests a second at a block, batches of at most B that wait at most τ hold

    smooth  N = min(B, 1 + ⌊λ_b τ⌋)         random  N = min(B, 1 + Poisson(λ_b τ))

so λ_b / E[N] batches come a second (renewal reward). Of N at the start each is at stage s with probability p_s = R_s /
R_first, by itself: n_s is binomial, and stage s takes E[t_s(n_s); n_s > 0] seconds of a batch on average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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


def evenness(batch: int, wait_s: float, rate: float) -> float:
    """Return the squared coefficient of variation of the intervals at which batches close, where requests are Poisson.

    An interval is what it takes for a request to open a batch and M = min(the next B - 1, τ) after that. With j
    requests in λ t, E[M] = ∫_0^τ P(j <= B - 2) dt and E[M^2] = ∫_0^τ 2 t P(j <= B - 2) dt, in closed form by parts.

    Parameters
    ----------
    batch, wait_s, rate
        As of `law`.
    """
    mean, k = rate * wait_s, np.arange(batch + 1)
    log = (
        k * math.log(mean) - mean - np.array([math.lgamma(j + 1) for j in k]) if mean > 0 else np.where(k, -np.inf, 0.0)
    )
    more = np.clip(1 - np.cumsum(np.exp(log)), 0.0, 1.0)  # P(more than j requests in λ τ)
    j = np.arange(batch - 1)
    first, second = float(more[j].sum()), 2 * float(((j + 1) * more[j + 1]).sum())
    return max(0.0, 1 + second - first**2) / (1 + first) ** 2


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


def thinned(own: Floats, stays: Floats) -> Floats:
    """Return P(k are left), k = 0..B, for each share that stays, of batches of n with P(N = n).

    Parameters
    ----------
    own
        P(N = n), n = 1..B.
    stays
        Probabilities that one is left.
    """
    ways, behind = _ways(len(own))
    k = np.arange(len(own) + 1)
    left_, gone = np.power.outer(stays, k), np.power.outer(1 - stays, k)
    found: Floats = np.einsum("n,nk,pk,pnk->pk", own, ways, left_, gone[:, behind], optimize=False)
    return found


@lru_cache(maxsize=64)
def _ways(batch: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return binomial coefficients, 0 where more than n would be left, and how many of n are gone."""
    n, k = np.arange(1, batch + 1)[:, None], np.arange(batch + 1)[None, :]
    return np.where(k <= n, _choose(batch), 0.0), np.abs(n - k)


@dataclass(frozen=True, slots=True)
class BlockBatches:
    """The batches of a block.

    Attributes
    ----------
    mean
        E[N].
    batches
        A second.
    even
        Squared coefficient of variation of the intervals at which they close, where requests come at random.
    seconds, cv2
        That a batch holds a worker, on average, hand-over included where it does, and their squared coefficient of
        variation; that only where there is a function, too.
    usd, calls
        Of a batch that goes to the function on average, USD, cold starts left out, and in how many calls; 0 without
        one.
    called_s
        Seconds of all these calls.
    """

    mean: float
    batches: float
    seconds: float
    usd: float = 0.0
    calls: float = 0.0
    cv2: float = 0.0
    called_s: float = 0.0
    even: float = 0.0

    @property
    def load(self) -> float:
        """Workers that are busy on average."""
        return self.batches * self.seconds


def filled(service: Service, b: int, rate: float, arrivals: Arrivals) -> BlockBatches:
    """Return the batches of a block at a rate of requests of the service; seconds are of machines, where it has any.

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
    found = _of(service, b, law(block.batch, block.batch_wait_s, rate * reach, arrivals), rate * reach)
    if arrivals == "smooth" or block.function is None or not block.machines:
        return found
    return replace(found, even=evenness(block.batch, block.batch_wait_s, rate * reach))


def of_size(service: Service, b: int, n: int, machine: Machine | None = None) -> BlockBatches:
    """Return the batches of a block that all have n requests, one a second, on its machines of a type: the first's.

    Parameters
    ----------
    service, b
        The service, and the position of the block.
    n
        Requests in each batch, at most B.
    machine
        One of the block's types; None: the first.
    """
    own = np.zeros(service.blocks[b].batch)
    own[n - 1] = 1.0
    return _of(service, b, own, float(n), machine)


def _of(service: Service, b: int, own: Floats, entering: float, machine: Machine | None = None) -> BlockBatches:
    """Return the batches of a block of which each has n requests with P(N = n), where so many enter a second."""
    block = service.blocks[b]
    first: Machine | Function | None = block.machines[0] if block.machines else block.function
    runs = first if machine is None else machine
    assert runs is not None
    mean = float(own @ np.arange(1, block.batch + 1))
    stays = _stays(service, b)
    seconds, usd, calls, lasting = _seconds(runs, own, stays), 0.0, 0.0, 0.0
    sending = 0.0
    if isinstance(runs, Machine) and runs.sends and b + 1 < len(service.blocks):
        sending = service.blocks[b + 1].hop_s
        seconds += sending * float(own @ (1 - left(block.batch, stays[-1])[:, 0]))
    function = block.function
    cv2 = _cv2(runs, own, stays, sending) if function is not None and block.machines else 0.0
    if function is not None:
        called = in_calls(own, block.call if block.spills else block.batch)
        calls = float(called.sum())
        lasting = _seconds(function, called, stays)
        usd = calls * function.usd_per_request + function.usd_per_s * _billed(function, called, stays, lasting)
    return BlockBatches(mean, entering / mean, seconds, usd, calls, cv2, lasting)


def in_calls(own: Floats, most: int) -> Floats:
    """Return how many calls with 1, 2, .., `most` requests a batch takes on average, where it has n with P(N = n).

    Parameters
    ----------
    own
        P(N = n), n = 1..B.
    most
        Requests in a call: as many full ones as there are, and one for the rest.
    """
    if most >= len(own):
        return own
    found = np.zeros(most)
    n = np.arange(1, len(own) + 1)
    found[-1] = float(own @ (n // most))
    np.add.at(found, n[n % most > 0] % most - 1, own[n % most > 0])
    return found


def _seconds(runs: Machine | Function, own: Floats, stays: list[float]) -> float:
    """Seconds that batches take on average, by how many requests they have at the start."""
    times = np.array(_times(runs, len(own)))
    return math.fsum((thinned(own, np.array(stays[: len(times)]))[:, 1:] * times).sum(axis=1).tolist())


def _cv2(runs: Machine | Function, own: Floats, stays: list[float], sending_s: float) -> float:
    """Squared coefficient of variation of how long batches hold a worker: moments stage by stage, from the last."""
    first = np.append(0.0, np.full(len(own), sending_s))
    second = first**2
    for s, times in reversed(list(enumerate(_times(runs, len(own))))):
        goes = stays[s + 1] / stays[s] if stays[s] > 0 else 0.0
        on = left(len(own), min(1.0, goes))
        now, then = np.asarray(times), on @ first
        first, second = np.append(0.0, now + then), np.append(0.0, now**2 + 2 * now * then + on @ second)
    mean = float(own @ first[1:])
    return max(0.0, float(own @ second[1:]) / mean**2 - 1) if mean > 0 else 0.0


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
