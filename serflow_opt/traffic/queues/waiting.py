"""What requests wait in front of c servers: the queue that fits, exact where a formula is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.mgc import stretch
from serflow_opt.traffic.queues.mmc import Exponential

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
    limited = "" if room is None else "/K"
    if room == 0 or servers == 0:
        lost = np.where(loads > 0, 1.0, 0.0) if servers == 0 else erlang_b(servers, loads)
        if room is None:
            return _everyone("no servers", loads > 0)
        return Waiting(f"M/G/{'c/c' if room == 0 else 'c/K'}", True, lost, np.zeros_like(loads), _none(len(loads)))
    served = (loads > 0) if room is not None else (loads > 0) & (loads < servers)
    factor = stretch(servers, loads[served], service.cv2)
    queue = Exponential(servers, loads[served], None if room is None else room / factor)
    unit = factor * service.mean / servers
    lost, mean = np.zeros_like(loads), np.where(served | (loads == 0), 0.0, np.inf)
    lost[served], waits = queue.shares()
    waits = waits / (1 - lost[served])
    mean[served] = waits * queue.services_left() * unit

    def beyond(times: Floats) -> Floats:
        shares = np.where(served | (loads == 0), 0.0, 1.0)[:, None] * np.ones_like(times)
        shares[served] = waits[:, None] * queue.beyond(times / unit[:, None])
        return shares

    return Waiting(f"M/G/c{limited} by two moments", False, lost, mean, beyond)


def _none(rates: int) -> Callable[[Floats], Floats]:
    """Nobody waits."""
    return lambda times: np.zeros((rates, len(times)))


def _everyone(queue: str, some: Floats) -> Waiting:
    """Whoever comes waits for ever."""
    ever = np.where(some, np.inf, 0.0)
    return Waiting(queue, True, np.zeros_like(ever), ever, lambda times: np.where(some, 1.0, 0.0)[:, None] + 0 * times)
