"""Costs of blocks by themselves: below every deployment of theirs."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from oracles.batch_enumeration import drawn
from support.batch_search import searched
from support.helpers import load

from serflow_opt.traffic.batches.costs import BlockCosts
from serflow_opt.traffic.batches.lines import exits_of
from serflow_opt.traffic.provision.service_of import service_of


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_no_structure_costs_less(seed: int, tmp_path: Path) -> None:
    """Neither their least nor their weights come to more than what thresholds cost; all that may be best are there."""
    instance = load(drawn(seed).document, tmp_path)
    search = searched(instance, "random")
    lines = search.lines_of(search.data)
    costs, met = BlockCosts(search, lines, exits_of(search.data)), set()
    for way in search.structures.ways():
        for structures, weight, fixed in costs.of(way, search.best * 1.5):
            for structure, row, least in zip(structures, weight, fixed.tolist(), strict=True):
                met.add(structure)
                for levels in itertools.product(*(range(len(menu.exit_rates)) for menu in instance.menus)):
                    service = service_of(search.structures, structure, levels)
                    valued = search.valuing.value(structure, service)
                    if valued is None:
                        continue
                    reach = [1.0]
                    for menu, k in zip(instance.menus[:-1], levels, strict=False):
                        reach.append(reach[-1] * (1 - menu.exit_rates[k]))
                    assert max(float(row @ reach), least) <= valued.usd_per_s * (1 + 1e-9)
    assert search.found is not None
    assert search.found.structure in met
