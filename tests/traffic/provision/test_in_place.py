"""Machines that blocks need in place, against those of the best deployment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.provisioned_instances import draw
from oracles.provisioned_reading import provisioned
from support.helpers import load

from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.in_place import fewest
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import Structures


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 9, 13, 18, 77])
def test_the_best_has_the_machines_that_its_place_needs(seed: int, tmp_path: Path) -> None:
    """The least counts that a place needs are never above those of the best deployment: they may be cut off below."""
    case = draw(seed)
    found = provisioned(case, tmp_path)
    if not found.parts:
        pytest.skip("no deployment")
    instance = load(case.document, tmp_path)
    shares, rates = (np.array(column) for column in zip(*case.rates, strict=True))
    carrying = Carrying(case.arrivals, instance.utilisation_cap)  # type: ignore[arg-type]
    pricing = Pricing(Structures(instance, case.blocks), Rates(rates, shares), case.wait_max, carrying)
    (least,) = fewest(pricing, [found.structure], found.usd_per_s * 1.01)
    assert all(count <= part.count for count, part in zip(least, found.parts, strict=True))
