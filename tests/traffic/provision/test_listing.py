"""Structures listed by recursion against all of them, put together one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.provisioned_best import optimum
from oracles.provisioned_instances import draw
from support.helpers import load
from support.listed import case_of, one_by_one, pricing_of

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision import candidates
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.listing import ListingLimit
from serflow_opt.traffic.provision.solve import provision


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


@pytest.mark.parametrize(("seed", "most"), [(9, 1), (9, 2), (25, 2), (36, 2)])
def test_blocks_are_those_of_so_many_at_most(seed: int, most: int, tmp_path: Path) -> None:
    """Of cuts into three blocks all that are in one or two: blocks with others in front and behind are in three."""
    pricing = pricing_of(case_of(seed), 3, tmp_path)
    candidates = Candidates(pricing, Cutting(pricing.structures), most=most)
    found = candidates._listed([ListingLimit(candidates._cost, lambda: candidates._cost.highest)]).blocks()
    bare = {own.placed(0.0, 0.0, own.sending_s) for own in found}
    listed = [structure for structure in one_by_one(pricing.structures) if len(structure) <= most]
    assert bare >= {own.placed(0.0, 0.0, own.sending_s) for structure in listed for own in structure}
    last = len(pricing.instance.stages) - 1
    assert all(own.first == 0 or own.last == last for own in found)


def test_what_is_kept_out_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A structure that the caller rules out is never used, however cheap."""
    monkeypatch.setattr(candidates, "FEW", 0)
    instance = load(draw(25).document, tmp_path)
    found = provision(instance, 5.0, blocks=2, keep=lambda structure: len(structure) == 2)
    assert found.status == "optimal"
    assert len(found.parts) == 2
    assert found.usd_per_s >= provision(instance, 5.0, blocks=2).usd_per_s * (1 - 1e-4)
