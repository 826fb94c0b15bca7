"""What machines of a block cost and emit over a trace, exactly, where power is more or less clean by the hour.

At every moment who is usable serves what is cheapest to have served by him, at the weights that money and carbon have;
where carbon has none machines come before the function, and of machines the cleaner first. Nothing here knows of levels
or models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.schedule.evaluate import Rental, billed_s, served_per_s
from serflow_opt.traffic.schedule.levels import Demand
from serflow_opt.traffic.service import Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CarbonPrice:
    """What is minimised: so much of a USD, and so much of a gram of CO2e.

    Attributes
    ----------
    usd, gram
        Weights.
    other, share
        Where a limit on carbon falls between two ways of serving: the weight of a gram by which the rest is served that
        is not of this share; None: there is no rest.
    """

    usd: float = 1.0
    gram: float = 0.0
    other: float | None = None
    share: float = 1.0


MONEY = CarbonPrice()


@dataclass(frozen=True, slots=True)
class Emitted:
    """What rentals of a block cost and emit.

    Attributes
    ----------
    usd_machines, usd_functions, function_requests
        As of `evaluate.Value`.
    on_g, work_g, functions_g
        Grams of CO2e of machines that are on, of their work, and of functions.
    edges, cell_g, cell_calls
        Seconds between which all is constant; grams of work and functions, and requests that functions serve, between.
    """

    usd_machines: float
    usd_functions: float
    function_requests: float
    on_g: float
    work_g: float
    functions_g: float
    edges: Floats
    cell_g: Floats
    cell_calls: Floats

    @property
    def usd(self) -> float:
        """All money."""
        return self.usd_machines + self.usd_functions

    @property
    def grams(self) -> dict[str, float]:
        """Grams by what emits them."""
        return {"machines": self.on_g, "work": self.work_g, "functions": self.functions_g}

    def value(self, price: CarbonPrice) -> float:
        """Return what it is worth at a price."""
        return price.usd * self.usd + price.gram * math.fsum(self.grams.values())


def hours_of(service: Service, b: int, from_s: float, to_s: float) -> Floats:
    """Return the moments between two at which the grid of something in a block changes.

    Parameters
    ----------
    service, b
        The service, and the position of the block.
    from_s, to_s
        Seconds.
    """
    block = service.blocks[b]
    flows = [flow for own in block.machines for flow in (own.on_carbon, own.busy_carbon)]
    flows += [] if block.function is None else [block.function.busy_carbon]
    own = {flow.hours for flow in flows if flow is not None and flow.hours is not None}
    return np.unique(np.concatenate([np.zeros(0), *(hours.changes(from_s, to_s) for hours in own)]))


def request_grams(service: Service, b: int, own: Machine | None, moments: Floats) -> Floats:
    """Return grams that a request entering a block adds where a machine, or the function, serves it.

    Parameters
    ----------
    service, b
        The service, and the position of the block.
    own
        A type; None: the function.
    moments
        Seconds.
    """
    if own is not None:
        return (
            np.zeros(len(moments)) if own.busy_carbon is None else service.busy_s(b, own) * own.busy_carbon.at(moments)
        )
    function = service.blocks[b].function
    if function is None or function.busy_carbon is None:
        return np.zeros(len(moments))
    return np.asarray(service.function_s(b) * function.busy_carbon.at(moments))


def evaluate_emitted(
    service: Service,
    b: int,
    demand: Demand,
    rentals: Sequence[Rental],
    *,
    utilisation_cap: float = 1.0,
    price: CarbonPrice = MONEY,
) -> Emitted:
    """Return what rentals of one block cost and emit.

    Parameters
    ----------
    b, rentals
        Position of the block, and its machines in any order, valid as `evaluate_block` checks them.
    demand
        Requests a second that enter the block.
    utilisation_cap
        Share of a machine's rate that is used, η.
    price
        By which it is decided who serves.
    """
    block = service.blocks[b]
    types = {own.name: own for own in block.machines}
    end = float(demand.edges[-1])
    spells: dict[str, list[tuple[float, float]]] = {name: [] for name in types}
    for own in rentals:
        begin, stop = max(own.from_s + types[own.machine].start_s, 0.0), min(own.to_s, end)
        if begin < stop:
            spells[own.machine].append((begin, stop))
    changes = [moment for own in spells.values() for pair in own for moment in pair]
    edges = np.unique(np.concatenate([demand.edges, np.array(changes, float), hours_of(service, b, 0.0, end)]))
    edges = edges[(edges >= 0) & (edges <= end)]
    middle, length = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    rates = demand.rates[np.clip(np.searchsorted(demand.edges, middle, side="right") - 1, 0, len(demand.rates) - 1)]
    can, usd, grams = _menu(service, b, spells, middle, utilisation_cap, float(rates.max(initial=0.0)))
    taken, left = _taken(rates, can, price.usd * usd + price.gram * grams, grams)
    if price.other is not None:
        rest, _ = _taken(rates, can, price.usd * usd + price.other * grams, grams)
        taken = price.share * taken + (1 - price.share) * rest
    calls = taken[-1] * length
    emitted = taken * grams * length
    missing = math.fsum((left * length).tolist())
    lost = missing > TOLERANCE * demand.requests
    rent = math.fsum(types[own.machine].usd_per_s * billed_s(types[own.machine], own) for own in rentals)
    on = [
        float(flow.grams(own.from_s, own.to_s)) for own in rentals if (flow := types[own.machine].on_carbon) is not None
    ]
    called = math.fsum(calls.tolist())
    return Emitted(
        rent,
        math.inf if lost else called * service.function_usd(b) if called else 0.0,
        missing if lost else called,
        math.fsum(on),
        math.fsum(emitted[:-1].ravel().tolist()),
        math.fsum(emitted[-1].tolist()),
        edges,
        emitted.sum(axis=0),
        calls,
    )


def _taken(rates: Floats, can: Floats, cost: Floats, grams: Floats) -> tuple[Floats, Floats]:
    """Requests a second that each serves, the cheapest first, of equally cheap ones the cleaner; and what is left."""
    taken, left = np.zeros_like(can), rates.copy()
    for row in np.lexsort((grams, cost), axis=0):
        here = row, np.arange(len(rates))
        taken[here] = np.minimum(left, can[here])
        left -= taken[here]
    return taken, left


def _menu(
    service: Service,
    b: int,
    spells: dict[str, list[tuple[float, float]]],
    middle: Floats,
    cap: float,
    peak: float,
) -> tuple[Floats, Floats, Floats]:
    """Requests a second that each type can serve at some moments, what one costs and emits; the function comes last."""
    block = service.blocks[b]
    can, usd, grams = [], [], []
    for own in block.machines:
        begun = np.sort(np.array([begin for begin, _ in spells[own.name]], float))
        ended = np.sort(np.array([stop for _, stop in spells[own.name]], float))
        usable = np.searchsorted(begun, middle) - np.searchsorted(ended, middle)
        rate = min(served_per_s(service, b, own, cap), max(peak, 1.0))
        can.append(usable * rate)
        usd.append(np.zeros(len(middle)))
        grams.append(request_grams(service, b, own, middle))
    price = service.function_usd(b)
    there = math.isfinite(price)
    can.append(np.full(len(middle), math.inf if there else 0.0))
    usd.append(np.full(len(middle), price if there else 0.0))
    grams.append(request_grams(service, b, None, middle))
    return np.array(can), np.array(usd), np.array(grams)
