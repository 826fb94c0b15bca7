"""What one worker, or two without places to wait, leave of the batches that close: by chains, not by a formula.

Batches close at intervals of k phases, each of which passes at random: the requests of a batch that fills, k = B. Else
k is what makes intervals as even, 1/e, and between two whole numbers of phases what is lost is taken for straight.

    one worker    looked at whenever it is done: phases that passed since a batch closed, and batches that wait. During
                  a service, a gamma variable, a negative binomial number of phases passes, and of the batches that
                  close in it all beyond r waiting ones are lost (M. L. Chaudhry and J. G. C. Templeton, "A first course
                  in bulk queues", 1983, chapter 4: as many customers as phases, served k by k)
    two           looked at whenever a batch starts: how long the other worker still is at work, x. Batches that close
                  before the first of x and the new service is over are lost, the next one starts. x is told apart in
                  cells, services at the nodes of a Gauss rule of their gamma distribution
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

MOST_PHASES = 64
"""Of an interval: more even ones are as good as fixed."""
MOST_BUSY = 6.0
"""Loads of a worker; above that it is never free for longer than what is left of an interval."""
CELLS = 32
"""Of what is left of a service."""
NODES = 5
"""Services that are told apart for two workers."""


def known(servers: int, room: int, load: float) -> bool:
    """Return whether what is lost is known here.

    Parameters
    ----------
    servers, room
        Workers, and batches that may wait for them.
    load
        Workers that would be busy if there were enough.
    """
    return (servers == 1 or (servers == 2 and not room)) and 0 < load <= MOST_BUSY * servers


def lost_of_few(servers: int, room: int, load: float, even: float, cv2: float) -> float:
    """Return the share of batches that find no room.

    Parameters
    ----------
    servers, room, load
        As of `known`, which they have to be.
    even
        e, squared coefficient of variation of the intervals at which batches close; above 1 it is taken for 1.
    cv2
        v, squared coefficient of variation of how long a batch holds a worker.
    """
    phases = min(float(MOST_PHASES), 1 / max(even, ROUNDING))
    below = max(1, math.floor(phases * (1 + TOLERANCE)))
    way = _of_one if servers == 1 else _of_two
    cv2 = cv2 if cv2 > TOLERANCE else 0.0
    first = way(room, load, below, cv2)
    if phases <= below * (1 + TOLERANCE):
        return first
    part = (1 / below - 1 / phases) * below * (below + 1)
    return first + part * (way(room, load, below + 1, cv2) - first)


@lru_cache(maxsize=4096)
def _of_one(room: int, load: float, phases: int, cv2: float) -> float:
    """One worker: the stationary chain of phases and batches that wait, when it is done."""
    passing = _passing(load * phases, cv2)
    full, states = room * phases, (room + 1) * phases
    begins = np.arange(full + 1)  # of these states a service starts: phases there are, its own batch left out
    span = -(-(len(passing) + full) // phases) * phases + states
    moves = np.zeros((len(begins), span))
    for j in begins.tolist():
        moves[j, j : j + len(passing)] = passing
    beyond = moves[:, full:].reshape(len(begins), -1, phases)
    gone = (beyond.sum(axis=2) @ np.arange(beyond.shape[1]))[_begin(states, phases)]
    chain = np.hstack([moves[:, :full], beyond.sum(axis=1)])[_begin(states, phases)]
    lost = float(_stationary(chain) @ gone)
    return lost / (1 + lost)


def _begin(states: int, phases: int) -> list[int]:
    """Where the next service starts from each state: the next batch is there, or the worker waits for it to close."""
    return [max(0, j - phases) for j in range(states)]


def _passing(mean: float, cv2: float) -> Floats:
    """P(n phases pass in a service), which takes so many on average."""
    from scipy.special import gammaln

    n = np.arange(int(mean + 12 * math.sqrt(mean + cv2 * mean**2) + 30 * (1 + mean * cv2)))
    if not cv2:
        log = n * math.log(mean) - mean - gammaln(n + 1)
    else:
        shape, spread = 1 / cv2, mean * cv2
        log = gammaln(n + shape) - gammaln(shape) - gammaln(n + 1) - shape * math.log1p(spread)
        log += n * (math.log(spread) - math.log1p(spread))
    found: Floats = np.exp(log)
    return found


@lru_cache(maxsize=4096)
def _of_two(room: int, load: float, phases: int, cv2: float) -> float:
    """Two workers and no places: the stationary chain of what the other still has to do, when a batch starts."""
    assert not room
    if phases == 1:
        return load**2 / 2 / (1 + load + load**2 / 2)  # Erlang's formula, whatever the services
    parts, weights = _services(cv2)
    services = load * parts
    edges = np.linspace(0, float(services.max()), CELLS + 1)
    left = np.append(0.0, (edges[:-1] + edges[1:]) / 2)
    chain, gone = np.zeros((len(left), len(left))), np.zeros(len(left))
    for service, weight in zip(services.tolist(), weights.tolist(), strict=True):
        free, other = np.minimum(left, service), np.maximum(left, service)
        passed = _poisson(free * phases, phases)
        # the next batch closes within so long after a worker is free, counted from each of the phases
        spans = np.maximum(other[:, None] - edges[None, :] - free[:, None], 0.0)
        closes = 1 - np.cumsum(_poisson_at(spans * phases, phases), axis=2)[:, :, ::-1]
        within = np.einsum("ij,ikj->ik", passed, closes)  # P(x' >= edge)
        chain += weight * np.hstack([1 - within[:, :1], within[:, :-1] - within[:, 1:]])
        chain[:, -1] += weight * within[:, -1]
        gone += weight * (free - passed @ np.arange(phases) / phases)
    lost = float(_stationary(chain) @ gone)
    return max(0.0, lost / (1 + lost))


@lru_cache(maxsize=256)
def _services(cv2: float) -> tuple[Floats, Floats]:
    """Services as parts of their mean, and their shares: the Gauss rule of a gamma distribution, by its recurrence."""
    if not cv2:
        return np.ones(1), np.ones(1)
    n, more = np.arange(NODES), 1 / cv2 - 1
    beside = np.sqrt(n[1:] * (n[1:] + more))
    nodes, vectors = np.linalg.eigh(np.diag(2 * n + 1 + more) + np.diag(beside, 1) + np.diag(beside, -1))
    return nodes * cv2, vectors[0] ** 2


def _poisson_at(mean: Floats, most: int) -> Floats:
    """P(n pass), n = 0, .., most - 1, along a further axis."""
    steps = np.ones((*mean.shape, most))
    steps[..., 0] = np.exp(-mean)
    steps[..., 1:] = mean[..., None] / np.arange(1, most)
    return np.asarray(np.cumprod(steps, axis=-1), dtype=np.float64)


def _poisson(mean: Floats, phases: int) -> Floats:
    """P(n pass modulo so many), row by row."""
    most = int(mean.max() + 12 * math.sqrt(mean.max()) + 30)
    most = -(-most // phases) * phases
    found: Floats = _poisson_at(mean, most).reshape(len(mean), -1, phases).sum(axis=1)
    return found


def _stationary(chain: Floats) -> Floats:
    """Return the stationary distribution of a chain, rows of which add up to 1."""
    system = chain.T - np.eye(len(chain))
    system[-1] = 1.0
    right = np.zeros(len(chain))
    right[-1] = 1.0
    return np.asarray(np.linalg.solve(system, right), dtype=np.float64)
