"""Machines for blocks that take batches: as many as their targets ask for at the rate that was seen.

A batch of a block holds a worker for a known time at each rate (`batches/filled.py`), and waits for one as in an
M/M/c queue, which is safe: times of batches vary less. What is left of the target when every batch waits as long as it
may and is full is divided among the blocks by the times of their batches; a block has the fewest machines with which
the share of batches that wait longer than its part is what the target allows, and at most `BUSY` of them are busy.

Scaling out is at once, to the highest rate of the last while; scaling in goes no lower than what was asked for within
the stabilisation window, as of target tracking.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.batches.filled import filled
from serflow_opt.traffic.control.tracking import STABILISATION_S
from serflow_opt.traffic.provision.lateness import TAIL
from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.scaling_policy import Orders, Seen

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Service

BUSY = 0.8
"""Share of the machines that is busy, at most."""
MEAN_S = 10
"""Rates are means over so many seconds: over less, random arrivals show."""
STEP = 1.05
"""Rates are rounded up to powers of this: what machines they ask for is counted once."""


class FilledBatches:
    """A policy for services whose blocks take batches.

    Parameters
    ----------
    service
        Its blocks have machines of one type or a function each.
    every_s
        Seconds between decisions.
    rate
        Requests a second at the beginning, before any was seen.
    name
        What tables call it.

    Raises
    ------
    InputError
        When full batches that wait as long as they may miss the target.
    """

    def __init__(self, service: Service, every_s: float = 60.0, *, rate: float = 0.0, name: str = "batches") -> None:
        self.service, self.every_s, self.name = service, every_s, name
        self._first = [rate * service.reach(b) for b in range(len(service.blocks))]
        self._slack_s = _slack_s(service)
        self._known: dict[tuple[int, int], int] = {}
        self._recent: list[list[tuple[float, int]]] = [[] for _ in service.blocks]

    def decide(self, seen: Seen) -> Orders:
        """Follow the rates."""
        machines = list[dict[str, int]]()
        for b, block in enumerate(self.service.blocks):
            if not block.machines:
                machines.append({})
                continue
            rate = _highest(seen.counts[b]) if len(seen.counts[b]) else self._first[b]
            wanted = self.count(b, rate)
            inside = [own for own in self._recent[b] if seen.now_s - own[0] < STABILISATION_S]
            self._recent[b] = [*inside, (seen.now_s, wanted)]
            machines.append({block.machines[0].name: max(count for _, count in self._recent[b])})
        return Orders(tuple(machines))

    def count(self, b: int, rate: float) -> int:
        """Return the machines of a block for a rate of requests that enter it, at least 1."""
        step = math.ceil(math.log(max(rate, 1e-3), STEP) - ROUNDING)
        if (b, step) not in self._known:
            self._known[b, step] = self._fewest(b, STEP**step)
        return self._known[b, step]

    def _fewest(self, b: int, rate: float) -> int:
        service, machine = self.service, self.service.blocks[b].machines[0]
        reach = service.reach(b)
        if not reach > 0:
            return 1
        own = filled(service, b, rate / reach, "random")
        blocks = sum(bool(block.machines) for block in service.blocks)
        late = max(1 - service.quantile, TAIL) / blocks
        count = max(1, math.ceil(own.load / (BUSY * machine.workers) * (1 - ROUNDING)))
        most = math.inf if machine.machines_max is None else machine.machines_max
        while count < most and _waits(count * machine.workers, own.load, own.seconds, self._slack_s[b]) > late:
            count += 1
        return int(min(count, most))


def _waits(servers: int, load: float, seconds: float, slack_s: float) -> float:
    """Share of batches that wait longer than the slack, M/M/c."""
    if math.isinf(slack_s) or not seconds > 0:
        return 0.0
    if load >= servers:
        return 1.0
    return float(erlang_c(servers, load) * math.exp(-(servers - load) * slack_s / seconds))


def _slack_s(service: Service) -> list[float]:
    """Return what batches of each block may wait for machines."""
    if service.slo_s is None:
        return [math.inf] * len(service.blocks)
    times, path = [], 0.0
    for block in service.blocks:
        runs = block.machines[0] if block.machines else block.function
        assert runs is not None
        cold = block.function.cold_start_s if block.function is not None and not block.machines else 0.0
        full = math.fsum(own[block.batch - 1] for own in runs.stage_s) if runs.stage_s else runs.seconds[-1]
        times.append(full if block.machines else 0.0)
        path += block.hop_s + block.batch_wait_s + full + cold
    left = service.slo_s - path
    if left < -ROUNDING * service.slo_s:
        found = f"{service.slo_s * 1000:g} ms, and full batches take {path * 1000:g} ms with their waits"
        raise InputError([Problem(service.name, "latency_slo_ms", found, "raise it, or offer shorter waits")])
    whole = math.fsum(times) or 1.0
    return [max(left, 0.0) * own / whole for own in times]


def _highest(counts: np.ndarray) -> float:
    """The highest mean rate over `MEAN_S` of counts by second."""
    width = min(MEAN_S, len(counts))
    sums = np.convolve(counts, np.ones(width), mode="valid")
    return float(sums.max()) / width
