"""Candidates against all structures put together one by one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from support.listed import case_of, one_by_one, pricing_of

import serflow_opt as so
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision import candidates
from serflow_opt.traffic.provision.bounds import bounded, late_of, quickest
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import Structures


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


def test_few_of_many_are_made() -> None:
    """Of thousands of ways few can cost less than 0.43 USD an hour: the others are counted, and never made."""
    instance = so.load("bert12-sst2")
    carrying = Carrying("random", instance.utilisation_cap)
    pricing = Pricing(Structures(instance, 2), Rates.steady(20.0), 1e-3, carrying)
    pricing.promise.waits_beside = False  # as a search has it where structures are many
    among = Candidates(pricing, Cutting(pricing.structures))
    assert among.count == sum(1 for _ in one_by_one(pricing.structures)) > 4000
    assert 0 < sum(1 for _ in among.below(lambda: 0.43 / 3600)) < 100
