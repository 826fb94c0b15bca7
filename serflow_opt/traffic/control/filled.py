"""Machines for blocks that take batches: as many as their targets ask for at the rate that was seen.

A batch of a block holds a worker for a known time at each rate (`batches/filled.py`), and waits for one as in an
M/M/c queue, which is safe: times of batches vary less. What is left of the target when every batch waits as long as it
may and is full is divided among the blocks by the times of their batches; a block has the fewest machines with which
the share of batches that wait longer than its part is what the target allows, and at most `BUSY` of them are busy.

Beside a function nobody waits too long: as many batches wait as the rest of the target has rounds of full ones for, the
others are called, and machines are as many as cost least with what they leave (`batches/beside.py`), none if calls
alone cost less.

Scaling out is at once, to the highest rate of the last while, or to where a rising one will be when machines that are
ordered now have started and the next ones have not (`demand/trend.py`); scaling in goes no lower than what was asked
for within the stabilisation window, as of target tracking.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.batches.beside import lost_batches
from serflow_opt.traffic.batches.filled import filled
from serflow_opt.traffic.control.tracking import STABILISATION_S
from serflow_opt.traffic.demand.trend import WINDOW_S, risen
from serflow_opt.traffic.provision.lateness import TAIL
from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.scaling_policy import Orders, Seen

if TYPE_CHECKING:
    from serflow_opt.traffic.batches.filled import BlockBatches
    from serflow_opt.traffic.service import Block, Function, Machine, Service

BUSY = 0.8
"""Share of the machines that is busy, at most."""
ROUNDS_MAX = 8
"""Batches that wait for each worker beside a function, at most: more take hardly anything from it."""
MEAN_S = 10
"""Rates are means over so many seconds: over less, random arrivals show."""
STEP = 1.05
"""Rates are rounded up to powers of this: what machines they ask for is counted once."""


class FilledBatches:
    """A policy for services whose blocks take batches.

    Parameters
    ----------
    service
        Its blocks have machines of one type, a function, or both.
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
        self._slack_s = slacks_s(service)
        self._rounds = [rounds_of(service, b, slack) for b, slack in enumerate(self._slack_s)]
        self._known: dict[tuple[int, int], int] = {}
        self._came = [np.zeros(0) for _ in service.blocks]
        self._recent: list[list[tuple[float, int]]] = [[] for _ in service.blocks]

    def decide(self, seen: Seen) -> Orders:
        """Follow the rates."""
        machines = list[dict[str, int]]()
        for b, block in enumerate(self.service.blocks):
            if not block.machines:
                machines.append({})
                continue
            self._came[b] = np.concatenate([self._came[b], seen.counts[b]])[-WINDOW_S:]
            rate = _highest(seen.counts[b]) if len(seen.counts[b]) else self._first[b]
            rate *= risen(self._came[b], block.machines[0].start_s + self.every_s)
            wanted = self.count(b, rate)
            inside = [own for own in self._recent[b] if seen.now_s - own[0] < STABILISATION_S]
            self._recent[b] = [*inside, (seen.now_s, wanted)]
            machines.append({block.machines[0].name: max(count for _, count in self._recent[b])})
        return Orders(tuple(machines), tuple(self._waiting(b, own, seen) for b, own in enumerate(machines)))

    def _waiting(self, b: int, wanted: dict[str, int], seen: Seen) -> int:
        """Return how many batches may wait for the machines of a block beside its function."""
        block = self.service.blocks[b]
        if not block.machines or block.function is None:
            return 0
        first = block.machines[0]
        return self._rounds[b] * first.workers * min(wanted[first.name], seen.ready[b].get(first.name, 0))

    def count(self, b: int, rate: float) -> int:
        """Return the machines of a block for a rate of requests that enter it, at least 1 without a function."""
        step = math.ceil(math.log(max(rate, 1e-3), STEP) - ROUNDING)
        if (b, step) not in self._known:
            self._known[b, step] = self._fewest(b, STEP**step)
        return self._known[b, step]

    def _fewest(self, b: int, rate: float) -> int:
        service, machine = self.service, self.service.blocks[b].machines[0]
        reach = service.reach(b)
        function = service.blocks[b].function
        if not reach > 0:
            return 1 if function is None else 0
        own = filled(service, b, rate / reach, "random")
        if function is not None:
            return self._cheapest(b, own)
        blocks = sum(bool(block.machines) for block in service.blocks)
        late = max(1 - service.quantile, TAIL) / blocks
        count = max(1, math.ceil(own.load / (BUSY * machine.workers) * (1 - ROUNDING)))
        most = math.inf if machine.machines_max is None else machine.machines_max
        while count < most and _waits(count * machine.workers, own.load, own.seconds, self._slack_s[b]) > late:
            count += 1
        return int(min(count, most))

    def _cheapest(self, b: int, own: BlockBatches) -> int:
        """Return the machines beside a function of the least cost: rent, and calls for what they leave."""
        machine, called = self.service.blocks[b].machines[0], own.batches * own.usd
        most = math.inf if machine.machines_max is None else machine.machines_max
        best, least, count = 0, called, 1
        while count <= most and machine.usd_per_s * count < least:
            servers = count * machine.workers
            left = lost_batches(servers, self._rounds[b] * servers, own.load, own.even, own.cv2)
            usd = machine.usd_per_s * count + called * left
            if usd < least:
                best, least = count, usd
            count += 1
        return best


def _waits(servers: int, load: float, seconds: float, slack_s: float) -> float:
    """Share of batches that wait longer than the slack, M/M/c."""
    if math.isinf(slack_s) or not seconds > 0:
        return 0.0
    if load >= servers:
        return 1.0
    return float(erlang_c(servers, load) * math.exp(-(servers - load) * slack_s / seconds))


def slacks_s(service: Service) -> list[float]:
    """Return what batches of each block may wait for machines."""
    if service.slo_s is None:
        return [math.inf] * len(service.blocks)
    times, path = [], 0.0
    for block in service.blocks:
        ways = _ways_s(block)
        times.append(ways[0] if block.machines else 0.0)
        path += block.hop_s + block.batch_wait_s + max(ways)
    left = service.slo_s - path
    if left < -ROUNDING * service.slo_s:
        found = f"{service.slo_s * 1000:g} ms, and full batches take {path * 1000:g} ms with their waits"
        raise InputError([Problem(service.name, "latency_slo_ms", found, "raise it, or offer shorter waits")])
    whole = math.fsum(times) or 1.0
    return [max(left, 0.0) * own / whole for own in times]


def _ways_s(block: Block) -> list[float]:
    """Seconds of a full batch on machines, and of a full call with a cold start, of those there are."""
    ways = [_full_s(own, block.batch) for own in block.machines[:1]]
    if block.function is not None:
        ways.append(_full_s(block.function, block.call) + block.function.cold_start_s)
    return ways


def _full_s(runs: Machine | Function, most: int) -> float:
    """Seconds of a full batch, or a full call."""
    return math.fsum(own[most - 1] for own in runs.stage_s) if runs.stage_s else runs.seconds[-1]


def rounds_of(service: Service, b: int, slack_s: float) -> int:
    """Return how many full batches one behind the other fit into what a block has of the target, hand-overs included.

    Parameters
    ----------
    service, b
        The service, and the position of the block.
    slack_s
        What the block has.
    """
    block, behind = service.blocks[b], service.blocks[b + 1 :]
    if not block.machines or block.function is None:
        return 0
    ways = _ways_s(block)
    slack_s += max(ways) - ways[0]  # what the function takes longer is no time of the machines
    full = ways[0] + (behind[0].hop_s if behind and block.machines[0].sends else 0.0)
    return ROUNDS_MAX if math.isinf(slack_s) or not full > 0 else min(ROUNDS_MAX, math.floor(slack_s / full + ROUNDING))


def _highest(counts: np.ndarray) -> float:
    """The highest mean rate over `MEAN_S` of counts by second."""
    width = min(MEAN_S, len(counts))
    sums = np.convolve(counts, np.ones(width), mode="valid")
    return float(sums.max()) / width
