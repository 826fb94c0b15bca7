"""Where two ways to serve a block cost the same: the traffic and the sparsity cost indifference points.

T-CIP, traffic (LIBRA, arXiv 2104.05491; SERFLOW, arXiv 2510.27182): the rate c / c^F at which a machine costs what the
function does. What is left above the last full machine goes to the function when it is below.

S-CIP, sparsity (SERFLOW): the reach ρ* of a deep block below which "machines for the shallow block, function for the
deep one" is cheaper than "bigger machines for both", at a steady rate λ:

    c_small n_small + λ ρ c^F_deep  <  c_big n_big(ρ),      n_big(ρ) = ⌈λ (t_shallow + ρ t_deep) / (η w)⌉

Where n_big is fixed (the survey's 3.3.2: one machine for r_max) this is ρ* = (c_big - c_small) / (r_max c^F_deep).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import BISECTED, ROUNDING, TOLERANCE
from serflow_opt.traffic.provision.structures import BlockChoice, Structure

if TYPE_CHECKING:
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.result import Part
    from serflow_opt.traffic.service import Service

GROUPS = 12
"""Rates of a demand that are looked at."""
SCANNED = 20
"""Reaches between which an S-CIP is looked for."""


def t_cip(rent_per_s: float, function_usd: float) -> float:
    """Requests per second from which a machine at this rent is cheaper than a function at this price a request."""
    return rent_per_s / function_usd if function_usd > 0 else math.inf


def machines_for(rate: float, rent_per_s: float, machine_rate: float, function_usd: float) -> int:
    """How many machines serve a steady rate cheapest, the function taking the rest (LIBRA, arXiv 2104.05491).

    ⌊rate / r⌋ full ones, and one more when what is left is above the T-CIP; none where a full machine costs more than
    the function.

    Parameters
    ----------
    rate
        Requests per second.
    rent_per_s
        USD per second of a machine.
    machine_rate
        r, requests per second that a full machine serves.
    function_usd
        USD of a request on the function.
    """
    point = t_cip(rent_per_s, function_usd)
    if point >= machine_rate:
        return 0
    full = math.floor(rate / machine_rate * (1 + ROUNDING))
    return full + (rate - full * machine_rate > point)


def s_cip(
    small_usd: float, function_usd: float, rate: float, big_rent: float, shallow: float, deep: float, room: float
) -> float:
    """Reach of the deep block below which it is cheaper on its function.

    Parameters
    ----------
    small_usd
        USD per second of the machines of the shallow block alone.
    function_usd
        USD of a request of the deep block on its function.
    rate
        Requests per second that enter the shallow block.
    big_rent
        USD per second of a machine that runs both.
    shallow, deep
        Seconds a request entering the shallow block, and one entering the deep block, hold a worker of it.
    room
        Workers of a machine that may be busy, η w.

    Returns
    -------
    float
        Smallest ρ in [0, 1] at which big machines are not dearer; 1 where the function always wins.
    """

    def big(reach: float) -> int:
        return math.ceil(rate * (shallow + reach * deep) / room * (1 - TOLERANCE))

    for count in range(big(0.0), big(1.0) + 1):
        begins = max(0.0, ((count - 1) * room / rate - shallow) / deep) if deep > 0 else 0.0
        ends = (count * room / rate - shallow) / deep if deep > 0 else math.inf
        equal = (count * big_rent - small_usd) / (rate * function_usd)
        point = max(begins, equal)
        if point <= min(ends, 1.0):
            return max(point, 0.0)
    return 1.0


def s_cips(pricing: Pricing, structure: Structure, service: Service, parts: Sequence[Part]) -> list[float | None]:
    """Return the S-CIP of each block of a deployment that has a function, behind one with machines; None for others.

    Both sides as the deployment is priced: the block before as it is and this block's requests on its function, against
    the cheapest pool (with a function beside it or not) that runs both in the same time.

    Parameters
    ----------
    pricing
        What blocks cost, and the demand.
    structure
        What runs each block.
    service
        The structure at its thresholds.
    parts
        Its blocks, valued.

    Returns
    -------
    list
        By block, a share of all requests (not of those entering the block before), or None.
    """
    points: list[float | None] = [None]
    for b in range(1, len(structure)):
        before, here = structure[b - 1], structure[b]
        points.append(None)
        if before.machine is None or here.function is None or service.reach(b - 1) <= 0:
            continue
        pair = _Pair(pricing, structure, service, b, parts[b - 1].usd_machines + parts[b - 1].usd_functions)
        if pair.bigger:
            points[-1] = pair.point()
    return points


def t_cips(pricing: Pricing, structure: Structure, parts: Sequence[Part]) -> list[float | None]:
    """Return the T-CIP of each block with a function: of its machines, else of the cheapest that keep its time.

    Parameters
    ----------
    pricing
        What machines cost.
    structure
        What runs each block.
    parts
        Its blocks, valued: what a request costs on their functions.

    Returns
    -------
    list
        By block, requests per second, or None where there is no function or no machine to compare.
    """
    points = []
    for choice, part in zip(structure, parts, strict=True):
        within = pricing.structures.slowest(choice) * (1 + TOLERANCE)
        rents = [
            pricing.rent(other)
            for other in pricing.structures.choices(choice.first, choice.last)
            if other.machine is not None and other.function is None and pricing.structures.slowest(other) <= within
        ]
        if choice.machine is not None:
            rents = [pricing.rent(choice)]
        priced = choice.function is not None and rents and part.function_usd > 0
        points.append(min(rents) / part.function_usd if priced else None)
    return points


class _Pair:
    """Two blocks, one after the other, or as one on bigger machines."""

    def __init__(self, pricing: Pricing, structure: Structure, service: Service, b: int, small_usd: float) -> None:
        structures, before, here = pricing.structures, structure[b - 1], structure[b]
        self.pricing, self.structure, self.at, self.small_usd = pricing, structure, b - 1, small_usd
        self.deep_usd = parts_usd(pricing, here, service, b)
        self.entering = service.reach(b - 1)
        self.rates = pricing.demand.in_groups(GROUPS)
        spare = structures.slowest(before) + structures.slowest(here) + here.hop_s
        self.bigger = [
            choice
            for choice in structures.choices(before.first, here.last)
            if choice.machine is not None
            and structures.tier(choice.machine) == structures.tier(before.machine)
            and structures.slowest(choice) <= spare * (1 + TOLERANCE)
        ]
        shares = service.shares
        reach = [max(0.0, 1 - math.fsum(shares[:s])) for s in range(len(shares))]
        self.shallow = {s + 1: reach[s] / self.entering for s in range(before.first, here.first)}
        entered = reach[here.first]
        self.deep = {s + 1: reach[s] / entered if entered > 0 else 1.0 for s in range(here.first, here.last + 1)}

    def point(self) -> float:
        """Smallest reach at which bigger machines are not dearer, by a scan and bisection; 1: there is none."""
        high = next((k / SCANNED for k in range(SCANNED + 1) if self.gain(k / SCANNED) <= 0), None)
        if high is None:
            return self.entering
        low = max(0.0, high - 1 / SCANNED)
        while high - low > BISECTED and high > 0:
            middle = (low + high) / 2
            low, high = (middle, high) if self.gain(middle) > 0 else (low, middle)
        return high * self.entering

    def gain(self, deep: float) -> float:
        """USD per second saved by the function when a share `deep` of the requests goes on to the deep block."""
        split = self.small_usd + self.rates.mean * self.entering * deep * self.deep_usd
        return min(self._together(choice, deep) for choice in self.bigger) - split

    def _together(self, choice: BlockChoice, deep: float) -> float:
        pricing = self.pricing
        weight = self.shallow | {s: deep * share for s, share in self.deep.items()}
        assert choice.machine is not None
        option = pricing.structures.option(choice.machine)
        loads = (
            self.rates.rates
            * self.entering
            * math.fsum(t * weight[s] for s, t in pricing.machine_times(choice).items())
        )
        if choice.function is None:
            return option.rent_per_s * self._needed(choice, float(loads[-1]))
        usd = pricing.structures.fee(choice.function)
        usd += math.fsum(price * weight[s] for s, price in pricing.function_prices(choice).items())
        most = pricing.most(choice)
        carried = pricing.carrying.each(most, option.workers, loads)
        spilled = 1 - np.divide(carried, loads, out=np.ones_like(carried), where=loads > 0)
        spills = (spilled * self.rates.rates * self.entering) @ self.rates.shares
        return float((option.rent_per_s * np.arange(most + 1) + usd * spills).min())

    def _needed(self, choice: BlockChoice, load: float) -> int:
        """How many machines alone take a load and, where the block stands, let nobody wait too long."""
        pricing, before, here = self.pricing, self.structure[self.at], self.structure[self.at + 1]
        placed = replace(choice, hop_s=before.hop_s, hop_usd=before.hop_usd, sending_s=here.sending_s)
        whole = (*self.structure[: self.at], placed, *self.structure[self.at + 2 :])
        caps, relaxed = np.asarray(pricing.sizes(choice)), pricing.relaxed_in(whole, self.at)
        count, work = max(int(np.searchsorted(caps, load * (1 - TOLERANCE))), 1), load / pricing.demand.peak
        while relaxed is not None and count < len(caps) and relaxed.taken(count, None, work, work) > relaxed.room:
            count += 1
        return count


def parts_usd(pricing: Pricing, choice: BlockChoice, service: Service, b: int) -> float:
    """USD of a request entering a block on its function, its share of cold starts included.

    Parameters
    ----------
    pricing
        What blocks cost.
    choice
        What runs the block; it has a function.
    service
        At the thresholds in question: they say how far requests go.
    b
        Position of the block in the service.
    """
    assert choice.function is not None
    structures = pricing.structures
    return service.function_usd(b) + structures.cold_usd(choice.function) + choice.hop_usd
