"""What could be had by knowing all rates in advance, but not each request: a schedule that random arrivals are in.

The clairvoyant bound takes traffic for a fluid, which machines carry whole. Requests come one by one, though, and some
find all workers busy however well the rate is known. Here machine j of a type is worth what it carries more than j - 1
do of Poisson arrivals at each rate, those among them that wait within the slack (`worth.py`); where that falls with j,
the levels of `levels.py` are the optimum of a type. Simulated beside the policies, it tells the price of not knowing
the rates from the price of randomness.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import ROUNDING, SHORTLY_S
from serflow_opt.traffic.control.worth import LOADS, MOST_MACHINES, MachineWorth
from serflow_opt.traffic.demand.forecast import distribution
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.schedule.levels import Demand, Levels, Spell, best_levels, moments
from serflow_opt.traffic.service import Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

EACH = 100
"""So many machines are weighed one by one."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """A policy that has its schedule from the start.

    Attributes
    ----------
    machines
        By block, the type that is used; None: the function alone.
    spells
        By block, when each machine is rented.
    worths
        By block, what machines of the type are worth.
    rates, period_s
        By block, requests a second, period by period, and how long a period is.
    keep_warm
        As of `Orders`.
    """

    machines: tuple[str | None, ...]
    spells: tuple[tuple[Spell, ...], ...]
    worths: tuple[MachineWorth | None, ...]
    rates: tuple[NDArray[np.float64], ...]
    period_s: float
    every_s: float
    name: str = "foresight"
    keep_warm: tuple[int, ...] = ()

    def decide(self, seen: Seen) -> Orders:
        """Have what the schedule has now, and let wait who is in time for machines that serve."""
        now = seen.now_s + SHORTLY_S
        wanted = [sum(begin <= now < end for begin, end in spells) for spells in self.spells]
        names = list(zip(self.machines, wanted, strict=True))
        waiting = [
            0 if name is None or worth is None else self._room(b, seen, worth, count)
            for b, ((name, count), worth) in enumerate(zip(names, self.worths, strict=True))
        ]
        machines = tuple({} if name is None else {name: count} for name, count in names)
        return Orders(machines, tuple(waiting), keep_warm=self.keep_warm)

    def _room(self, b: int, seen: Seen, worth: MachineWorth, count: int) -> int:
        """Return how many may wait in a block until the next decision."""
        serving = min(count, seen.ready[b].get(worth.machine.name, 0))
        first, last = (math.floor(s / self.period_s) for s in (seen.now_s, seen.now_s + self.every_s - SHORTLY_S))
        coming = self.rates[b][first : last + 1]
        known = distribution(coming, np.full(len(coming), 1 / len(coming))) if len(coming) else None
        return worth.room_for(serving * worth.machine.workers, serving * worth.rate_per_s, known)


def foresight(service: Service, trace: Trace, every_s: float = 60.0, deadline: Deadline = NEVER) -> Foresight:
    """Return the policy that knows a trace's rates; each block uses one type of machines, or its function alone.

    Parameters
    ----------
    service
        Blocks, each with the machine types it may use and its function.
    trace
        Its counts are taken for the rates, period by period.
    every_s
        Seconds between decisions.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        At the deadline.
    """
    machines: list[str | None] = []
    spells: list[tuple[Spell, ...]] = []
    worths: list[MachineWorth | None] = []
    for b, block in enumerate(service.blocks):
        must = block.function is None
        try:
            each = [(own.name, _levels(service, b, own, trace, every_s, deadline)) for own in block.machines]
        except OutOfTime:
            raise OutOfTime(f"no schedule of block {b + 1} was found; allow more time") from None
        found = [(not levels.covered if must else False, levels.usd, name, levels) for name, levels in each]
        best = min(found, key=lambda own: own[:3], default=None)
        if best is None or not (must or best[1] < 0):
            machines.append(None)
            spells.append(())
            worths.append(None)
        else:
            machines.append(best[2])
            spells.append(tuple(best[3].rentals))
            (own,) = (machine for machine in block.machines if machine.name == best[2])
            worths.append(MachineWorth(service, b, own, 1.0, "random"))
    blocks = range(len(service.blocks))
    rates = tuple(np.asarray(trace.counts * (service.reach(b) / trace.period_s), dtype=float) for b in blocks)
    return Foresight(
        tuple(machines), tuple(spells), tuple(worths), rates, trace.period_s, every_s, keep_warm=service.keep_warm
    )


def _levels(service: Service, b: int, machine: Machine, trace: Trace, every_s: float, deadline: Deadline) -> Levels:
    """Best rentals of one type."""
    edges = np.asarray(np.arange(len(trace.counts) + 1) * trace.period_s, dtype=float)
    rates = np.asarray(trace.counts * (service.reach(b) / trace.period_s), dtype=float)
    busy = service.busy_s(b, machine)
    loads = rates * busy
    random = trace.period_s > busy  # shorter periods show the randomness of single requests themselves
    worth = MachineWorth(service, b, machine, 1.0, "random" if random else "smooth")
    if service.blocks[b].function is None:
        return _alone(worth, Demand(edges, rates), loads, random, every_s, deadline)
    peak = float(loads.max(initial=0.0))
    count = math.ceil((peak + (6 * math.sqrt(peak) + 6) * random) / machine.workers)
    held = _held(worth, count, loads) if busy > 0 else None
    return best_levels(
        Demand(edges, rates),
        moments(trace.seconds, every_s),
        rate=service.rate_per_s(b, machine),
        usd_per_s=machine.usd_per_s,
        start_s=machine.start_s,
        billing_min_s=machine.billing_min_s,
        usd_per_request=service.function_usd(b),
        machines_max=machine.machines_max,
        held=held,
        deadline=deadline,
    )


def _held(worth: MachineWorth, counts: int, loads: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return requests a second that machine 1, .., counts carries more than those before it at each load.

    As many may wait as a whole number, so that one machine more may now and then add more than the one before; the
    levels take them in falling order. Many machines are weighed some at a time, equally within; equal loads, of which
    counts of requests make many, once.
    """
    each, which = np.unique(loads, return_inverse=True)
    more, before, weighed = np.empty((len(each), counts)), np.zeros(len(each)), 0
    for n in _weighed(counts):
        carried = (1 - worth.lost_of(n, each)) * each / worth.busy_s
        more[:, weighed:n] = ((carried - before) / (n - weighed))[:, None]
        before, weighed = carried, n
    held: NDArray[np.float64] = np.sort(np.maximum(more, 0.0, out=more), axis=1)[:, ::-1][which]
    return held


def _weighed(most: int) -> Iterator[int]:
    """Yield 1, 2, .., and above `EACH` every hundredth part more, up to a number of machines and with it."""
    n = 0
    while n < most:
        n = min(most, n + 1 + n // EACH)
        yield n


def _alone(
    worth: MachineWorth, demand: Demand, loads: NDArray[np.float64], random: bool, every_s: float, deadline: Deadline
) -> Levels:
    """Best rentals of a type that has to serve all: in each period machines that keep the target at its rate.

    Once the first machine is needed one stays: somebody may be waiting. Orders may lie before second 0, as far as
    machines take to start; a policy cannot give them before, so who comes first waits.
    """
    machine = worth.machine
    if random and len(worth.slack.seconds):
        needed = _fewest(worth, loads)
    else:  # who comes evenly need not wait; where there is no target there is room for random arrivals
        workers = loads + (2 * np.sqrt(loads) if random else 0.0)
        needed = np.ceil(workers / machine.workers * (1 - ROUNDING))
    needed = np.maximum(needed, np.cumsum(demand.rates) > 0)
    return best_levels(
        Demand(demand.edges, needed),
        moments(float(demand.edges[-1]), every_s, [machine.start_s]),
        rate=1.0,
        usd_per_s=machine.usd_per_s,
        start_s=machine.start_s,
        billing_min_s=machine.billing_min_s,
        machines_max=machine.machines_max,
        deadline=deadline,
    )


def _fewest(worth: MachineWorth, loads: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the fewest machines that make no more late than may be, for each load."""
    needed, missing = np.zeros(len(loads)), loads > 0
    for count in _weighed(MOST_MACHINES):
        if not missing.any():
            break
        needed[missing] = count
        missing &= np.interp(loads, LOADS, worth.late(count)) > worth.slack.allowed
    return needed
