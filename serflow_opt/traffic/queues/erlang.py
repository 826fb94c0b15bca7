"""Erlang's formulas: random arrivals at servers that are few.

A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone
exchanges", 1917.

Few servers are counted one by one. For many, B is the share of c in a Poisson distribution cut off above c,

    B(c, a) = p_a(c) / P_a(N <= c),

by the incomplete gamma function and by Stirling's series, with the exponent of p in a form that does not cancel
(C. Loader, "Fast and accurate computation of binomial probabilities", 2000); above full load by Legendre's continued
fraction of the same, which needs few terms there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Load = TypeVar("Load", float, "NDArray[np.float64]")

FEW, FEW_AT_ONCE = 256, 64
"""So many servers are counted one by one, for one load and for an array of loads."""
ABOVE, TERMS = 10.0, 60
"""A load of c + 10 sqrt(c) or more takes at most so many terms of the continued fraction."""


def erlang_b(servers: int, load: Load) -> Load:
    """Share of Poisson arrivals that find all servers busy when those that do go elsewhere (M/G/c/c).

    Parameters
    ----------
    servers
        c.
    load
        a = arrivals per second x seconds of service; one, or an array of them.
    """
    if servers > (FEW_AT_ONCE if isinstance(load, np.ndarray) else FEW):
        many = _of_many(np.asarray(servers, dtype=float), np.asarray(load, dtype=float))
        return many if isinstance(load, np.ndarray) else float(many)
    blocked = 1.0 + 0.0 * load
    for c in range(1, servers + 1):
        blocked = load * blocked / (c + load * blocked)
    return blocked


def _of_many(servers: Floats | NDArray[np.int64], load: Floats) -> Floats:
    """Erlang B of more than `FEW_AT_ONCE` servers, each with its load."""
    c, a = np.broadcast_arrays(servers, load)
    blocked = np.zeros(c.shape)
    if not blocked.size:  # Pyomo makes the import dear: it looks out for SciPy, and then loads all of it
        return blocked
    from scipy.special import gammaincc

    above = a > c + ABOVE * np.sqrt(c)
    below = ~above & (a > 0)
    blocked[below] = _poisson(c[below], a[below]) / gammaincc(c[below] + 1, a[below])
    c, a = c[above], a[above]
    fraction = np.zeros(c.shape)
    for k in range(TERMS, 0, -1):
        fraction = k * (c + 1 - k) / (a - c + 2 * k + fraction)
    blocked[above] = (a - c + fraction) / a
    return blocked


def _poisson(c: Floats, a: Floats) -> Floats:
    """Probability of c, which is large, where a is the mean."""
    share = (a - c) / (a + c)
    square = share * share
    # c log(c/a) + a - c: log(a/c) is 2 artanh(share), and near 0 its first term goes into a - c
    series = sum(square**k / (2 * k + 3) for k in range(8))
    near = (a - c) * share - 2 * c * share * square * series
    with np.errstate(over="ignore"):
        exponent = np.where(np.abs(share) < 0.1, near, c * np.log(c / a) + a - c)
    stirling = (1 / 12 - (1 / 360 - 1 / (1260 * c * c)) / (c * c)) / c
    probability: Floats = np.exp(-exponent - stirling) / np.sqrt(2 * math.pi * c)
    return probability


def fewest_servers(load: float, blocked: float) -> int:
    """Return the fewest servers, at least one, that turn at most a share `blocked` of Poisson arrivals away."""
    servers, share = 0, 1.0
    while servers < FEW:  # a server more at a time
        servers += 1
        share = load * share / (servers + load * share)
        if share <= blocked:
            return servers
    low, high = servers, 2 * servers
    while erlang_b(high, load) > blocked:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if erlang_b(middle, load) > blocked else (low, middle)
    return high


def erlang_c(servers: int, load: float) -> float:
    """Share of Poisson arrivals that wait when all wait their turn (M/M/c); 1 at or above full load."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def largest_loads(servers: NDArray[np.int64], waiting: float) -> Floats:
    """Return the largest loads at which at most a share of the arrivals wait, or up to 1e-7 of c less.

    Parameters
    ----------
    servers
        Numbers of servers c, rising.
    waiting
        The share.
    """
    high = servers.astype(float)
    if waiting >= 1:
        return high
    few = int(np.searchsorted(servers, FEW, side="right"))
    low = np.zeros(len(servers))
    for _ in range(24):  # 2^-24 < 1e-7
        middle = (low + high) / 2
        blocked = np.concatenate(
            [_of_few(servers[:few], middle[:few]), _of_many(servers[few:].astype(float), middle[few:])]
        )
        keeps = blocked <= waiting * (1 - middle / servers * (1 - blocked))  # Erlang C
        low, high = np.where(keeps, middle, low), np.where(keeps, high, middle)
    return low


def _of_few(servers: NDArray[np.int64], load: Floats) -> Floats:
    """Erlang B of rising numbers of servers, at most `FEW`, each with its load."""
    blocked = np.ones(len(servers))
    first = 0
    for c in range(1, int(servers.max(initial=0)) + 1):
        while servers[first] < c:
            first += 1
        offered = load[first:] * blocked[first:]
        blocked[first:] = offered / (c + offered)
    return blocked
