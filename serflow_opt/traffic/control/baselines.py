"""What others do, to compare with: functions only, machines for the maximum, an autoscaler, LIBRA, SERFLOW.

All take a service with one machine type a block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from serflow_opt.traffic.demand.forecast import Ewma
from serflow_opt.traffic.provision.indifference import machines_for
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Service


@dataclass
class Fixed:
    """The same machines all the time.

    Attributes
    ----------
    counts
        Machines by block; where it has pools that share its requests, by pool.
    queue_max, keep_warm
        As of `Orders`.
    """

    service: Service
    counts: Sequence[int | tuple[int, ...]]
    name: str = "fixed"
    every_s: float = 300.0
    queue_max: tuple[int | tuple[int, ...], ...] = ()
    keep_warm: tuple[int, ...] = ()

    def decide(self, seen: Seen) -> Orders:
        """Keep them."""
        pairs = zip(self.service.blocks, self.counts, strict=True)
        return Orders(tuple(_of(block, count) for block, count in pairs), self.queue_max, keep_warm=self.keep_warm)


@dataclass
class Autoscaler:
    """Scale out above one utilisation and in below another, to the middle between them; nothing for a while after.

    70 and 30 %, and two minutes of grace, are what LIBRA's simulator gives its autoscaler; that adds and takes ten
    machines at a time, this one as many as the middle needs.
    """

    service: Service
    out_above: float = 0.7
    in_below: float = 0.3
    grace_s: float = 120.0
    every_s: float = 60.0
    name: str = "autoscaler"
    scaled_at: list[float] = field(default_factory=list)

    def decide(self, seen: Seen) -> Orders:
        """Scale each block by its utilisation since the last decision."""
        self.scaled_at = self.scaled_at or [-math.inf] * len(self.service.blocks)
        return Orders(tuple(_of(block, self._count(b, seen)) for b, block in enumerate(self.service.blocks)))

    def _count(self, b: int, seen: Seen) -> int:
        machine, counts = self.service.blocks[b].machines[0], seen.counts[b]
        have = seen.ready[b].get(machine.name, 0) + seen.starting[b].get(machine.name, 0)
        if not have or not len(counts):
            return max(have, 1)
        load = float(counts.mean()) / self.service.rate_per_s(b, machine)
        used = load / have
        if seen.now_s - self.scaled_at[b] < self.grace_s or self.in_below <= used <= self.out_above:
            return have
        self.scaled_at[b] = seen.now_s
        return max(1, math.ceil(load / ((self.out_above + self.in_below) / 2)))


@dataclass
class Libra:
    """LIBRA's rule as its authors' simulator has it (arXiv 2104.05491; github.com/Zongshun96/LIBRA).

    Every period: share = int(μ + φ σ) requests a second, machines = ⌈share / capacity⌉; the first int(η share) requests
    of a second go to machines, the rest to functions. When scaling up the new share counts only when the machines have
    started, when scaling down at once. One run time is assumed for all requests: that of the whole network, or, with
    `knows_mean`, the mean. Theirs keeps no environments warm, as `keep_warm` may say.
    """

    service: Service
    weight: float = 0.2
    deviations: float = 1.0
    to_machines: float = 0.8
    every_s: float = 300.0
    least: int = 0
    knows_mean: bool = False
    keep_warm: tuple[int, ...] = ()
    name: str = "LIBRA"
    ewmas: list[Ewma] = field(default_factory=list)
    quotas: list[int] = field(default_factory=list)

    def decide(self, seen: Seen) -> Orders:
        """Apply the rule to each block."""
        if not self.ewmas:
            self.ewmas = [Ewma(self.weight) for _ in self.service.blocks]
            self.quotas = [0] * len(self.service.blocks)
        machines: list[dict[str, int]] = []
        quotas: list[tuple[tuple[float, int], ...]] = []
        for b, block in enumerate(self.service.blocks):
            self.ewmas[b].observe(seen.counts[b].astype(float))
            if not block.machines:
                machines.append({})
                quotas.append(((seen.now_s, 0),))
                continue
            share, count = self._share(b)
            name = block.machines[0].name
            have = seen.ready[b].get(name, 0) + seen.starting[b].get(name, 0)
            quota = int(self.to_machines * share)
            later = seen.now_s + (block.machines[0].start_s if count > have else 0.0)
            quotas.append(((seen.now_s, self.quotas[b]), (later, quota)))
            machines.append({name: count})
            self.quotas[b] = quota
        return Orders(tuple(machines), quota=tuple(quotas), keep_warm=self.keep_warm)

    def _share(self, b: int) -> tuple[float, int]:
        """Requests a second that are planned for, and machines."""
        ewma, machine = self.ewmas[b], self.service.blocks[b].machines[0]
        share = float(int((ewma.mean or 0.0) + self.deviations * ewma.deviation))
        one = self.service.busy_s(b, machine) if self.knows_mean else machine.seconds[-1]
        capacity = machine.workers / one if one > 0 else math.inf
        return share, max(self.least, math.ceil(share / capacity))


@dataclass
class Serflow(Libra):
    """SERFLOW's published rule (arXiv 2510.27182): LIBRA's mean and deviation, but for each block of stages on its own.

    A block sees its own requests and their own run times. What is left above the last full machine goes to the function
    when it is below the block's T-CIP; machines are filled to η.
    """

    name: str = "SERFLOW"

    def _share(self, b: int) -> tuple[float, int]:
        """Requests a second that are planned for machines, and machines."""
        ewma, block = self.ewmas[b], self.service.blocks[b]
        wanted = (ewma.mean or 0.0) + self.deviations * ewma.deviation
        machine = block.machines[0]
        rate = self.service.rate_per_s(b, machine)
        count = max(self.least, machines_for(wanted, machine.usd_per_s, rate, self.service.function_usd(b)))
        return min(wanted, count * rate), count


def _of(block: Block, count: int | tuple[int, ...]) -> dict[str, int]:
    if isinstance(count, tuple):
        return {machine.name: own for machine, own in zip(block.machines, count, strict=True)}
    return {block.machines[0].name: count} if block.machines else {}
