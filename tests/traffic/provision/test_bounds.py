"""Bounds of structures: never above what any thresholds and counts cost, and levels that may not be left out."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import pytest
from support.listed import case_of, one_by_one, pricing_of
from support.provision_by_head import BOTH, MACHINES, pricing, structure_of, whole

from serflow_opt.traffic.provision.bounds import bounded, levels_left, quickest, sharpened
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import Structure


def values(priced: Pricing, structure: Structure) -> dict[tuple[int, ...], float]:
    """What thresholds that keep the floor cost with their cheapest sizes, USD per second.

    Where no machine of a block pays, that is another structure.
    """
    found, instance = {}, priced.instance
    for levels in product(*(range(len(menu.exit_rates)) for menu in instance.menus)):
        service = service_of(priced.structures, structure, levels)
        right = math.fsum(s * a for s, a in zip(service.shares, service.accuracies, strict=True) if s > 0)
        if instance.accuracy_min is not None and right < instance.accuracy_min:
            continue
        sizes = StructureSizes(priced, structure, service).best()
        if sizes is not None and all(
            own.count for own, c in zip(sizes, structure, strict=True) if c.machine is not None
        ):
            rates = [priced.demand.mean * service.reach(b) for b in range(len(structure))]
            links = math.fsum(rate * c.hop_usd for rate, c in zip(rates, structure, strict=True))
            calls = [
                rates[b] * (service.function_usd(b) + priced.structures.cold_usd(c.function))
                for b, c in enumerate(structure)
                if c.machine is None
            ]
            found[levels] = math.fsum(own.usd for own in sizes) + math.fsum(calls) + links
    return found


@pytest.mark.parametrize("seed", [0, 1, 4, 8, 12, 18])
def test_no_deployment_is_below_its_bound(seed: int, tmp_path: Path) -> None:
    """Of each structure the cheapest thresholds cost at least its bound, or are not cheaper than what was asked."""
    priced = pricing_of(case_of(seed), 2, tmp_path)
    best = {
        own: min(values(priced, own).values(), default=math.inf) for own in list(one_by_one(priced.structures))[:40]
    }
    asked = min(best.values()) * 1.3
    if math.isinf(asked):
        pytest.skip("no deployment")
    kept, _ = quickest(priced, list(best))
    rough = bounded(priced, kept, asked)
    fine = sharpened(priced, rough, asked)
    for found in (rough, fine):
        bound = dict(zip(found.structures, found.bounds.tolist(), strict=True))
        for structure, usd in best.items():
            assert usd >= bound.get(structure, asked) * (1 - 1e-9)


def test_bounds_by_hand() -> None:
    """Four busy workers at 2/s: machines alone cost their rent, 4 x 0.5, and the input 2 x 0.125."""
    priced = pricing(whole(), 2.0, arrivals="smooth")
    alone, both = (structure_of(priced, ((0, 1), pools)) for pools in (MACHINES, BOTH))
    found = sharpened(priced, bounded(priced, [alone, both], 4.0), 4.0)
    bound = dict(zip(found.structures, found.bounds.tolist(), strict=True))
    assert bound[alone] == pytest.approx(2.0, rel=0.13)
    assert bound[alone] <= 2.25
    assert bound[both] <= 2.25


def test_levels_of_cheap_thresholds_are_left() -> None:
    """At a quarter leaving 2 x 2.5 s are five machines, 2.75: gone below 2.5, there below 3."""
    priced = pricing(whole(), 2.0, arrivals="smooth")
    structure = structure_of(priced, ((0, 1), MACHINES))
    for best, left in ((2.5, {0}), (3.0, {0, 1})):
        found = bounded(priced, [structure], best)
        assert {
            priced.data.menu[s][level].position for s, level in levels_left(priced, found, 0, best) if s == 1
        } == left
