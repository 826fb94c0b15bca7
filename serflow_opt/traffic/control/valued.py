"""The plan of a block by what machines are worth: which type, how many, and what stays until it is there."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serflow_opt.traffic.control.batch_worth import BatchWorth
from serflow_opt.traffic.control.worth import MachineWorth
from serflow_opt.traffic.demand import saved

if TYPE_CHECKING:
    from serflow_opt.traffic.carrying import Arrivals
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.service import Service

RETRY_S = 300.0
"""A type whose machines do not start is left alone for so long."""


class ValuedMachines:
    """Machines of a block, by their worth.

    Parameters
    ----------
    service, b
        The service, and the block.
    stay_s, arrivals
        As of `MachineWorth`.
    """

    def __init__(self, service: Service, b: int, stay_s: float, arrivals: Arrivals) -> None:
        self.block = service.blocks[b]
        self.worths: dict[str, MachineWorth] = {
            machine.name: (BatchWorth if self.block.batch > 1 else MachineWorth)(service, b, machine, stay_s, arrivals)
            for machine in self.block.machines
        }
        self._not_before: dict[str, float] = {}
        self._lower: dict[str, tuple[float, int]] = {}  # since when fewer are needed than there are, and how many were

    def did_not_start(self, name: str, now_s: float) -> None:
        """Leave a type alone for a while."""
        self._not_before[name] = now_s + RETRY_S

    def choice(self, now_s: float, rates: Rates, have: Mapping[str, int]) -> tuple[str, int]:
        """Return the cheapest type, and how many of it to have; another one than there is has to pay for its starts.

        Parameters
        ----------
        now_s, rates
            The moment, and the forecast.
        have
            Machines that serve or start, by type: all types of the block, one at least.
        """
        may_start = self._may_start(now_s, have)
        plans = []
        for name in may_start or have:
            worth = self.worths[name]
            count, usd = worth.best(rates, have[name])
            plans.append((usd + worth.restart * max(0, count - have[name]), name, count))
        _, name, count = min(plans)
        if self.worths[name].alone:
            count = self._stays(name, count, have[name], now_s)
        return name, count

    def machines(self, now_s: float, name: str, count: int, have: Mapping[str, int]) -> dict[str, int]:
        """Return the machines to have by type, when so many of one type are wanted, beside what others are there.

        Parameters
        ----------
        now_s, name, count
            The moment, the type, and how many of it.
        have
            As of `choice`.
        """
        if not self._may_start(now_s, have):
            count = min(count, have[name])  # an order would fail again
        return {other: count if other == name else self._kept(other, name, have, count) for other in have}

    def _may_start(self, now_s: float, have: Mapping[str, int]) -> list[str]:
        """Types that may be ordered; who would have to wait longer was told so by a clock that was set back."""
        return [name for name in have if not 0 < self._not_before.get(name, now_s) - now_s <= RETRY_S]

    def state(self) -> dict[str, Any]:
        """Return what is remembered, to be written as JSON."""
        lower = {name: [since, count] for name, (since, count) in self._lower.items()}
        return {"not_before": dict(self._not_before), "lower": lower}

    def restored(self, own: Mapping[str, Any], place: str, later: float) -> ValuedMachines:
        """Return a copy that goes on from a saved state.

        Parameters
        ----------
        own, place
            The mapping that has it, and what leads there.
        later
            Seconds by which the new clock is ahead of the old one.
        """
        waits = saved.mapping(saved.entry(own, "not_before", place), f"{place}not_before")
        not_before = {name: saved.number(waits, name, f"{place}not_before.") + later for name in waits}
        lower = {}
        for name, pair in saved.mapping(saved.entry(own, "lower", place), f"{place}lower").items():
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise saved.damaged(f"{place}lower.{name}", pair, "a moment and a count")
            inside = {"since": pair[0], "count": pair[1]}
            since = saved.number(inside, "since", f"{place}lower.{name}.") + later
            lower[str(name)] = (since, saved.whole(inside, "count", f"{place}lower.{name}.", low=0))
        fresh = copy.copy(self)
        fresh._not_before, fresh._lower = not_before, lower
        return fresh

    def _stays(self, name: str, count: int, have: int, now_s: float) -> int:
        """Keep machines that are not needed for as long as their start would take: then they have cost as much."""
        if count >= have:
            self._lower.pop(name, None)
            return count
        since, most = self._lower.get(name, (now_s, count))
        most = max(most, count)
        if 0 <= now_s - since < self.worths[name].machine.start_s:
            self._lower[name] = (since, most)
            return have
        self._lower[name] = (now_s, count)
        return most

    def _kept(self, other: str, chosen: str, have: Mapping[str, int], count: int) -> int:
        """Machines of other types stay until those that take their place are there."""
        missing = count - have[chosen]
        if missing <= 0:
            return 0
        each = self.worths[chosen].rate_per_s / self.worths[other].rate_per_s  # to serve as much
        return min(have[other], math.ceil(missing * each))
