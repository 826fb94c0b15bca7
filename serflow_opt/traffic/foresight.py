"""What could be had by knowing all rates in advance, but not each request: a schedule that random arrivals are in.

The clairvoyant bound takes traffic for a fluid, which machines carry whole. Requests come one by one, though, and some
find all workers busy however well the rate is known. Here machine j of a type is worth what it carries more than j - 1
do of Poisson arrivals at each rate (`carrying.py`); since that falls with j, the levels of `slices.py` are the optimum
of a type. Simulated beside the policies, it tells the price of not knowing the rates from the price of randomness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.policy import Orders, Seen
from serflow_opt.traffic.service import Machine, Service
from serflow_opt.traffic.slices import Demand, Levels, Spell, best_levels, moments
from serflow_opt.traffic.trace import Trace


@dataclass(frozen=True, slots=True)
class Foresight:
    """A policy that has its schedule from the start.

    Attributes
    ----------
    machines
        By block, the type that is used; None: the function alone.
    spells
        By block, when each machine is rented.
    """

    machines: tuple[str | None, ...]
    spells: tuple[tuple[Spell, ...], ...]
    every_s: float
    name: str = "foresight"

    def decide(self, seen: Seen) -> Orders:
        """Have what the schedule has now."""
        now = seen.now_s + 1e-6
        return Orders(
            tuple(
                {} if name is None else {name: sum(begin <= now < end for begin, end in spells)}
                for name, spells in zip(self.machines, self.spells, strict=True)
            )
        )


def foresight(service: Service, trace: Trace, every_s: float = 60.0) -> Foresight:
    """Return the policy that knows a trace's rates; blocks need functions, and use one type each."""
    machines: list[str | None] = []
    spells: list[tuple[Spell, ...]] = []
    for b, block in enumerate(service.blocks):
        each = [(machine.name, _levels(service, b, machine, trace, every_s)) for machine in block.machines]
        found = [(levels.usd, name, levels) for name, levels in each]
        best = min(found, key=lambda own: own[:2], default=None)
        rented = best is not None and best[0] < 0
        machines.append(best[1] if best is not None and rented else None)
        spells.append(tuple(best[2].rentals) if best is not None and rented else ())
    return Foresight(tuple(machines), tuple(spells), every_s)


def _levels(service: Service, b: int, machine: Machine, trace: Trace, every_s: float) -> Levels:
    """Best rentals of one type."""
    edges = np.asarray(np.arange(len(trace.counts) + 1) * trace.period_s, dtype=float)
    rates = np.asarray(trace.counts * (service.reach(b) / trace.period_s), dtype=float)
    busy = service.busy_s(b, machine)
    loads = rates * busy
    random = trace.period_s > busy  # shorter periods show the randomness of single requests themselves
    peak = float(loads.max(initial=0.0))
    count = math.ceil((peak + (6 * math.sqrt(peak) + 6) * random) / machine.workers)
    carrying = Carrying("random" if random else "smooth", 1.0)
    carried = carrying.each(count, machine.workers, loads)
    return best_levels(
        Demand(edges, rates),
        moments(trace.seconds, every_s),
        rate=service.rate_per_s(b, machine),
        usd_per_s=machine.usd_per_s,
        start_s=machine.start_s,
        billing_min_s=machine.billing_min_s,
        usd_per_request=service.function_usd(b),
        machines_max=machine.machines_max,
        held=np.diff(carried, axis=0).T / busy,
    )
