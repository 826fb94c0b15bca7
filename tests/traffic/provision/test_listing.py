"""Structures listed by recursion against all of them, put together one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.provisioned_best import optimum
from oracles.provisioned_instances import draw
from support.helpers import load
from support.listed import case_of, pricing_of

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision import candidates
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.cutting import Cutting
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


def test_what_is_kept_out_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A structure that the caller rules out is never used, however cheap."""
    monkeypatch.setattr(candidates, "FEW", 0)
    instance = load(draw(25).document, tmp_path)
    found = provision(instance, 5.0, blocks=2, keep=lambda structure: len(structure) == 2)
    assert found.status == "optimal"
    assert len(found.parts) == 2
    assert found.usd_per_s >= provision(instance, 5.0, blocks=2).usd_per_s * (1 - 1e-4)
