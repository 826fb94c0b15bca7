"""One structure: sets of thresholds are split until the cheapest of all is proven."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from support.provision_by_head import BOTH, MACHINES, pricing, served, structure_of, whole

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.one_structure import OneStructure, _cut, _split
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import Structure


@dataclass
class Best:
    """Keeps the cheapest that it is offered."""

    pricing: Pricing
    best: float
    gap: float = 1e-4
    deadline: Deadline = NEVER
    doubt: str = ""
    solves: int = 0
    offered: list[tuple[int, ...]] = field(default_factory=list)

    def enough(self) -> float:
        """As good as the best within the gap."""
        return self.best * (1 - self.gap)

    def offer(self, structure: Structure, levels: tuple[int, ...]) -> float:
        """Value with the cheapest sizes, and 0.125 USD of input a request."""
        self.offered.append(levels)
        sizes = StructureSizes(self.pricing, structure, served(self.pricing, structure, *levels)).best()
        usd = math.inf if sizes is None else math.fsum(own.usd for own in sizes) + 0.125 * self.pricing.demand.mean
        self.best = min(self.best, usd)
        return usd


@pytest.mark.parametrize("pools", [MACHINES, BOTH])
@pytest.mark.parametrize("slo_s", [None, 6.0])
def test_the_cheapest_thresholds_are_proven(pools: tuple[int | None, int | None], slo_s: float | None) -> None:
    """Of both thresholds the cheaper is found from a bad start, and the bound comes within the gap of it."""
    priced = pricing(whole(latency_slo_s=slo_s, latency_measure="p90"), 2.0)
    structure = structure_of(priced, ((0, 1), pools))
    tried = Best(priced, math.inf)
    cheapest = min(tried.offer(structure, (level, 0)) for level in (0, 1))
    incumbent = Best(priced, cheapest * 1.5)
    own = OneStructure(priced, structure, incumbent)
    assert own.waits == (slo_s is not None)
    for _ in range(50):
        if own.closed or own.bound >= incumbent.enough():
            break
        own.advance()
    assert incumbent.best == pytest.approx(cheapest, rel=1e-9)
    assert own.bound >= incumbent.enough() * (1 - 1e-9)
    assert own.checked <= cheapest * (1 + 1e-9)


def test_a_range_is_split_below_what_a_solution_makes() -> None:
    """At 3 of 1 to 5, a 64th of the width below; near an end not closer to it than an eighth."""
    assert _cut((1.0, 5.0), 3.0) == ((1.0, 3.0 - 4 / 64), (3.0 - 4 / 64, 5.0))
    assert _cut((1.0, 5.0), 1.0) == ((1.0, 1.5), (1.5, 5.0))
    assert _cut((1.0, 5.0), 5.0)[0] == (1.0, 4.5)


def test_thresholds_are_split_where_they_differ_most() -> None:
    """Of stage 1's two levels one goes into each part; every other level is in both."""
    data = pricing(whole()).data
    every = {(s, level) for s in data.stages for level in data.levels[s]}
    parts = [set(own) for own in _split(data, (0, 0), None)]
    assert parts[0] | parts[1] == every
    assert {s for s, _ in parts[0] ^ parts[1]} == {1}
    assert all({key for key in every if key[0] == 2} <= part for part in parts)
