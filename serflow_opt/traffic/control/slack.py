"""How long a request may wait in a block and still be in time, and how many may wait.

Who leaves at stage s has the target less its path as slack, which the blocks that it may wait in share, equally or as
the service says (`split.py`), and those who may be late, too; the path is that of the slowest pool of each other block.
A target that a share q has to keep lets 1 - q be late; one that all have to keep is taken to be kept when all but
`TAIL` do.

Who takes the k-th place of a queue waits for k departures. With all c workers busy these come at rate c / m; times of
different workers are independent, so the wait is taken for a gamma distribution with that mean, of shape k / v, where
v = max(1, cv²). Places are given out up to the last one at which those who get it are late by no more than the share
that is allowed: then whatever the rate is, no more are. Where even the longest times end in the slack, nobody is late.

Few get the last place, though. Where a function takes the others and rates are known, as many may wait as are late in
the mean over these rates no more often than half of what may be, the other half being left for functions that start
cold. At load a on c workers a request gets place k of K with probability

    (a/c)^(k-1) / (1/B(c, a) + a/c + .. + (a/c)^K)                                                         (M/M/c/K),

B Erlang's. So as not to rely on rates alone, in the last of these places no more than `LAST` times as many are late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.service_time import ServiceTime

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.service import Block, Machine, Service

TAIL = 1e-4
"""Share of the requests that may be late where the target is for all."""
MARGIN = 0.8
"""Of what may be late so much is planned for: forecasts err, and functions start cold."""
ON_AVERAGE = 0.5
"""Of what may be late so much is planned for where it is a mean over all who come."""
LAST = 10.0
"""In the last place so many times as many may be late, then."""
MOST_LATE = 0.5
"""No more of those who enter a block are made late, however few they are among all requests."""


@dataclass(frozen=True)
class WaitingSlack:
    """What is left to wait in front of machines of a type.

    Attributes
    ----------
    seconds
        By exit class of those who enter the block, what they may wait here, s; none where there is no target. Who is
        late without waiting is in none.
    shares
        Of these classes among those who enter.
    allowed
        Share of those who enter that may be late from waiting here.
    longest_s, service
        The longest a request holds a worker, s, and how long requests do.
    """

    seconds: Floats
    shares: Floats
    allowed: float
    longest_s: float
    service: ServiceTime
    _rooms: dict[tuple[int, float], int] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def least_s(self) -> float:
        """The slack of those who have least, s."""
        return float(self.seconds.min(initial=math.inf))

    def late(self, waits_beyond: Floats) -> Floats:
        """Return the share late, by row, from the shares that wait beyond the slack of each class."""
        late: Floats = waits_beyond @ self.shares
        return late

    def room(self, workers: int, rate_per_s: float) -> int:
        """Return how many may wait for so many workers, which serve so many requests a second when all are busy."""
        asked = workers, rate_per_s
        if asked not in self._rooms:
            self._rooms[asked] = self._room(workers, rate_per_s)
        return self._rooms[asked]

    def room_at(self, workers: int, rate_per_s: float, loads: Floats, shares: Floats) -> int:
        """Return how many may wait, so that on average over some loads no more are late; `room` at least.

        Parameters
        ----------
        workers, rate_per_s
            As of `room`.
        loads, shares
            Busy workers, were there enough of them, and shares of time.
        """
        least, coming = self.room(workers, rate_per_s), shares * loads
        if not (least or len(self.seconds)) or not workers or not coming.sum() > 0:
            return least
        there = coming > 0
        coming, full = coming[there], loads[there] / workers
        late = self._late_up_to(LAST * self.allowed, rate_per_s)
        places = np.arange(1.0, len(late) + 1)
        # powers of a/c, above full load in units of the highest, so that none is too large
        from_end = np.where(full > 1, len(late), 0.0)[:, None]
        powers = np.exp((places - from_end) * np.log(full)[:, None])
        sooner = np.exp(-from_end * np.log(full)[:, None]) / erlang_b(workers, loads[there])[:, None]
        each = np.cumsum(powers * late, axis=1) / full[:, None] / (sooner + np.cumsum(powers, axis=1))
        mean = coming @ each / coming.sum()
        return max(least, int(np.count_nonzero(mean <= self.allowed * ON_AVERAGE / MARGIN)))

    def _room(self, workers: int, rate_per_s: float) -> int:
        """Find what `room` returns."""
        if not (len(self.seconds) and workers and 0 < rate_per_s < math.inf):
            return 0
        sure = workers * math.floor(self.least_s / self.longest_s * (1 + ROUNDING)) if self.longest_s > 0 else 0
        return max(sure, len(self._late_up_to(self.allowed, rate_per_s)))

    def _late_up_to(self, most: float, rate_per_s: float) -> Floats:
        """Return the shares late of those who take place 1, 2, .. of the queue, up to the last that is no more."""
        from scipy.special import gammaincc

        scatter, places = max(1.0, self.service.cv2), 16
        while True:
            at = np.arange(1.0, places + 1)[:, None] / scatter
            late: Floats = gammaincc(at, self.seconds * rate_per_s / scatter) @ self.shares
            if late[-1] > most:
                return late[: int(np.argmax(late > most))]
            places *= 2


def slack_of(service: Service, b: int, machine: Machine) -> WaitingSlack:
    """Return the slack in front of machines of a type in block b.

    Parameters
    ----------
    service, b
        The service, and the block.
    machine
        One of its types.
    """
    block = service.blocks[b]
    sending = service.blocks[b + 1].hop_s if machine.sends and b + 1 < len(service.blocks) else 0.0
    held = (*machine.seconds[:-1], machine.seconds[-1] + sending)
    outcomes = service.outcome_shares(b)
    deviations = machine.sd_s or (0.0,) * len(held)
    spread = math.fsum(p * d * d for p, d in zip(outcomes, deviations, strict=True))
    square = math.fsum(p * t * t for p, t in zip(outcomes, held, strict=True))
    served = ServiceTime(held, outcomes, math.sqrt(spread / square) if square > 0 else 0.0)
    longest = max((t for p, t in zip(outcomes, held, strict=True) if p > 0), default=0.0)
    reach = service.reach(b)
    if service.slo_s is None or not reach > 0:
        return WaitingSlack(np.zeros(0), np.zeros(0), 0.0, longest, served)
    stages = [s for s in range(block.first, len(service.shares)) if service.shares[s] > 0]
    left = [_left(service, b, machine, s) for s in stages]
    in_time = [k for k, seconds in enumerate(left) if seconds >= -TOLERANCE * service.slo_s]
    seconds = np.array([max(0.0, left[k]) for k in in_time])
    shares = np.array([service.shares[stages[k]] for k in in_time]) / reach
    parts = _parts(service)
    own = allowed_late(service) * parts[b] / math.fsum(parts)
    return WaitingSlack(seconds, shares, min(MOST_LATE, own / reach), longest, served)


def allowed_late(service: Service) -> float:
    """Return the share of all requests that waits are planned to make late."""
    if service.slo_s is None:
        return 1.0
    return max(0.0, MARGIN * may_be_late(service) - late_anyway(service))


def may_be_late(service: Service) -> float:
    """Return the share of all requests that may be late."""
    return max(TAIL, 1 - service.quantile)


def late_anyway(service: Service) -> float:
    """Return the share of all requests that are late without waiting, on the slower pool of every block."""
    if service.slo_s is None:
        return 0.0
    latest = service.slo_s * (1 + TOLERANCE)
    return math.fsum(share for s, share in enumerate(service.shares) if _path_s(service, s) > latest)


def path_on_function_s(service: Service, b: int, s: int) -> float:
    """Return the seconds of a request on the function of a block, and on the slower pool of all others.

    Parameters
    ----------
    service, b
        The service, and the block, which has a function.
    s
        Position of the stage where the request leaves.
    """
    block = service.blocks[b]
    assert block.function is not None
    own = block.function.seconds[s - block.first if s <= block.last else -1]
    return _path_s(service, s) - _slowest_s(block, s) + own


def worst_s(service: Service) -> float:
    """Seconds of a request that goes all the way on the slower pool of every block, cold starts left out."""
    return _path_s(service, service.blocks[-1].last)


def _left(service: Service, b: int, machine: Machine, s: int) -> float:
    """What is left to wait in block b for a request that leaves at stage s, s."""
    assert service.slo_s is not None
    block = service.blocks[b]
    own = machine.seconds[min(s, block.last) - block.first] if s <= block.last else machine.seconds[-1]
    path = _path_s(service, s) - _slowest_s(block, s) + own
    parts = _parts(service)
    sharing = math.fsum(part for part, other in zip(parts, service.blocks, strict=True) if other.first <= s)
    return (service.slo_s - path) * (parts[b] / sharing if sharing > 0 else 0.0)


def _parts(service: Service) -> tuple[float, ...]:
    """Parts of the slack that blocks have, in proportion."""
    return service.waits or tuple(float(bool(block.machines)) for block in service.blocks)


def _path_s(service: Service, s: int) -> float:
    """Seconds of a request that leaves at stage s, on the slower pool of every block."""
    return math.fsum(block.hop_s + _slowest_s(block, s) for block in service.blocks if block.first <= s)


def _slowest_s(block: Block, s: int) -> float:
    """Seconds that the slower pool of a block takes for a request that leaves at stage s."""
    k = s - block.first if s <= block.last else -1
    return max([m.seconds[k] for m in block.machines] + ([block.function.seconds[k]] if block.function else [0.0]))
