"""What requests wait in front of c servers: the queue that fits, exact where a formula is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.limited import Limited
from serflow_opt.traffic.queues.longer import Longer
from serflow_opt.traffic.queues.mdc import FULLEST, FixedTimesAt
from serflow_opt.traffic.queues.mg1 import MOST, OneServer, OneServerLimited, fits
from serflow_opt.traffic.queues.mgc import TwoMoments

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime

FEW = 64
"""At so many rates waits are exact where they can be; at more they are all read off tables, which are off by 1 %."""

FOR_EVER_S = 1e12
"""Seconds; longer times are taken for as long."""


@dataclass(frozen=True)
class Waiting:
    """Waiting at some rates of arrival.

    Attributes
    ----------
    queue
        The queue in Kendall's notation, and how it was valued where no exact formula was.
    exact
        Whether a formula gives all of it exactly.
    lost
        Shares of the requests that find no room and go away, one for each rate.
    """

    queue: str
    exact: bool
    lost: Floats
    _mean_s: Callable[[], Floats]
    _beyond: Callable[[Floats], Floats]

    @cached_property
    def mean_s(self) -> Floats:
        """Mean waits of those who are served here, s, those who do not wait among them.

        inf: more come than can be served.
        """
        return self._mean_s()

    def beyond(self, times: Floats) -> Floats:
        """Return the shares of those served here who wait longer than each of the times, s: a row for each rate.

        Beyond 0 is the share that waits at all; nobody is served before his time, so that below 0 it is 1.
        """
        times = np.asarray(times, dtype=float)
        return np.where(times < 0, 1.0, self._beyond(np.clip(times, 0.0, FOR_EVER_S)))


def waiting(servers: int, rates_per_s: Floats, service: ServiceTime, room: int | None = None) -> Waiting:
    """Return what Poisson arrivals wait, first come first served.

    As told, waits rise with the rate and the room, and fall with the servers. With the scatter of the service times
    they rise where there is room for all (`mgc`, `mg1`); where room is limited more are lost instead, and those who are
    served may wait less, and then longer again. Of real queues with several servers that is no theorem (W. Whitt,
    "Counterexamples for comparisons of queues with finite waiting rooms", 1992).

    Parameters
    ----------
    servers
        c, identical.
    rates_per_s
        Rates of arrival, 1/s.
    service
        How long a request holds a server.
    room
        How many may wait; who finds so many waiting goes away. `None`: room for all.
    """
    loads = np.asarray(rates_per_s, dtype=float) * service.mean
    some = loads > 0
    nothing = np.zeros_like(loads)
    if not some.any():
        return Waiting("nobody comes", True, nothing, lambda: nothing, _nobody(len(loads)))
    if servers == 0:
        if room is None:
            ever = np.where(some, np.inf, 0.0)
            return Waiting("no server", True, nothing, lambda: ever, lambda times: some[:, None] + 0.0 * times)
        return Waiting("no server", True, np.where(some, 1.0, 0.0), lambda: nothing, _nobody(len(loads)))
    if room == 0:
        return Waiting("M/G/c/c", True, erlang_b(servers, loads), lambda: nothing, _nobody(len(loads)))
    if room is not None:
        return _limited(servers, loads, service.unit, room, service.mean)
    return _unlimited(servers, loads, service.unit, service.mean)


def waiting_at_least(
    servers: int, low_per_s: Floats, high_per_s: Floats, service: ServiceTime, room: int, few: bool
) -> tuple[Waiting, Floats]:
    """Return waits that are not longer than at any rate in ranges, where some are lost and others wait.

    The more come, the longer do those served wait, and the more are lost. So of all who come no fewer wait longer than
    t than if as many were lost as at the upper end, and waits were those of the lower. For more servers see `limited`.
    For one let x_(n,i) be how long the i-th before the n-th who is served is still there when that one comes (i = 0:
    himself, until he is done), K = r + 1, and E_n exponential with mean 1. The next one comes in when there is room, so
    that for i > 0

        x_(n+1,i) = x_(n,i-1) - max(x_(n,K-1), 0) - E_n / λ.

    Where x_(n,K-1) > 0 the difference is a sum of services; where not, it is x_(n,i-1), and at most that sum. So all x
    rise with λ, by induction, for the same services and E. With m = λ E max(x_(n,K-1), 0) a share m / (1 + m) is lost.

    Parameters
    ----------
    servers, service, room
        As of `waiting`; there is room for one at least.
    low_per_s, high_per_s
        Ends of the ranges, 1/s, positive.
    few
        Whether waits are exact where they can be, as at few rates.

    Returns
    -------
    tuple
        Waits, where `mean_s` counts all who come, and what is lost at most.
    """
    low, high, law = low_per_s * service.mean, high_per_s * service.mean, service.unit
    queue: OneServerLimited | Limited
    if servers == 1 and fits(law, room) and few:
        loads, at = np.unique(np.append(low, high), return_inverse=True)
        both, first, last = OneServerLimited.at(loads, law, room), at[: len(low)], at[len(low) :]
        queue = replace(both, lost=both.lost[first], mean=both.mean[first], finds=both.finds[first])
        lost = both.lost[last]

        def waited() -> Floats:
            return (1 - lost) * both.mean[first]

    else:
        queue, lost, waited = Limited.at_least(servers, low, high, law, room)
    mean_s = service.mean
    return Waiting("least", False, queue.lost, lambda: waited() * mean_s, lambda x: queue.beyond(x / mean_s)), lost


def _limited(servers: int, loads: Floats, service: ServiceTime, room: int, mean_s: float) -> Waiting:
    """Return what is waited where `room` may wait, by the law of service times in units of their mean."""
    some = loads > 0
    lost = np.zeros_like(loads)
    at_all = servers == 1 and fits(service, 0) and len(loads) <= FEW
    one, served = at_all and fits(service, room), loads[some]
    queue: OneServerLimited | Limited | Longer
    queue = OneServerLimited.at(served, service, room) if one else Limited.at(servers, served, service, room)
    if at_all and not one:  # more room makes nobody wait less, where another formula goes on, too
        queue = Longer.of(OneServerLimited.at(served, service, MOST), queue)
    lost[some] = queue.lost

    def mean() -> Floats:
        waits = np.zeros_like(loads)
        waits[some] = queue.mean * mean_s
        return waits

    def beyond(times: Floats) -> Floats:
        longer = np.zeros((len(loads), len(times)))
        longer[some] = queue.beyond(times / mean_s)
        return longer

    name = _with_factor("M/G/1/K", service) if one else "M/G/c/K by two moments"
    return Waiting(name, one and not service.scatters, lost, mean, beyond)


def _unlimited(servers: int, loads: Floats, service: ServiceTime, mean_s: float) -> Waiting:
    """Return what is waited where all may wait, by the law of service times in units of their mean."""
    over = loads >= servers
    served = (loads > 0) & ~over
    fixed = len(set(service.seconds)) == 1 and not service.scatters
    queue: FixedTimesAt | OneServer | TwoMoments
    if fixed and len(loads) <= FEW and np.all(loads[served] <= FULLEST * servers):
        name, queue = "M/D/c", FixedTimesAt.of(servers, loads[served])
    elif servers == 1 and len(loads) <= FEW:
        name, queue = _with_factor("M/G/1", service), OneServer(service, loads[served])
    else:
        name, queue = "M/G/c by two moments", TwoMoments.at(servers, loads[served], service.cv2)

    def mean() -> Floats:
        waits = np.where(over, np.inf, 0.0)
        waits[served] = queue.mean * mean_s
        return waits

    def beyond(times: Floats) -> Floats:
        longer = np.where(over, 1.0, 0.0)[:, None] + 0.0 * times
        if served.any():
            longer[served] = queue.beyond(times / mean_s)
        return longer

    exact = not service.scatters and not isinstance(queue, TwoMoments)
    return Waiting(name, exact, np.zeros_like(loads), mean, beyond)


def _with_factor(queue: str, service: ServiceTime) -> str:
    """Return the queue's name, with what was taken for the law of a factor that scatters."""
    return queue if not service.scatters else f"{queue} with a log-normal factor"


def _nobody(rates: int) -> Callable[[Floats], Floats]:
    """Nobody waits."""
    return lambda times: np.zeros((rates, len(times)))
