"""What machines carry of the load of a block, and what spills over to its function.

smooth: requests come evenly, so machines take up to the utilisation cap, min(a, η n w) (SERFLOW).
random: they come as a Poisson process, and who finds no free worker goes to the function: Erlang's loss formula, which
holds whatever the distribution of the service times, min(a (1 - B(n w, a)), η n w). Where some may wait first, fewer
go, taken for as many as of exponential times (M/M/c/K).

Both are concave and rising in the load a, so supporting lines bound them from above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.mmc import lost

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

        d/da a (1 - B) = 1 - B - B (c - a + a B), since B' = B (c / a - 1 + B).

        Parameters
        ----------
        servers
            c.
        points
            Loads.
        room
            As of `carried`; where some may wait slopes are taken from differences, and the lines raised until they are
            nowhere below.
        """
        cap = (0.0, self.cap * servers)
        if self.arrivals == "smooth":
            return [(1.0, 0.0), cap]
        if room:
            return [cap, *self._differences(servers, points, room)]
        blocking = erlang_b(servers, points)
        slopes = np.clip(1 - blocking - blocking * (servers - points + points * blocking), 0.0, 1.0)
        touched = points * (1 - blocking)
        return [cap, *zip(slopes.tolist(), (touched - slopes * points).tolist(), strict=True)]

    def _differences(self, servers: int, points: Floats, room: int) -> list[tuple[float, float]]:
        free = Carrying(self.arrivals, 1.0)
        step = np.maximum(points, servers * 1e-3) * 1e-4
        grid = np.linspace(0.0, 1.5 * float(points.max(initial=servers)), 60)
        loads = np.concatenate([np.maximum(points - step, 0.0), points, points + step, grid])
        taken = free.carried(servers, loads, room)
        below, touched, above = taken[: 3 * len(points)].reshape(3, -1)
        low, _, high = loads[: 3 * len(points)].reshape(3, -1)
        slopes = np.clip((above - below) / (high - low), 0.0, 1.0)
        starts = touched - slopes * points
        missed = taken[3 * len(points) :] - (starts[:, None] + slopes[:, None] * grid)
        starts = starts + np.maximum(missed.max(axis=1, initial=0.0), 0.0)
        return list(zip(slopes.tolist(), starts.tolist(), strict=True))
