"""Fixed service times, c servers, room for all (M/D/c), exact.

Whoever is in service now has left a service time D from now, so that those waiting M follow M' = max(M + A - c, 0) with
A Poisson of mean a = λD (C. D. Crommelin, "Delay probability formulae when the holding times are constant", 1932). M is
the highest point of a random walk with steps A - c. Its generating function is K+(1) / K+(z), where K+ is the part of

    K(z) = 1 - z^-c exp(a (z - 1))

that is analytic inside the circle of the root z0 > 1 of K: log K+ are the terms of positive order of log K on a circle
between 1 and z0 (F. Spitzer, "A combinatorial lemma and its application to probability theory", 1956). On that of
radius 1/ρ the product is smallest, and the probabilities come out with digits to spare far down the tail.

Whoever arrives starts within x = kD - u, 0 < u <= D, if fewer than kc waited u ago and came since (G. J. Franx, "A
simple solution for the M/D/c waiting time distribution", 2001):

    P(W > x) = sum over j of P(A(u) = j) P(M >= kc - j).

All terms are positive: nothing cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

FULLEST = 0.998
"""Load of a server up to which the waiting are counted one by one: some 50 / (1-ρ) of them."""
LONGEST = 1e6
"""Waits are told up to so many service times."""


@dataclass(frozen=True)
class FixedTimes:
    """Waiting before servers with one fixed time, at one load.

    Attributes
    ----------
    servers
        c, at least 1.
    load
        a, positive and at most `FULLEST` times c.
    at_least
        Probabilities that j or more wait, j = 0, 1, ...
    """

    servers: int
    load: float
    at_least: Floats

    @classmethod
    def at(cls, servers: int, load: float) -> FixedTimes:
        """Return the queue at a load."""
        rho = load / servers
        terms = 2 ** math.ceil(math.log2(max(100.0 / (1 - rho), 48 * math.sqrt(servers) + 128)))
        angle = 2j * math.pi * np.arange(terms) / terms
        on_circle = servers * (math.log(rho) + 1 - rho + np.exp(angle) - 1 - angle)
        logs = np.fft.fft(np.log1p(-np.exp(on_circle))).real / terms
        order = np.arange(terms // 2)
        logs[0], logs[terms // 2 :] = 0.0, 0.0
        waiting = np.fft.fft(np.exp(-np.fft.ifft(logs) * terms)).real[: terms // 2] / terms
        scale = rho**order
        nobody = math.exp(float(logs[: terms // 2] @ scale))
        exactly = np.maximum(waiting * scale, 0.0) * nobody
        return cls(servers, load, np.cumsum(exactly[::-1])[::-1])

    @property
    def root(self) -> float:
        """z0 - 1 > 0 for the root z0 of z^c = exp(a (z - 1)): the tail falls by exp(-a (z0 - 1)) a service time."""
        rho = self.load / self.servers
        over = 1 / rho**2 - 1
        while True:  # log z is concave: from above each step of Newton's stays above
            step = (rho * over - math.log1p(over)) / (rho - 1 / (1 + over))
            over -= step
            if step <= ROUNDING * over:
                return over

    @property
    def mean(self) -> float:
        """Mean wait in service times, by Little's law."""
        return float(self.at_least[1:].sum()) / self.load

    def beyond(self, x: Floats) -> Floats:
        """Return the shares that wait longer than x service times."""
        x = np.minimum(x, LONGEST)
        rounds = np.floor(x)
        came = self.load * (rounds + 1 - x)
        z0 = self.load * (1 + self.root)
        most = min((float(rounds.max(initial=0)) + 1) * self.servers, z0 + 10 * math.sqrt(z0) + 10)
        j = np.arange(math.ceil(most) + 1.0)
        short = ((rounds[:, None] + 1) * self.servers - j).astype(np.int64)  # as many as must have waited
        others = np.append(self.at_least, 0.0)[np.clip(short, 0, len(self.at_least))]
        others[short <= 0] = 1.0
        beyond: Floats = (_poisson(j, came) * others).sum(axis=1) + _poisson_above(float(j[-1]), came)
        np.minimum(beyond, 1.0, out=beyond)
        return beyond


@dataclass(frozen=True)
class FixedTimesAt:
    """Waiting at several loads."""

    queues: tuple[FixedTimes, ...]

    @classmethod
    def of(cls, servers: int, loads: Floats) -> FixedTimesAt:
        """Return the queues at some loads."""
        return cls(tuple(FixedTimes.at(servers, float(load)) for load in loads))

    @property
    def mean(self) -> Floats:
        """Mean waits in service times."""
        return np.array([queue.mean for queue in self.queues])

    def beyond(self, x: Floats) -> Floats:
        """Return the shares that wait longer than x service times: a row for each load."""
        return np.array([queue.beyond(x) for queue in self.queues])


def _poisson(j: Floats, mean: Floats) -> Floats:
    """Probabilities of each j: a row for each mean, which is positive."""
    from scipy.special import gammaln

    chances: Floats = np.exp(j * np.log(mean)[:, None] - mean[:, None] - gammaln(j + 1))
    return chances


def _poisson_above(j: float, mean: Floats) -> Floats:
    """Probability of more than j; those who came then would have kept anybody waiting."""
    from scipy.special import gammainc

    above: Floats = gammainc(j + 1, mean)
    return above
