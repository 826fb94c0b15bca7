"""What machines carry of the load of a block, and what spills over to its function.

smooth: requests come evenly, so machines take up to the utilisation cap, min(a, η n w) (SERFLOW).
random: they come as a Poisson process, and who finds no free worker goes to the function: Erlang's loss formula, which
holds whatever the distribution of the service times, min(a (1 - B(n w, a)), η n w). Where some may wait first, fewer
go, taken for as many as of exponential times (M/M/c/K).

Both are concave and rising in the load a, so supporting lines bound them from above. For with N requests there and
K = c + r, M = K - N + 1, what spills over is L = a P(N = K), and 1 / L is a sum of powers a^-M in the proportions of M:

    L' = L E M / a = P(N = K) (1 + K - E N),        a² L'' / L = 2 (E M)² - E M (M + 1).

The chances of m = M - 1 have quotients min(K - m, c) / a, which fall, so that P(m >= i + j) <= P(m >= i) P(m >= j)
(R. E. Barlow, F. Proschan, "Mathematical theory of reliability", 1965, chapter 2). Summed over i, j >= 1 that is
E m (m - 1) / 2 <= (E m)², and so L'' >= 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.mmc import Exponential, lost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Arrivals = Literal["random", "smooth"]


@dataclass(frozen=True, slots=True)
class Carrying:
    """How machines carry load.

    Attributes
    ----------
    arrivals
        random or smooth.
    cap
        η.
    """

    arrivals: Arrivals
    cap: float

    def __post_init__(self) -> None:
        """Raise InputError for arrivals that are neither."""
        if self.arrivals not in get_args(Arrivals):
            raise InputError([Problem("", "arrivals", f"'{self.arrivals}'", "write random or smooth")])

    def carried(self, servers: int, loads: Floats, room: int = 0) -> Floats:
        """Busy workers of `servers` that are offered loads.

        Parameters
        ----------
        servers
            c.
        loads
            Workers that would be busy if there were enough.
        room
            Requests that may wait for a worker.
        """
        most = self.cap * servers
        if self.arrivals == "smooth":
            return np.minimum(loads, most)
        gone = lost(servers, loads, room) if room else erlang_b(servers, loads)
        taken: Floats = np.minimum(loads * (1 - gone), most)
        return taken

    def each(self, counts: int, workers: int, loads: Floats) -> Floats:
        """Return what 0, 1, .., counts machines carry of loads.

        Parameters
        ----------
        counts
            Most machines, N.
        workers
            Of a machine.
        loads
            Workers that would be busy if there were enough, length D.

        Returns
        -------
        array
            Busy workers, (N + 1) x D.
        """
        rows = np.zeros((counts + 1, len(loads)))
        for n, carried in enumerate(self._rows(counts, workers, loads), start=1):
            rows[n] = carried
        return rows

    def mean(self, counts: int, workers: int, loads: Floats, shares: Floats) -> Floats:
        """Return what 0, 1, .., counts machines carry on average of loads, each of which has its share of the time.

        Parameters
        ----------
        counts, workers, loads
            As of `each`.
        shares
            Of the time, one a load; they sum to 1.

        Returns
        -------
        array
            Busy workers, by the number of machines, length N + 1.
        """
        return np.array([0.0, *(float(row @ shares) for row in self._rows(counts, workers, loads))])

    def _rows(self, counts: int, workers: int, loads: Floats) -> Iterator[Floats]:
        """Yield what 1, .., counts machines carry of each load."""
        blocking = np.ones(len(loads))
        for c in range(1, counts * workers + 1):
            if self.arrivals == "random":
                blocking = loads * blocking / (c + loads * blocking)
            if c % workers == 0:
                free = loads if self.arrivals == "smooth" else loads * (1 - blocking)
                yield np.minimum(free, self.cap * c)

    def lines(self, servers: int, points: Floats, room: int = 0) -> list[tuple[float, float]]:
        """Return lines (slope, intercept) above what is carried, touching it at loads, and the cap.

        Parameters
        ----------
        servers
            c.
        points
            Loads.
        room
            As of `carried`.
        """
        cap = (0.0, self.cap * servers)
        if self.arrivals == "smooth":
            return [(1.0, 0.0), cap]
        slopes = self._slopes(servers, points, room)
        touched = Carrying(self.arrivals, math.inf).carried(servers, points, room)
        return [cap, *zip(slopes.tolist(), (touched - slopes * points).tolist(), strict=True)]

    def slopes(self, servers: int, loads: Floats, room: int = 0) -> Floats:
        """Return how fast what is carried rises with the load, at loads: at the cap no more.

        Parameters
        ----------
        servers, loads, room
            As of `carried`.
        """
        if self.arrivals == "smooth":
            return np.where(loads < self.cap * servers, 1.0, 0.0)
        full = self.carried(servers, loads, room) >= self.cap * servers
        return np.where(full, 0.0, self._slopes(servers, loads, room))

    def _slopes(self, servers: int, points: Floats, room: int) -> Floats:
        """Return d/da of a - L, which is 1 - P(N = K) (1 + K - E N)."""
        if servers == 0:
            return np.zeros(len(points))
        slopes = np.ones(len(points))
        load = points[points > 0]
        alike = Exponential(servers, load, np.full(len(load), float(room)))
        gone, waits = alike.shares()
        powers = np.log(load / servers)[:, None] * np.arange(room + 1.0)
        weights = np.exp(powers - powers.max(axis=1, keepdims=True))
        waiting = (gone + waits) * (weights @ np.arange(room + 1.0)) / weights.sum(axis=1)
        slopes[points > 0] = 1 - gone * (1 + servers + room - load * (1 - gone) - waiting)
        return np.clip(slopes, 0.0, 1.0)
