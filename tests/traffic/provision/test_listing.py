"""Structures listed by recursion against all of them, put together one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.provisioned_best import optimum
from oracles.provisioned_instances import Case, draw
from support.helpers import load

import serflow_opt as so
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision import candidates
from serflow_opt.traffic.provision.bounds import bounded, late_of, quickest
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.hops import Hop
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.solve import provision
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures


def one_by_one(structures: Structures) -> Iterator[Structure]:
    """Every way to cut, everything that can run each block, and only then whether they can follow each other."""
    instance, stages = structures.instance, len(structures.instance.stages)
    for blocks in range(1, min(structures.most, stages) + 1):
        for inner in itertools.combinations(range(1, stages), blocks - 1):
            spans = list(itertools.pairwise([0, *inner, stages]))
            for bare in itertools.product(*(structures.choices(first, end - 1) for first, end in spans)):
                tiers = [structures.tiers(choice) for choice in bare]
                order = [machine for machine, _ in tiers if machine is not None]
                hops = [structures.hops.into_first(tiers[0])]
                hops += [structures.hops.between(tiers[b - 1], tiers[b], spans[b][0]) for b in range(1, blocks)]
                if order == sorted(order) and None not in hops:
                    yield tuple(_placed(bare, b, [hop for hop in hops if hop], tiers, instance) for b in range(blocks))


def _placed(bare: tuple[BlockChoice, ...], b: int, hops: list[Hop], tiers: Any, instance: Any) -> BlockChoice:
    machine = tiers[b][0]
    held = machine is not None and instance.tiers[machine].pays_for_waiting and b + 1 < len(bare)
    sending = hops[b + 1].seconds if held else 0.0
    return replace(bare[b], hop_s=hops[b].seconds, hop_usd=hops[b].usd, sending_s=sending)


def case_of(seed: int) -> Case:
    """A drawn service; to every third, a second tier of machines at another price."""
    case = draw(seed)
    at = next((t for t, tier in enumerate(case.document["tier"]) if tier["kind"] != "function"), None)
    if seed % 3 or at is None:
        return case
    own = case.document["tier"][at]
    cheap = {**own, "name": "cheap", "option": [{**o, "usd_per_hour": o["usd_per_hour"] * 0.7} for o in own["option"]]}
    tiers = [*case.document["tier"][: at + 1], cheap, *case.document["tier"][at + 1 :]]
    link = {"from": own["name"], "to": "cheap", "bandwidth_mbit_s": 100.0, "usd_per_gb": 0.01}
    return replace(case, document={**case.document, "tier": tiers, "link": [*case.document.get("link", []), link]})


def pricing_of(case: Case, blocks: int, folder: Path) -> Pricing:
    """The package's view of a case."""
    instance = load(case.document, folder)
    shares, rates = (np.array(column) for column in zip(*case.rates, strict=True))
    carrying = Carrying(case.arrivals, instance.utilisation_cap)  # type: ignore[arg-type]
    return Pricing(Structures(instance, blocks), Rates(rates, shares), case.wait_max, carrying)


@pytest.mark.parametrize("seed", [seed for seed in range(34) if seed not in (7, 22, 23, 31)])
def test_nothing_is_left_out(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists made by recursion are those put together one by one, but for structures that a bound rules out."""
    monkeypatch.setattr(candidates, "FEW", 0)
    blocks = 1 + seed % 4
    pricing = pricing_of(case_of(seed), blocks, tmp_path)
    cutting = Cutting(pricing.structures)
    every = list(one_by_one(pricing.structures))
    assert cutting.count() == len(every)
    among = Candidates(pricing, cutting)
    listed = list(among.rising())
    assert len(set(listed)) == len(listed)
    may = {structure for structure in every if late_of(pricing, structure) is not None} if among.count else set()
    kept, _ = quickest(pricing, [structure for structure in every if structure in may])
    assert set(kept) <= set(listed) <= set(every)

    free = bounded(pricing, kept, math.inf)
    at_least = dict(zip(free.structures, free.bounds.tolist(), strict=True))
    for best in [float(free.bounds[0]) * factor for factor in (1.02, 1.2, 2.0)] if at_least else []:
        found = bounded(pricing, kept, best)
        below = set(among.below(lambda best=best: best))
        for structure, bound in zip(found.structures, found.bounds.tolist(), strict=True):
            assert structure in below or max(bound, at_least[structure]) > best * (1 - 1e-9)


@pytest.mark.parametrize("seed", [3, 9, 12, 25, 36, 67])
def test_recursion_finds_the_cheapest(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching listed structures alone finds the cheapest deployment of all."""
    monkeypatch.setattr(candidates, "FEW", 0)
    case, blocks = case_of(seed), 1 + seed % 3
    shares, rates = (np.array(column) for column in zip(*case.rates, strict=True))
    arrivals: Any = case.arrivals
    instance, demand = load(case.document, tmp_path), Rates(rates, shares)
    found = provision(instance, demand, blocks=blocks, arrivals=arrivals, wait_max=case.wait_max)
    best = optimum(case.document, case.rates, blocks, case.arrivals, case.wait_max)
    assert found.status == ("infeasible" if best is None else "optimal")
    if best is not None:
        pricing = pricing_of(case, blocks, tmp_path)
        assert Candidates(pricing, Cutting(pricing.structures)).root <= best.usd_per_s * (1 + 1e-9)
        assert best.usd_per_s * (1 - 1e-9) <= found.usd_per_s <= best.usd_per_s * (1 + 1.001e-4)


def test_few_of_many_are_made() -> None:
    """Of thousands of ways few can cost less than 0.43 USD an hour: the others are counted, and never made."""
    instance = so.load("bert12-sst2")
    carrying = Carrying("random", instance.utilisation_cap)
    pricing = Pricing(Structures(instance, 2), Rates.steady(20.0), 1e-3, carrying)
    pricing.promise.waits_beside = False  # as a search has it where structures are many
    among = Candidates(pricing, Cutting(pricing.structures))
    assert among.count == sum(1 for _ in one_by_one(pricing.structures)) > 4000
    assert 0 < sum(1 for _ in among.below(lambda: 0.43 / 3600)) < 100


def test_what_is_kept_out_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A structure that the caller rules out is never used, however cheap."""
    monkeypatch.setattr(candidates, "FEW", 0)
    instance = load(draw(25).document, tmp_path)
    found = provision(instance, 5.0, blocks=2, keep=lambda structure: len(structure) == 2)
    assert found.status == "optimal"
    assert len(found.parts) == 2
    assert found.usd_per_s >= provision(instance, 5.0, blocks=2).usd_per_s * (1 - 1e-4)
