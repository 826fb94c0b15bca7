"""From blocks to the model of who serves what, and back: several types, and requests that may wait."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.backend.highs import HighsModel
from serflow_opt.formulations.dispatch import CarbonWithin, Deferral, DispatchedType, dispatch_model
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import INTEGRAL, MOMENT
from serflow_opt.traffic.schedule.emitted import CarbonPrice, hours_of, request_grams
from serflow_opt.traffic.schedule.levels import Demand, Spell
from serflow_opt.traffic.schedule.priced import MayWait, PricedBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

SIZE = 1e3
"""The objective of a model, about: its unit is chosen so."""


class Dispatching:
    """The model of some blocks at a price.

    Parameters
    ----------
    blocks
        All of a service where requests may wait, since they wait for all of them at once; else one.
    price
        Of money and carbon.
    waiting
        None: no request waits.
    """

    def __init__(self, blocks: Sequence[PricedBlock], price: CarbonPrice, waiting: MayWait | None) -> None:
        self.blocks, self.price, self.waiting = blocks, price, waiting
        self.types = [(b, p) for b, own in enumerate(blocks) for p in range(len(own.machines))]
        first = blocks[0]
        end = float(first.demand.edges[-1])
        usable = [own.at[:-1] + machine.start_s for own in blocks for machine in own.machines]
        hours = [hours_of(own.service, own.b, 0.0, end) for own in blocks]
        self.edges = _apart(np.concatenate([first.demand.edges, first.at, *usable, *hours]), end)
        self.length = np.diff(self.edges)
        middle = (self.edges[1:] + self.edges[:-1]) / 2
        cell = np.clip(np.searchsorted(first.demand.edges, middle, side="right") - 1, 0, len(first.demand.rates) - 1)
        reach = first.service.reach(first.b) or 1.0
        self.demand = first.demand.rates[cell] / reach
        self.reach = [own.service.reach(own.b) for own in blocks]
        self._middle = middle

    def solve(
        self, gap: float, deadline: Deadline, most_g: float | None = None
    ) -> tuple[list[list[list[Spell]]], Demand, float, float] | None:
        """Return rentals by block and type, what is served when, and what nothing is below; None: nothing was found.

        The last number is the bound whatever HiGHS says.

        Parameters
        ----------
        gap
            Relative.
        deadline
            When to stop.
        most_g
            Limit on grams; None: there is none.
        """
        unit = sum(own.worth for own in self.blocks) / SIZE
        unit = unit if math.isfinite(unit) and unit > 0 else 1.0
        deferral = self._deferral()
        types, functions = self._at(self.price)
        within = None if most_g is None else CarbonWithin(*self._at(CarbonPrice(0.0, 1.0)), most_g)
        m = dispatch_model(self.length, self.demand, self.reach, types, functions, deferral, unit, within)
        start = {}
        for k, (b, p) in enumerate(self.types):
            for g, number in enumerate(self._numbers(self.blocks[b], p).tolist()):
                start[id(m.n[k, g])] = float(number)
        left = deadline.left
        outcome = HighsModel(m, deadline).solve(
            gap=gap, time_limit=left if math.isfinite(left) else None, start=start, threads=1
        )
        bound = outcome.bound * unit if math.isfinite(outcome.bound) else 0.0
        checked = outcome.checked * unit if math.isfinite(outcome.checked) else 0.0
        if not outcome.values:
            return None if bound <= 0 else ([], Demand(self.edges, self.demand), bound, checked)
        plans = self._plans(m, outcome)
        served = np.array([outcome.value(m.s[g]) for g in range(len(self.length))]) * (float(self.demand.max()) or 1.0)
        return plans, Demand(self.edges, self._served(served)), bound, checked

    def _at(self, price: CarbonPrice) -> tuple[list[DispatchedType], list[Floats | None]]:
        """Types and functions at a price."""
        return [self._type(b, p, price) for b, p in self.types], [self._function(own, price) for own in self.blocks]

    def _served(self, rates: Floats) -> Floats:
        """Requests a second that are served, mended: all that come by the end, none before they come."""
        if self.waiting is None:
            return self.demand
        come = np.cumsum(self.demand * self.length)
        gone = np.minimum(np.cumsum(np.maximum(rates, 0.0) * self.length), come)
        gone[-1] = come[-1]
        return np.asarray(np.diff(np.concatenate([[0.0], np.maximum.accumulate(gone)])) / self.length)

    def _deferral(self) -> Deferral | None:
        if self.waiting is None:
            return None
        come = np.concatenate([[0.0], np.cumsum(self.demand * self.length)])
        before = np.interp(self.edges[1:] - self.waiting.most_s, self.edges, come)
        return Deferral(self.waiting.share, self.waiting.share * np.maximum(come[1:] - before, 0.0))

    def _function(self, own: PricedBlock, price: CarbonPrice) -> Floats | None:
        if own.must:
            return None
        grams = request_grams(own.service, own.b, None, self._middle)
        return np.asarray(price.usd * own.service.function_usd(own.b) + price.gram * grams)

    def _type(self, b: int, p: int, price: CarbonPrice) -> DispatchedType:
        own = self.blocks[b]
        machine = own.machines[p]
        begins, ends = self.edges[:-1], self.edges[1:]
        on, order = price.usd * machine.usd_per_s * self.length, np.full(len(begins), price.usd * machine.usd_per_s)
        order = order * machine.start_s
        if machine.on_carbon is not None:
            on = on + price.gram * machine.on_carbon.grams(begins, ends)
            order = order + price.gram * machine.on_carbon.grams(begins - machine.start_s, begins)
        usable = own.at[:-1] + machine.start_s
        if not own.must:
            usable = usable[own.at[:-1] >= -MOMENT]
        works = price.gram * request_grams(own.service, own.b, machine, self._middle)
        up, down = _among(begins, usable), _among(begins, own.at)
        return DispatchedType(b, own.rates[p], machine.machines_max, on, order, works, up, down)

    def _numbers(self, own: PricedBlock, p: int) -> Counts:
        """Machines of a type that are usable in each slot, in the best rentals so far."""
        machine = own.machines[p]
        spells = [(r.from_s + machine.start_s, r.to_s) for r in own.rentals if r.machine == machine.name]
        spells = [pair for pair in spells if pair[0] < pair[1]]
        begun, ended = np.sort([pair[0] for pair in spells]), np.sort([pair[1] for pair in spells])
        return np.asarray(np.searchsorted(begun, self._middle) - np.searchsorted(ended, self._middle), dtype=np.int64)

    def _plans(self, m: Any, outcome: Any) -> list[list[list[Spell]]]:
        """Rentals by block and type; of several machines the oldest stops."""
        plans: list[list[list[Spell]]] = [[] for _ in self.blocks]
        for k, (b, p) in enumerate(self.types):
            lag = self.blocks[b].machines[p].start_s
            numbers = [math.floor(outcome.value(m.n[k, g]) + INTEGRAL) for g in range(len(self.length))]
            change = np.diff([0, *numbers, 0])
            begins = np.repeat(self.edges, np.maximum(change, 0)) - lag
            plans[b].append(
                list(zip(begins.tolist(), np.repeat(self.edges, np.maximum(-change, 0)).tolist(), strict=True))
            )
        return plans


def waits_in_time(come: Demand, served: Demand, waiting: MayWait, tolerance: float) -> bool:
    """Whether what is served when keeps what may wait, first come first served: valued from the flows alone.

    Parameters
    ----------
    come, served
        Requests a second.
    waiting
        Which share may wait, and how long.
    tolerance
        Share of all requests that does not count.
    """
    at = np.unique(np.concatenate([come.edges, served.edges, come.edges + waiting.most_s]))
    at = at[at <= come.edges[-1]]
    arrived, gone = _sum(come, at), _sum(served, at)
    due = _sum(come, at - waiting.most_s) * waiting.share + (1 - waiting.share) * arrived
    slack = tolerance * float(arrived[-1])
    middle = (at[1:] + at[:-1]) / 2
    at_once = _rate(served, middle) >= (1 - waiting.share) * _rate(come, middle) - slack
    in_order = (gone <= arrived + slack).all() and (gone >= due - slack).all()
    return bool(in_order and at_once.all() and abs(gone[-1] - arrived[-1]) <= slack)


def _sum(flow: Demand, at: Floats) -> Floats:
    whole = np.concatenate([[0.0], np.cumsum(flow.rates * np.diff(flow.edges))])
    return np.asarray(np.interp(at, flow.edges, whole))


def _rate(flow: Demand, at: Floats) -> Floats:
    return np.asarray(flow.rates[np.clip(np.searchsorted(flow.edges, at, side="right") - 1, 0, len(flow.rates) - 1)])


def _apart(times: Floats, end: float) -> Floats:
    """Sorted moments from 0 to the end, of those that are one but the first."""
    times = np.unique(np.concatenate([[0.0], times[(times > 0) & (times < end - MOMENT)]]))
    times = times[np.concatenate([[True], np.diff(times) > MOMENT])]
    return np.asarray(np.append(times, end))


def _among(times: Floats, others: Floats) -> NDArray[np.bool_]:
    """Whether each of some moments is one of others."""
    others = np.sort(others)
    if not len(others):
        return np.zeros(len(times), dtype=bool)
    after = np.minimum(np.searchsorted(others, times - MOMENT), len(others) - 1)
    return np.asarray(np.abs(others[after] - times) <= MOMENT)
