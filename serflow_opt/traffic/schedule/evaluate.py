"""What a schedule of machines costs over a trace, exactly.

Nothing here knows of levels or models: it sweeps over the moments at which demand or machines change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rental:
    """One machine: its type, when it is ordered, and when it is stopped."""

    machine: str
    from_s: float
    to_s: float


def rentals_of(machines: Sequence[Machine], plan: Sequence[Sequence[tuple[float, float]]]) -> tuple[Rental, ...]:
    """Return the machines of a plan, which has by type from when to when each is rented, in the order of orders."""
    found = [
        Rental(machine.name, float(begin), float(end))
        for machine, spells in zip(machines, plan, strict=True)
        for begin, end in spells
    ]
    return tuple(sorted(found, key=lambda own: (own.from_s, own.to_s, own.machine)))


@dataclass(frozen=True, slots=True)
class Value:
    """What rentals of a block cost.

    Attributes
    ----------
    usd_functions
        inf where requests are left over and there is no function.
    function_requests
        Requests that no machine serves.
    """

    usd_machines: float
    usd_functions: float
    function_requests: float

    @property
    def usd(self) -> float:
        """All of it."""
        return self.usd_machines + self.usd_functions


def billed_s(machine: Machine, rental: Rental) -> float:
    """Seconds of a rental that are paid for."""
    return max(machine.billing_min_s, rental.to_s - rental.from_s)


def served_per_s(service: Service, b: int, machine: Machine, utilisation_cap: float) -> float:
    """Return the requests a second that a machine serves.

    Parameters
    ----------
    b, utilisation_cap
        Position of the block, and the share η of a machine's rate that is used.
    """
    return utilisation_cap * service.rate_per_s(b, machine)


def evaluate_block(
    service: Service, b: int, trace: Trace, rentals: Sequence[Rental], *, utilisation_cap: float = 1.0
) -> Value:
    """Return what rentals of one block cost.

    Parameters
    ----------
    b, rentals
        Position of the block, and its machines in any order.
    utilisation_cap
        Share of a machine's rate that is used, η.

    Raises
    ------
    InputError
        When a type is unknown, stops before it was ordered, or is rented more often at once than it may be.
    """
    types = {machine.name: machine for machine in service.blocks[b].machines}
    problems = _wrong(types, rentals, f"block {b + 1}")
    if problems:
        raise InputError(problems)
    rent = math.fsum(types[own.machine].usd_per_s * billed_s(types[own.machine], own) for own in rentals)
    edges, capacity = usable_capacity(service, b, trace, rentals, utilisation_cap)
    middle, length = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    period = np.minimum((middle / trace.period_s).astype(np.int64), len(trace.counts) - 1)
    demand = trace.counts[period] * (service.reach(b) / trace.period_s)
    left = math.fsum((np.maximum(demand - capacity, 0.0) * length).tolist())
    price = service.function_usd(b)
    if math.isfinite(price):
        return Value(rent, price * left, left)
    whole = trace.requests * service.reach(b)
    return Value(rent, 0.0, 0.0) if left <= TOLERANCE * whole else Value(rent, math.inf, left)


def evaluate_schedule(
    service: Service, trace: Trace, rentals: Sequence[Sequence[Rental]], *, utilisation_cap: float = 1.0
) -> tuple[Value, ...]:
    """Return what rentals cost, block by block.

    Demand is spread evenly over each period of the trace; at every moment usable machines serve what they can, the
    function the rest.

    Parameters
    ----------
    rentals
        By block, its machines.
    utilisation_cap
        As of `evaluate_block`.

    Raises
    ------
    InputError
        As `evaluate_block` does.
    """
    return tuple(
        evaluate_block(service, b, trace, own, utilisation_cap=utilisation_cap)
        for b, own in zip(range(len(service.blocks)), rentals, strict=True)
    )


def _wrong(types: dict[str, Machine], rentals: Sequence[Rental], place: str) -> list[Problem]:
    """What is wrong with rentals."""
    problems = []
    for own in rentals:
        if own.machine not in types:
            problems.append(
                Problem("", f"{place}, {own.machine}", "no machine of the block", nearest(own.machine, [*types]))
            )
        elif own.to_s <= own.from_s:
            problems.append(
                Problem("", f"{place}, {own.machine}", f"from {own.from_s:g} s to {own.to_s:g} s", "stop later")
            )
    for name, machine in types.items():
        if machine.machines_max is None:
            continue
        changes = sorted(
            change
            for own in rentals
            if own.machine == name
            for change in ((own.from_s, 1), (own.to_s, -1))  # at one moment stops come first
        )
        now = most = 0
        for _, change in changes:
            now += change
            most = max(most, now)
        if most > machine.machines_max:
            problems.append(Problem("", f"{place}, {name}", f"{most} at once", f"at most {machine.machines_max}"))
    return problems


def usable_capacity(
    service: Service, b: int, trace: Trace, rentals: Sequence[Rental], cap: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the moments at which demand or capacity changes, and the requests a second that can be served between.

    Parameters
    ----------
    service, b
        A service, and the block of it that is meant.
    trace
        Requests a period.
    rentals
        Machines of the block, in any order.
    cap
        Share of the time that machines may be busy.
    """
    types = {machine.name: machine for machine in service.blocks[b].machines}
    end = trace.seconds
    changes: dict[float, dict[str, int]] = {}
    for own in rentals:
        begin, stop = max(own.from_s + types[own.machine].start_s, 0.0), min(own.to_s, end)
        if begin < stop:
            for moment, change in ((begin, 1), (stop, -1)):
                at = changes.setdefault(moment, {})
                at[own.machine] = at.get(own.machine, 0) + change
    edges = np.union1d(np.arange(len(trace.counts) + 1) * trace.period_s, np.array(list(changes), dtype=float))
    capacity = np.zeros(len(edges) - 1)
    for name, machine in types.items():
        moments = sorted(moment for moment, change in changes.items() if change.get(name))
        counts = np.zeros(len(edges), dtype=np.int64)
        counts[np.searchsorted(edges, moments)] = [changes[moment][name] for moment in moments]
        usable = np.cumsum(counts)[:-1]  # counted in machines, so that none of them remains by rounding
        rate = served_per_s(service, b, machine, cap)
        capacity += np.where(usable > 0, usable * (rate if math.isfinite(rate) else 1e300), 0.0)
    return edges, capacity
