"""The model of a structure with batches: no deployment of it is cheaper, with or without a model."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from oracles.batch_enumeration import drawn
from support.helpers import load

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.batches.lines import ReachLines
from serflow_opt.traffic.batches.models import least_apart, model_of
from serflow_opt.traffic.batches.structures import BatchStructures
from serflow_opt.traffic.batches.value import Valuing
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.service_of import service_of


@pytest.mark.parametrize("seed", [2, 3, 6])
def test_bounds_are_below_every_choice_of_thresholds(seed: int, tmp_path: Path) -> None:
    """Blocks apart, then the model, then the cheapest thresholds with their fewest machines."""
    arrivals: Any = "smooth" if seed % 2 else "random"
    instance = load(drawn(seed).document, tmp_path)
    rate = instance.rate_per_s
    assert rate is not None
    structures, data = BatchStructures(instance, 2), Data(instance)
    carrying = Carrying(arrivals, instance.utilisation_cap)
    promise = Promise(structures, Rates.steady(rate), carrying)
    valuing = Valuing(structures, promise, rate, carrying, None)
    lines = ReachLines(structures, data, rate, arrivals)
    limits: Any = SimpleNamespace(
        structures=structures, promise=promise, carrying=carrying, deadline=NEVER, rate=rate, best=math.inf, gap=1e-6
    )
    met = 0
    for way in itertools.islice(structures.ways(), 4):
        structure = tuple(block[-1] for block in way.blocks)
        costs = {}
        for levels in itertools.product(*(range(len(menu.exit_rates)) for menu in instance.menus)):
            valued = valuing.value(structure, service_of(structures, structure, levels))
            if valued is not None:
                costs[levels] = valued.usd_per_s
        found = model_of(limits, lines, data, structure)
        cheapest = min(costs.values(), default=math.inf)
        if found is None:
            assert math.isinf(cheapest)
            continue
        assert found.bound <= cheapest * (1 + 1e-6)
        assert found.checked <= found.bound * (1 + 1e-9)
        assert least_apart(limits, lines, data, structure) <= cheapest * (1 + 1e-9)
        met += math.isfinite(cheapest)
    assert met
