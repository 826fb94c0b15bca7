"""Target tracking, as autoscalers of Kubernetes (HPA, KEDA) and of clouds (scaling groups) do it.

    desired = ⌈have x utilisation / target⌉

at every look, utilisation by the requests that came since the last one; it may be above 1. Scaling out is at once;
scaling in goes no lower than the highest count that was desired within the stabilisation window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Service

STABILISATION_S = 300.0
"""Kubernetes' default."""
MOST_RECENT = 100
"""Counts that are remembered, however often somebody looks within the window."""


@dataclass
class TrackedPool:
    """Target tracking of one pool of machines.

    Attributes
    ----------
    busy
        Share of the workers that is to be busy.
    recent
        When so many machines were desired, within the stabilisation window.
    """

    busy: float
    recent: list[tuple[float, int]] = field(default_factory=list)

    def count(self, now_s: float, have: int, load: float) -> int:
        """Return how many machines to have.

        Parameters
        ----------
        now_s, have
            The moment, and how many are there.
        load
            How many machines would be busy all the time.
        """
        desired = max(1, math.ceil(load / self.busy * (1 - ROUNDING)))
        inside = [(at, count) for at, count in self.recent if abs(now_s - at) < STABILISATION_S]
        self.recent = [*inside, (now_s, desired)][-MOST_RECENT:]
        return max(desired, min(have, max(count for _, count in self.recent)))


@dataclass
class Tracking:
    """Target tracking of every block, on its first type of machines; functions are left alone, and who finds no worker
    waits.
    """

    service: Service
    busy: float = 0.7
    every_s: float = 60.0
    name: str = "tracking"
    targets: list[TrackedPool] = field(default_factory=list)

    def decide(self, seen: Seen) -> Orders:
        """Follow the target."""
        self.targets = self.targets or [TrackedPool(self.busy) for _ in self.service.blocks]
        machines: list[dict[str, int]] = []
        for b, block in enumerate(self.service.blocks):
            if not block.machines:
                machines.append({})
                continue
            machine, counts = block.machines[0], seen.counts[b]
            have = seen.ready[b].get(machine.name, 0) + seen.starting[b].get(machine.name, 0)
            load = float(counts.mean()) / self.service.rate_per_s(b, machine) if len(counts) else 0.0
            machines.append({machine.name: self.targets[b].count(seen.now_s, have, load)})
        return Orders(tuple(machines))
