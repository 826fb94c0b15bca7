"""Types of machines that need not be looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.traffic.service import Machine


def dominated(
    machines: Iterable[Machine], rates: dict[str, float], beside: Callable[[str, str], bool] | None = None
) -> dict[str, str]:
    """Return types that need not be looked at, each with one that is never worse.

    Whatever a machine of the one serves, k = ⌈r_p / r_q⌉ machines of the other, rented at the same times, serve as
    well: they start no later, bill no longer, cost no more, and there may be any number of them.

    Parameters
    ----------
    machines, rates
        Types, and requests a second of each.
    beside
        Whether the second of two is no worse in what else counts; None: nothing else does.
    """
    kept: list[Machine] = []
    dropped: dict[str, str] = {}

    def worse(p: Machine, q: Machine) -> bool:
        number = math.ceil(rates[p.name] / rates[q.name] * (1 - ROUNDING))
        return (
            q.machines_max is None
            and number * q.usd_per_s <= p.usd_per_s * (1 + ROUNDING)
            and q.start_s <= p.start_s
            and q.billing_min_s <= p.billing_min_s
            and (beside is None or beside(p.name, q.name))
        )

    for machine in machines:
        better = next((q for q in kept if worse(machine, q)), None)
        if better is not None:
            dropped[machine.name] = better.name
            continue
        for q in [q for q in kept if worse(q, machine)]:
            dropped[q.name] = machine.name
            kept.remove(q)
        kept.append(machine)
    for name, other in dropped.items():
        while other in dropped:
            other = dropped[other]
        dropped[name] = other
    return dropped
