"""How many environments the controller keeps warm: as many as were planned, fewer where machines carry the load.

That is where they are reached by calls at once. Those that have names cost a thousandth of a machine's rent or less,
and a rate that is forecast too low, as before a burst, costs cold calls: they are always kept.

What machines leave to the function comes in calls that need fewer environments, and those beyond a number n take
Σ_{m > n} o_m of them (`cold.py`). The fewest are kept that leave no more to those beyond than would be late if all of
it were cold, and no fewer than two decisions in a row ask for.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.control.cold import environments, late_when_cold
from serflow_opt.traffic.control.slack import MARGIN, may_be_late
from serflow_opt.traffic.demand import saved

if TYPE_CHECKING:
    from serflow_opt.traffic.control.worth import MachineWorth
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.service import Service


class WarmOrders:
    """Environments of the function of a block that are kept warm.

    Parameters
    ----------
    service, b
        The service, which says how many are kept where machines do not carry the load, and the block.

    Attributes
    ----------
    planned, given, before
        As many as the service says, as were kept last, and as were needed then.
    """

    def __init__(self, service: Service, b: int) -> None:
        self.planned = service.keep_warm[b] if service.keep_warm else 0
        self.before = self.given = self.planned
        function = service.blocks[b].function
        self._always = function is None or function.named
        if not self._always:
            share = late_when_cold(service, b) * service.reach(b) * len(service.blocks)
            self._beyond = MARGIN * may_be_late(service) / share if share > 0 else 1.0
            self._mean_s = service.function_s(b)

    def count(self, worth: MachineWorth | None, machines: int, rates: Rates | None) -> int:
        """Return how many to keep now.

        Parameters
        ----------
        worth, machines
            What machines of the type that serves are worth, and how many do; None: none does.
        rates
            As forecast; None: nothing was seen yet.
        """
        needed = self.planned
        if (
            self.planned > 1
            and not self._always
            and worth is not None
            and machines
            and rates is not None
            and rates.mean > 0
        ):
            called = rates.rates * worth.lost_of(machines, rates.rates * worth.busy_s)
            taken = environments(called, rates.shares, self._mean_s)
            beyond = np.append(np.cumsum(taken[::-1])[::-1], 0.0)  # what those after the first n take
            needed = min(self.planned, max(1, int(np.argmax(beyond <= self._beyond * rates.mean))))
        self.given, self.before = max(needed, min(self.before, self.planned)), needed
        return self.given

    def state(self) -> dict[str, int]:
        """Return what is remembered, to be written as JSON."""
        return {"given": self.given, "before": self.before}

    def restored(self, own: object, place: str) -> WarmOrders:
        """Return a copy that goes on from a saved state; None: one of a version that kept none warm.

        Parameters
        ----------
        own, place
            What `state` returned, and what leads there.
        """
        fresh = copy.copy(self)
        if own is not None:
            numbers = saved.mapping(own, place)
            fresh.given, fresh.before = (saved.whole(numbers, key, f"{place}.", low=0) for key in ("given", "before"))
        return fresh
