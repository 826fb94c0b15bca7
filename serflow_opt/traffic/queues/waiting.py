"""What requests wait in front of c servers: the queue that fits, exact where a formula is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.limited import Limited
from serflow_opt.traffic.queues.mdc import FULLEST, FixedTimes
from serflow_opt.traffic.queues.mgc import TwoMoments

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.queues.service_time import ServiceTime


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
    mean_s
        Mean waits of those who are served here, s, those who do not wait among them. inf: more come than can be served.
    """

    queue: str
    exact: bool
    lost: Floats
    mean_s: Floats
    _beyond: Callable[[Floats], Floats]

    def beyond(self, times: Floats) -> Floats:
        """Return the shares of those served here who wait longer than each of the times, s: a row for each rate.

        Beyond 0 is the share that waits at all; nobody is served before his time, so that below 0 it is 1.
        """
        times = np.asarray(times, dtype=float)
        return np.where(times < 0, 1.0, self._beyond(np.maximum(times, 0.0)))


def waiting(servers: int, rates_per_s: Floats, service: ServiceTime, room: int | None = None) -> Waiting:
    """Return what Poisson arrivals wait, first come first served.

    Waits rise with the rate and the room, and fall with the servers. With the scatter of the service times they rise
    where there is room for all; where room is limited more are lost instead, and those who are served may wait less.

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
    if servers == 0:
        if room is None:
            ever = np.where(some, np.inf, 0.0)
            return Waiting("no server", True, nothing, ever, lambda times: some[:, None] + 0.0 * times)
        return Waiting("no server", True, np.where(some, 1.0, 0.0), nothing, _nobody(len(loads)))
    if room == 0:
        return Waiting("M/G/c/c", True, erlang_b(servers, loads), nothing, _nobody(len(loads)))
    if room is not None:
        return _limited(servers, loads, service, room)
    return _unlimited(servers, loads, service)


def _limited(servers: int, loads: Floats, service: ServiceTime, room: int) -> Waiting:
    """Return what is waited where `room` may wait."""
    some = loads > 0
    queue = Limited.at(servers, loads[some], service, room)
    lost, mean = np.zeros_like(loads), np.zeros_like(loads)
    lost[some], mean[some] = queue.lost, queue.mean_s

    def beyond(times: Floats) -> Floats:
        longer = np.zeros((len(loads), len(times)))
        longer[some] = queue.beyond(times)
        return longer

    return Waiting("M/G/c/K by two moments", False, lost, mean, beyond)


def _unlimited(servers: int, loads: Floats, service: ServiceTime) -> Waiting:
    """Return what is waited where all may wait."""
    over = loads >= servers
    served = (loads > 0) & ~over
    mean = np.where(over, np.inf, 0.0)
    of_each: Callable[[Floats], Floats]
    exact = len(set(service.seconds)) == 1 and service.cv_extra == 0.0
    if exact and np.all(loads[served] <= FULLEST * servers):
        queues = [FixedTimes.at(servers, float(a)) for a in loads[served]]
        name = "M/D/c"
        mean[served] = [queue.mean * service.mean for queue in queues]
        of_each = lambda x: np.array([queue.beyond(x) for queue in queues]).reshape(-1, len(x))  # noqa: E731
    else:
        queue = TwoMoments.at(servers, loads[served], service.cv2)
        name, exact = "M/G/c by two moments", False
        mean[served] = queue.waits * queue.mean * service.mean
        of_each = lambda x: queue.waits[:, None] * queue.beyond(x)  # noqa: E731

    def beyond(times: Floats) -> Floats:
        longer = np.where(over, 1.0, 0.0)[:, None] + 0.0 * times
        if served.any():
            longer[served] = of_each(times / service.mean)
        return longer

    return Waiting(name, exact, np.zeros_like(loads), mean, beyond)


def _nobody(rates: int) -> Callable[[Floats], Floats]:
    """Nobody waits."""
    return lambda times: np.zeros((rates, len(times)))
