"""What machines that take batches are worth: as `worth.py`, with batches as customers.

Tables stay over requests, at the loads that these would be if all batches were full; how full batches are at each rate,
how long they hold a worker and how evenly they come is known (`batches/filled.py`). Beside a function so many batches
wait as are never late, and the others go there (`batches/beside.py`); without one batches wait as in an M/M/c queue,
which is safe, and late is who waits longer than what full ones leave of the target (`filled.py`).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.batches.beside import lost_batches
from serflow_opt.traffic.batches.filled import BlockBatches, filled, of_size
from serflow_opt.traffic.control.filled import rounds_of, slacks_s
from serflow_opt.traffic.control.slack import MARGIN, MOST_LATE, WaitingSlack, may_be_late
from serflow_opt.traffic.control.worth import LOADS, MachineWorth
from serflow_opt.traffic.queues.erlang import erlang_b
from serflow_opt.traffic.queues.service_time import ServiceTime

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.carrying import Arrivals
    from serflow_opt.traffic.service import Machine, Service


@dataclass(frozen=True)
class BatchSlack(WaitingSlack):
    """What is left for batches to wait, and how many rounds of them do for each worker beside a function."""

    rounds: int = 0

    def room(self, workers: int, rate_per_s: float) -> int:
        """Return how many batches may wait for so many workers.

        Parameters
        ----------
        workers
            Of all machines that serve.
        rate_per_s
            Is of no account: rounds are by full batches.
        """
        return self.rounds * workers

    def room_at(self, workers: int, rate_per_s: float, loads: Floats, shares: Floats) -> int:
        """Return the same at all loads.

        Parameters
        ----------
        workers, rate_per_s, loads, shares
            As of `WaitingSlack.room_at`.
        """
        return self.room(workers, rate_per_s)


class BatchWorth(MachineWorth):
    """Machines of a type in a block that takes batches.

    Parameters
    ----------
    service, b, machine
        The service, the block, and one of its types.
    stay_s
        Seconds that a machine is expected to stay.
    arrivals
        As of `MachineWorth`; batches fill as at random either way.
    """

    def __init__(self, service: Service, b: int, machine: Machine, stay_s: float, arrivals: Arrivals) -> None:
        block = service.blocks[b]
        full = of_size(service, b, block.batch, machine)
        self.machine, self.busy_s = machine, full.seconds / block.batch
        self.rate_per_s = machine.workers / self.busy_s if self.busy_s > 0 else math.inf
        self.alone = block.function is None
        self.usd = 0.0 if self.alone else full.usd / block.batch
        self.restart = machine.usd_per_s * machine.start_s / stay_s
        self.slack: BatchSlack = _slack(service, b, full)
        self._smooth = None
        self._service, self._b = (
            service.with_machines(
                tuple((machine,) if k == b else other.machines for k, other in enumerate(service.blocks))
            ),
            b,
        )
        self._lost, self._kept, self._late = OrderedDict(), OrderedDict(), OrderedDict()

    @cached_property
    def _batches(self) -> list[BlockBatches]:
        """The batches at each of the rates; once they are full there are only more of them."""
        found, reach = list[BlockBatches](), self._service.reach(self._b)
        most, rates = self._service.blocks[self._b].batch, self.load_rates.tolist()
        for rate in rates:
            if found and found[-1].mean >= most * (1 - TOLERANCE):
                break
            found.append(filled(self._service, self._b, rate / reach if reach > 0 else 0.0, "random"))
        return found

    @cached_property
    def _loads(self) -> Floats:
        """Workers that are busy at each of the rates."""
        own = self._batches
        known = np.array([one.load for one in own])
        further = known[-1] * LOADS[len(own) :] / LOADS[len(own) - 1]
        return np.concatenate([known, further])

    def room(self, count: int) -> int:
        """Return how many batches may wait for so many machines."""
        return self.slack.room(count * self.machine.workers, self.rate_per_s)

    def _loses(self, count: int) -> Floats:
        servers, room = count * self.machine.workers, self.room(count)
        own, last = self._batches, len(self._batches) - 1
        each = [own[min(k, last)] for k in range(len(LOADS))]
        return np.array(
            [lost_batches(servers, room, a, b.even, b.cv2) for a, b in zip(self._loads.tolist(), each, strict=True)]
        )

    def _delays(self, count: int) -> Floats:
        servers, loads = count * self.machine.workers, self._loads
        if not len(self.slack.seconds):
            return np.where(servers > loads, 0.0, 1.0)
        seconds = np.array([own.seconds for own in self._batches])
        seconds = np.concatenate([seconds, np.full(len(LOADS) - len(seconds), seconds[-1])])
        blocked, busy = erlang_b(servers, loads), np.minimum(loads / servers, 1.0)
        waits = blocked / np.maximum(1 - busy * (1 - blocked), TOLERANCE)
        longer = np.exp(-np.maximum(servers - loads, 0.0) * self.slack.least_s / np.maximum(seconds, TOLERANCE))
        late: Floats = np.where(loads < servers, np.minimum(waits, 1.0) * longer, 1.0)
        return late


def _slack(service: Service, b: int, full: BlockBatches) -> BatchSlack:
    seconds = slacks_s(service)
    served = ServiceTime.of_moments(full.seconds, 0.0)
    rounds = rounds_of(service, b, seconds[b])
    if math.isinf(seconds[b]):
        return BatchSlack(np.zeros(0), np.zeros(0), 0.0, full.seconds, served, rounds)
    reach, blocks = service.reach(b), sum(bool(block.machines) for block in service.blocks)
    allowed = MARGIN * may_be_late(service) / max(blocks, 1) / reach if reach > 0 else MOST_LATE
    return BatchSlack(np.array([seconds[b]]), np.ones(1), min(MOST_LATE, allowed), full.seconds, served, rounds)
