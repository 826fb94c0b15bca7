"""Any service times, c servers, by two moments: a guess that a simulation has to confirm.

With room for all, the wait that a share p of those who wait exceeds lies on the line through those of fixed and of
exponential service times,

    x(p) = (1 - cv²) x_fixed(p) + cv² x_exponential(p)

(H. C. Tijms, "A first course in stochastic models", 2003, section 9.6.3). Its mean is exact for one server. The share
that waits at all is Erlang's C for exponential times, P_fixed <= C for fixed ones, and between them and beyond
C + h (C - P_fixed), h = cv - 1 for cv < 1 and log cv above, which is fitted to simulations.

Waits rise with cv, as x_fixed <= x_exponential and P_fixed <= C, and with the load. Between tabled loads the quotient
of x_fixed and x_exponential is A + B (1-ρ), and x_exponential is 1 / (1-ρ) times what does not depend on ρ. So x(p) is
(cv² (1-A) + A) / (1-ρ) + const, which rises where 0 <= A <= 1: tables are clipped to that. For cv < 1 the share that
waits is between C and P_fixed, which rise. For cv > 1 it is bounded by the largest P_fixed / C of a range of loads,
which falls and then rises, so that it is at an end (`upto`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.queues.erlang import erlang_b, erlang_c
from serflow_opt.traffic.queues.mdc import FixedTimes

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

LEVELS = np.concatenate(
    [[0, 0.004, 0.01, 0.02, 0.035, 0.06], np.linspace(0.1, 3, 30), np.linspace(3.25, 8, 20), np.linspace(9, 36, 28)]
)
"""Minus the logarithms of the shares of those who wait for which quantiles are kept."""
SPARE = np.array([0, 0.007, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
"""Loads of a server, 1-ρ, at which they are kept: up to full, where fixed times halve the waits."""
MANY, MOST = 128, 1024
"""Numbers of servers from which, and up to which, tables are made for a few numbers only: in between and beyond, waits
depend on (1-ρ) sqrt(c) (S. Halfin, W. Whitt, "Heavy-traffic limits for queues with many exponential servers", 1981)."""


@dataclass(frozen=True)
class TwoMoments:
    """Waiting with room for all, for each of some loads below c.

    Attributes
    ----------
    servers, loads
        c and a, positive.
    waits, exponential
        Shares of the arrivals that wait, and that would with exponential service times.
    quantiles
        Waits in mean service times that shares exp(-`LEVELS`) of those who wait exceed: a row for each load.
    """

    servers: int
    loads: Floats
    waits: Floats
    exponential: Floats
    quantiles: Floats

    @classmethod
    def at(cls, servers: int, loads: Floats, cv2: float, upto: Floats | None = None) -> TwoMoments:
        """Return the queue at some loads, where `cv2` is the squared coefficient of variation of the service times.

        Parameters
        ----------
        servers
            c.
        loads
            Busy workers, each below c, n.
        cv2
            Squared coefficient of variation.
        upto
            Higher loads: none up to these waits longer with a smaller chance than here. None: of the loads alone.
        """
        rho = loads / servers
        blocked = erlang_b(servers, loads)
        exponential = blocked / (1 - rho * (1 - blocked))
        shorter, fewer = _of_fixed_times(servers, 1 - rho)
        more = math.sqrt(cv2) - 1 if cv2 < 1 else math.log(cv2) / 2
        if upto is not None and more > 0:
            fewer = np.maximum(fewer, _of_fixed_times(servers, 1 - upto / servers)[1])
        waits = np.minimum(exponential * (1 + more * (1 - fewer)), 1.0)
        quantiles = LEVELS * (cv2 + (1 - cv2) * shorter) / (servers - loads)[:, None]
        return cls(servers, loads, waits, exponential, np.maximum.accumulate(quantiles, axis=1))

    @property
    def mean(self) -> Floats:
        """Mean waits, in mean service times."""
        slopes = np.diff(self.quantiles) / np.diff(LEVELS)
        mean: Floats = self.waits * (slopes @ -np.diff(np.exp(-LEVELS)))
        return mean

    def beyond(self, times: Floats) -> Floats:
        """Return the shares that wait longer than each of the times, in mean service times."""
        levels = np.empty((len(self.loads), len(times)))
        for row, quantiles in zip(levels, self.quantiles, strict=True):
            row[:] = np.interp(times, quantiles, LEVELS)
        last = self.quantiles[:, -1:]
        longer: Floats = self.waits[:, None] * np.exp(-levels - np.maximum(times / last - 1, 0.0) * LEVELS[-1])
        return longer


def _of_fixed_times(servers: int, spare: Floats) -> tuple[Floats, Floats]:
    """Return the quantiles of fixed service times over those of exponential ones, and so the shares that wait."""
    tabled = servers if servers <= MANY else min(MOST, int(MANY * 2 ** (math.floor(4 * math.log2(servers / MANY)) / 4)))
    shorter, fewer = _table(tabled)
    spare = np.minimum(spare * math.sqrt(servers / tabled), 1.0)
    at = np.clip(np.searchsorted(SPARE, spare, side="right") - 1, 0, len(SPARE) - 2)
    part = (spare - SPARE[at]) / (SPARE[at + 1] - SPARE[at])
    rows = shorter[at] + (shorter[at + 1] - shorter[at]) * part[:, None]
    return rows, fewer[at] + (fewer[at + 1] - fewer[at]) * part


@lru_cache(maxsize=512)
def _table(servers: int) -> tuple[Floats, Floats]:
    """Return the same at the loads `SPARE`. Where nearly nobody comes, a wait is the shortest of c residual times."""
    shorter, fewer = np.full((len(SPARE), len(LEVELS)), 0.5), np.ones(len(SPARE))
    for i, spare in enumerate(SPARE[1:-1], 1):
        load = servers * (1 - spare)
        queue = FixedTimes.at(servers, load)
        x = np.linspace(0, 1, 161) ** 2 * (LEVELS[-1] + 6) / (load * queue.root)
        beyond = queue.beyond(x)
        if beyond[0] == 0.0:  # below the smallest number
            shorter[i:-1] = 1.0
            break
        with np.errstate(divide="ignore"):
            level = np.maximum.accumulate(-np.log(beyond / beyond[0]))
        shorter[i, 1:] = np.interp(LEVELS[1:], level, x) * (servers * spare) / LEVELS[1:]
        fewer[i] = beyond[0] / erlang_c(servers, load)
    shorter[-1, 1:] = -np.expm1(-LEVELS[1:] / servers) * servers / LEVELS[1:]
    shorter[:, 0] = shorter[:, 1]
    for i in range(len(SPARE) - 2, 0, -1):  # waits of fixed times rise with the load, and no less than others' do
        part = SPARE[i] / SPARE[i + 1]
        shorter[i] = np.clip(shorter[i], shorter[i + 1] * part, 1 - (1 - shorter[i + 1]) * part)
    return shorter, np.minimum(fewer, 1.0)
