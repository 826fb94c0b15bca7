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
from serflow_opt.traffic.provision.in_place import PARTS, fewest, too_dear
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import Structures


def best_and_pricing(seed: int, folder: Path) -> tuple[Deployment, Pricing]:
    """The best deployment of a drawn service, and what blocks cost there."""
    case = draw(seed)
    found = provisioned(case, folder)
    if not found.parts:
        pytest.skip("no deployment")
    instance = load(case.document, folder)
    shares, rates = (np.array(column) for column in zip(*case.rates, strict=True))
    carrying = Carrying(case.arrivals, instance.utilisation_cap)  # type: ignore[arg-type]
    return found, Pricing(Structures(instance, case.blocks), Rates(rates, shares), case.wait_max, carrying)


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 9, 13, 18, 77])
def test_the_best_has_the_machines_that_its_place_needs(seed: int, tmp_path: Path) -> None:
    """The least counts that a place needs are never above those of the best deployment: they may be cut off below."""
    found, pricing = best_and_pricing(seed, tmp_path)
    (least,) = fewest(pricing, [found.structure], found.usd_per_s * 1.01)
    assert all(count <= part.count for count, part in zip(least, found.parts, strict=True))


@pytest.mark.parametrize("seed", [5052, 8, 23, 31, 6007, 6027])
def test_the_best_is_not_too_dear(seed: int, tmp_path: Path) -> None:
    """Beside a function the works of the best deployment are in a part that is not left out, if nothing is cheaper."""
    found, pricing = best_and_pricing(seed, tmp_path)
    (dear,) = too_dear(pricing, [found.structure], found.usd_per_s * (1 + 1e-6))
    service = service_of(pricing.structures, found.structure, tuple(found.levels))
    for b, block in enumerate(service.blocks):
        count = found.parts[b].count
        if not block.machines or block.function is None or count not in dear.get(b, {}):
            continue
        grid = pricing.profile(found.structure[b]).grid
        work = service.reach(b) * service.busy_s(b, block.machines[0])
        part = min(int((work - grid[0]) / (grid[-1] - grid[0]) * PARTS), PARTS - 1) if grid[-1] > grid[0] else 0
        assert not dear[b][count][part]
