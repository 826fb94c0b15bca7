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
from typing import TYPE_CHECKING

from serflow_opt.traffic.of_structure import machine_of
from serflow_opt.traffic.structures import BlockChoice, Structure

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Service
    from serflow_opt.traffic.structure_bounds import Pricing


def t_cip(rent_per_s: float, function_usd: float) -> float:
    """Requests per second from which a machine at this rent is cheaper than a function at this price a request."""
    return rent_per_s / function_usd if function_usd > 0 else math.inf


def machines_for(rate: float, rent_per_s: float, machine_rate: float, function_usd: float) -> int:
    """How many machines serve a steady rate cheapest, the function taking the rest.

    ⌊rate / r⌋ full ones, and one more when what is left is above the T-CIP; none where a full machine costs more than
    the function.
    """
    point = t_cip(rent_per_s, function_usd)
    if point >= machine_rate:
        return 0
    full = math.floor(rate / machine_rate * (1 + 1e-12))
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
        return math.ceil(rate * (shallow + reach * deep) / room * (1 - 1e-9))

    for count in range(big(0.0), big(1.0) + 1):
        begins = max(0.0, ((count - 1) * room / rate - shallow) / deep) if deep > 0 else 0.0
        ends = (count * room / rate - shallow) / deep if deep > 0 else math.inf
        equal = (count * big_rent - small_usd) / (rate * function_usd)
        point = max(begins, equal)
        if point <= min(ends, 1.0):
            return max(point, 0.0)
    return 1.0


def s_cips(pricing: Pricing, structure: Structure, service: Service) -> list[float | None]:
    """Return the S-CIP of each block of a deployment, against machines that run it and the block before; None: none."""
    structures, instance = pricing.structures, pricing.instance
    slo = instance.latency_slo_s if instance.latency_measure == "worst" else None
    worst = structures.done_s(structure)[-1]
    points: list[float | None] = [None]
    for b in range(1, len(structure)):
        before, here = structure[b - 1], structure[b]
        points.append(None)
        if here.function is None or before.machine is None:
            continue
        usd = service.function_usd(b) + structures.fee(here.function)
        usd -= structures.option(here.function).usd_per_request
        rate = pricing.demand.mean * service.reach(b - 1)
        room = instance.utilisation_cap
        small = service.blocks[b - 1].machines[0]
        small_load = rate * service.busy_s(b - 1, small) / (room * small.workers)
        small_usd = small.usd_per_s * math.ceil(small_load * (1 - 1e-9))
        both = [c for c in structures.choices(before.first, here.last) if c.machine is not None and c.function is None]
        within = math.inf if slo is None else slo - worst + structures.hop_s(here.first)
        spare = within + structures.slowest(before) + structures.slowest(here)
        found = []
        for choice in both:
            if structures.slowest(choice) > spare * (1 + 1e-9):
                continue
            found.append(_against(choice, before, service, b, rate, small_usd, usd, room, pricing))
        if found:
            points[-1] = min(found)
    return points


def _against(
    choice: BlockChoice,
    before: BlockChoice,
    service: Service,
    b: int,
    rate: float,
    small_usd: float,
    function_usd: float,
    room: float,
    pricing: Pricing,
) -> float:
    """S-CIP of block b against one type that runs it and the block before."""
    big = machine_of(pricing.structures, choice)
    seconds = pricing.structures.option(choice.machine or 0).stage_seconds
    shares = service.shares
    reach = [max(0.0, 1 - math.fsum(shares[:s])) for s in range(len(shares))]
    if reach[before.first] <= 0 or reach[service.blocks[b].first] <= 0:
        return 1.0
    first, deep = before.first, service.blocks[b].first
    shallow_s = math.fsum(reach[s] * seconds[s] for s in range(first, deep)) / reach[first]
    deep_s = math.fsum(reach[s] * seconds[s] for s in range(deep, choice.last + 1)) / reach[deep]
    return s_cip(small_usd, function_usd, rate, big.usd_per_s, shallow_s, deep_s, room * big.workers)
