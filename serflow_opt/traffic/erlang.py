"""Erlang's formulas: random arrivals at servers that are few.

A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone
exchanges", 1917.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Load = TypeVar("Load", float, "NDArray[np.float64]")


def erlang_b(servers: int, load: Load) -> Load:
    """Share of Poisson arrivals that find all servers busy when those that do go elsewhere (M/G/c/c).

    Parameters
    ----------
    servers
        c.
    load
        a = arrivals per second x seconds of service; one, or an array of them.
    """
    blocked = 1.0 + 0.0 * load
    for c in range(1, servers + 1):
        blocked = load * blocked / (c + load * blocked)
    return blocked


def fewest_servers(load: float, blocked: float) -> int:
    """Return the fewest servers, at least one, that turn at most a share `blocked` of Poisson arrivals away."""
    servers, share = 0, 1.0
    while servers < 1 or share > blocked:  # Erlang B, a server more at a time
        servers += 1
        share = load * share / (servers + load * share)
    return servers


def erlang_c(servers: int, load: float) -> float:
    """Share of Poisson arrivals that wait when all wait their turn (M/M/c); 1 at or above full load."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def largest_loads(servers: NDArray[np.int64], waiting: float) -> NDArray[np.float64]:
    """Return the largest loads at which at most a share of the arrivals wait, or up to 1e-7 of c less.

    Parameters
    ----------
    servers
        Numbers of servers c, rising.
    waiting
        The share.
    """
    import numpy as np

    high = servers.astype(float)
    if waiting >= 1:
        return high
    low = np.zeros(len(servers))
    for _ in range(24):  # 2^-24 < 1e-7
        middle = (low + high) / 2
        blocked = np.ones(len(servers))
        first = 0
        for c in range(1, int(servers[-1]) + 1):
            while servers[first] < c:
                first += 1
            offered = middle[first:] * blocked[first:]
            blocked[first:] = offered / (c + offered)
        keeps = blocked <= waiting * (1 - middle / servers * (1 - blocked))  # Erlang C
        low, high = np.where(keeps, middle, low), np.where(keeps, high, middle)
    return low
