"""One server: exact for a mixture of fixed service times, and with a log-normal factor, but for the grid of times.

Chances are off by less than 1e-4: those of waits by 2e-5 where the longest time is 16 times the shortest.

With room for all, who waits waits for a geometric number of residual times, P(N = n) = (1-ρ) ρ^n (F. Pollaczek, 1930;
A. Khinchine, 1932): a transform of the law on a grid, which keeps the mean. Log-normal factors of mean 1 rise in the
convex order with their deviation; E (S - t)+ does, that is residual times rise in the usual stochastic order, on the
grid, too, where the share above a cell is its mean over the cell; and with these their sums (M. Shaked, J. G.
Shanthikumar, "Stochastic orders", 2007, theorem 1.A.4). So waits rise with the deviation.

With room for r, states with room have the same proportions as where there is room for all (H. C. Tijms, "A first course
in stochastic models", 2003, section 9.8.2). Services that begin with k waiting are as frequent as arrivals that find k
waiting, w_k of them for each that finds nobody; of a service that has lasted for a time a, Poisson(λa) came since. So
the chance of j waiting and an age a, with which goes what is left of the service, is

    λ Σ_k v_k P(Poisson(λa) = j - k),   v_0 = 1 + w_0,  v_k = w_k,

and over all ages w_j: from that the w follow one after the other. Who comes waits for what is left and j services.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING, SMALLEST
from serflow_opt.traffic.queues.residual import excess, excess_squared, longest, on_grid

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

FINE, FINEST = 64, 2**15
"""Steps to a mean service time where there is room for all, and at most so many steps: then longer ones. What is told
of one time does not depend on the others, and the grid not on the law: so waits keep their order on it, too."""
DAMPING = 27.0
"""What is beyond the grid comes back into it times exp(-27)."""
FALLEN = 45.0
"""Mean waits after which hardly anybody still waits."""
CELLS = 128
"""Steps to the longest service time where room is limited."""
GRIDS, TABLES = 256, 64
"""Laws of service times for which grids are kept, and tables of sums, which are larger."""
LONGEST, MOST = 60.0, 64
"""Longest service time over the mean, and room, for which the grid will do where room is limited."""


def fits(service: ServiceTime, room: int) -> bool:
    """Return whether the formulas here are for a service time and room."""
    return longest(service) <= LONGEST * service.mean and room <= MOST


@dataclass(frozen=True)
class OneServer:
    """Waiting with room for all.

    Attributes
    ----------
    service
        Service times.
    loads
        ρ, positive and below 1.
    """

    service: ServiceTime
    loads: Floats

    @property
    def mean(self) -> Floats:
        """Mean waits, in mean service times (Pollaczek's and Khinchine's formula)."""
        return self.loads / (1 - self.loads) * (1 + self.service.cv2) / 2

    def beyond(self, x: Floats) -> Floats:
        """Return the shares that wait longer than x mean service times: a row for each load."""
        return np.array([load * self._of_those_who_wait(float(load), x) for load in self.loads])

    def _of_those_who_wait(self, rho: float, x: Floats) -> Floats:
        """Return the shares of those who wait that wait longer than x, at a load."""
        latest = FALLEN * (1 + self.service.cv2) / 2 / (1 - rho) + 2 * longest(self.service) / self.service.mean
        last = min(max(float(x.max(initial=0.0)), 1 / FINE), latest)
        steps = max(1024, 2 ** math.ceil(math.log2(2 * (FINE * last + 1))))
        step = max(1, steps // FINEST) / FINE
        steps = min(steps, FINEST)
        mean = self.service.mean
        times = step * mean * np.arange(steps + 1.0)
        residual = on_grid(excess_squared(self.service, times) / mean**2, step)
        damping = np.exp(-DAMPING / steps * np.arange(steps))
        z = np.exp(-DAMPING / steps - 2j * math.pi / steps * np.arange(steps // 2 + 1))
        each = np.fft.rfft(residual * damping)
        until = np.fft.irfft(each * (1 - rho) / ((1 - rho * each) * (1 - z)), n=steps) / damping
        until[1:] = (until[1:] + until[:-1]) / 2  # the mass at a time counts half there
        until[0] = 0.0
        above = np.minimum.accumulate(np.clip(1 - until[: steps // 2], 0.0, 1.0))
        longer: Floats = np.interp(x, step * np.arange(steps // 2), above)
        return longer


@dataclass(frozen=True)
class OneServerLimited:
    """Waiting with room for some.

    Attributes
    ----------
    service
        Service times.
    room
        r, at least 1.
    lost, mean
        Shares of the arrivals that find no room, and mean waits of those served, in mean service times.
    finds
        Chances that one who is served finds j waiting, j < r, and a service that will last so many steps more: for each
        load.
    """

    service: ServiceTime
    room: int
    lost: Floats
    mean: Floats
    finds: Floats

    @classmethod
    def at(cls, loads: Floats, service: ServiceTime, room: int) -> OneServerLimited:
        """Return the queue at some loads, which are positive.

        Parameters
        ----------
        loads
            Share of time that the worker would be busy if nobody were turned away, n.
        service
            Service times.
        room
            Requests that may wait.
        """
        from scipy.special import gammaln

        grid = _grid(service)
        together = grid.together
        come = loads[:, None, None] * grid.step * grid.centres
        j = np.arange(room)[:, None]
        came = np.exp(j * np.log(come) - come - gammaln(j + 1))  # load, j, age
        in_service = loads[:, None] * (came @ together.sum(axis=1))
        begun = np.zeros((len(loads), room))  # v
        begun[:, 0] = 1.0
        found = np.zeros_like(begun)  # w
        for k in range(room):
            others = (begun[:, : k + 1] * in_service[:, k::-1]).sum(axis=1)
            found[:, k] = others / (1 - in_service[:, 0])
            begun[:, k] += found[:, k]
        shifted = np.clip(np.arange(room)[:, None] - np.arange(room), -1, None)  # j - k; -1: none came
        began = np.append(begun, np.zeros((len(loads), 1)), axis=1)[:, shifted]
        at_age = (began @ came) * loads[:, None, None]
        finds = (at_age.reshape(-1, CELLS) @ together).reshape(at_age.shape)
        served = 1 + found.sum(axis=1)  # arrivals, for each that finds nobody
        full = np.maximum(loads * served - found.sum(axis=1), 0.0)  # the server is busy in all, and serves those
        waiting = found @ np.arange(room) + full * room
        return cls(service, room, full / (served + full), waiting / (loads * served), finds / served[:, None, None])

    def beyond(self, x: Floats) -> Floats:
        """Return the shares of those served who wait longer than x mean service times: a row for each load."""
        grid = _grid(self.service)
        at = x / grid.step
        last = min(math.ceil(float(at.max(initial=0.0))) + 2, CELLS * self.room + 2)
        above = _services(self.service, _power_of_two(self.room), _power_of_two(last))[: self.room]
        left = np.clip(at - (grid.centres[:, None] - 0.5), 0.0, last)  # to the services of those in front
        cell = np.minimum(left.astype(np.int64), last - 1)
        share = left - cell
        longer_each = above[:, cell] * (1 - share) + above[:, cell + 1] * share
        longer = self.finds.reshape(len(self.lost), -1) @ longer_each.reshape(-1, len(x))
        longer[:, x <= 0] = self.finds.sum(axis=(1, 2))[:, None]
        return np.clip(longer, 0.0, 1.0)


@dataclass(frozen=True)
class _Grid:
    """Age and rest of a service on a grid.

    Attributes
    ----------
    step
        In mean service times.
    together
        Chances of an age and a rest, in steps.
    centres
        Mean ages, or rests, between 0, 1, 2, ... steps, in steps.
    """

    step: float
    together: Floats
    centres: Floats


@lru_cache(maxsize=GRIDS)
def _grid(service: ServiceTime) -> _Grid:
    step = longest(service) / service.mean / CELLS
    beyond = excess(service, step * service.mean * np.arange(2 * CELLS + 2.0)) / service.mean
    cell = beyond[:-2] - 2 * beyond[1:-1] + beyond[2:]  # chance that age and rest, in steps, add up to so many
    together = cell[np.arange(CELLS)[:, None] + np.arange(CELLS)]
    return _Grid(step, together / together.sum(), _centres(service, step))


@lru_cache(maxsize=TABLES)
def _services(service: ServiceTime, most: int, length: int) -> Floats:
    """Return the chances that j services, j < `most`, take 0, 1, 2, ... `length` steps or more."""
    step = _grid(service).step
    law = on_grid(excess(service, step * service.mean * np.arange(length + 1.0)) / service.mean, step)
    law = np.trim_zeros(law, "b") if law.any() else law[:1]  # none: all services are longer than is asked
    services, above = np.zeros(length), np.ones((most, length + 1))
    services[0] = 1.0
    for j in range(most):
        above[j, 1:] = 1 - np.cumsum(services)
        services = np.convolve(services, law)[:length]
    return above


def _power_of_two(number: int) -> int:
    """Return the least power of two that is not below a number: so that few tables are made."""
    return 1 << (number - 1).bit_length()


def _centres(service: ServiceTime, step: float) -> Floats:
    """Return the means of ages, or rests, between 0, 1, 2, ... steps, in steps."""
    times = step * service.mean * np.arange(CELLS + 1.0)
    above, area = excess(service, times), excess_squared(service, times)
    share = above[:-1] - above[1:]
    mean = (times[:-1] * above[:-1] - times[1:] * above[1:] + area[:-1] - area[1:]) / np.maximum(share, SMALLEST)
    middle = np.arange(CELLS) + 0.5
    centres: Floats = np.where(share > ROUNDING * service.mean, mean / (step * service.mean), middle)
    return centres
