"""Bounds of two pools a block at any cut: never above deployments drawn at random, and close to the cheapest."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from support.pair_services import searched, service
from support.rented_pools import rented

import serflow_opt as so
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.provision import pool_pairs
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.pool_pairs import PoolPairs
from serflow_opt.traffic.provision.pools import Apart, Strands, joined, pools_of
from serflow_opt.traffic.provision.search import ProvisionSearch
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import BlockChoice


def drawn_cost(search: ProvisionSearch, rng: np.random.Generator, blocks: int) -> float:
    """Return what a deployment drawn at random costs, USD per second; inf: it does not keep the targets."""
    structures, pricing, last = search.structures, search.pricing, len(search.instance.stages)
    ends = sorted(rng.choice(np.arange(1, last), int(rng.integers(0, blocks)), replace=False).tolist())
    choices, pair = [], False
    for first, end in itertools.pairwise([0, *ends, last]):
        functions, machines = structures.functions(first, end - 1), structures.pools(first, end - 1)
        function = None if not functions or rng.random() < 0.5 else int(rng.choice(functions))
        two = len(machines) > 1 and (rng.random() < 0.7 or not pair)
        one, *other = rng.choice(machines, 1 + two, replace=False).tolist()
        share = float(rng.choice([rng.random(), rng.integers(1, 40) / 40]))
        choices.append(
            BlockChoice(first, end - 1, one, function, second=other[0] if two else None, share=share if two else 1.0)
        )
        pair |= two
    structure = joined(structures, choices)
    if not pair or structure is None:
        return math.inf
    levels = tuple(int(rng.integers(len(menu.thresholds))) for menu in search.instance.menus)
    service = service_of(structures, structure, levels)
    if service.accuracy < search.instance.accuracy_min * (1 - TOLERANCE):
        return math.inf
    pools, promise = pools_of(structures, structure), search.promise
    apart, single = Apart.of(service, pools), tuple(pool.choice for pool in pools)
    sizes = StructureSizes(pricing, single, apart, Strands(promise, structure, service).taken).best(math.inf)
    if sizes is None or not all(size.count for size in sizes):
        return math.inf
    return math.fsum(part.usd_per_s for part in search.parts(structure, service, sizes))


def cheapest_drawn(seed: int, blocks: int, waits_beside: bool, draws: int) -> tuple[float, float]:
    """Return the bound and the least cost of deployments drawn at random, USD per second."""
    search = searched(service(seed), blocks)
    search.promise.waits_beside = waits_beside
    rng = np.random.default_rng([seed, blocks])
    least = min(drawn_cost(search, rng, blocks) for _ in range(draws))
    best = 2 * least if math.isfinite(least) else 100.0
    return PoolPairs(search.pricing, best, waits_beside=waits_beside).bound(), least


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_no_deployment_is_below(seed: int) -> None:
    """Whatever is drawn costs no less: cuts, thresholds, pools, shares and counts, with waits and without."""
    bound, least = cheapest_drawn(seed, 2, waits_beside=seed % 4 < 2, draws=15)
    assert 0 < bound <= least * (1 + 1e-9)


def test_whole_machines_rule_out_pairs_that_parts_of_machines_do_not() -> None:
    """Machines rented in parts would cost 0.265 USD/h; no pairs of whole ones are below 0.402, which one pool costs."""
    search = searched(so.load("bert12-sst2"))
    best = 0.40208 / 3600
    assert PoolPairs(search.pricing, best, waits_beside=False).bound() == pytest.approx(best, rel=1e-9)
    assert Candidates(search.pricing, search.cutting).fluid < 0.27 / 3600


def test_the_rent_of_two_tiers_is_told_exactly() -> None:
    """Six machines keep up with 2 requests/s of 3 s, four of each tier are there: 4 x 0.2 + 2 x 0.5."""
    search = searched(replace(rented(4, 4), rate_per_s=2.0), 1, "smooth")
    pairs = PoolPairs(search.pricing, 10.0, waits_beside=True)
    assert pairs.bound() == pytest.approx(1.8, rel=1e-6)


def test_too_many_ways_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more machines might be combined than are looked at, the bound is that of no machines at all."""
    search = searched(service(0))
    assert PoolPairs(search.pricing, 10.0, waits_beside=True).bound() > 0
    monkeypatch.setattr(pool_pairs, "MOST_OFFERS", 3)
    assert PoolPairs(search.pricing, 10.0, waits_beside=True).bound() == 0
