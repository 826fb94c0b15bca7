"""Placements bounded and parted, against all plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support import tiny

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import placed
from serflow_opt.search.placements import list_paths
from serflow_opt.search.rented.parting import Parting

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def test_bounds_are_below_all_plans_and_parting_finds_the_best() -> None:
    """Three stages on machines rented whole: each placement's bound, and the plan that is left, by listing all."""
    instance = tiny.three_stages(accounting="reserved", rate_per_s=2.0, accuracy_min=0.9)
    chain = Chain.of(Data(instance), {"cost": 1.0})
    paths = list_paths(chain.data)
    assert paths is not None
    those, bests = placed(chain, paths), []
    for runners in paths.runner.tolist():
        options = tuple(chain.data.runners[e].option for e in runners)
        values = [
            metrics.cost_usd_per_request / chain.unit
            for weights in itertools.product(*(np.eye(len(menu.exit_rates)).tolist() for menu in instance.menus))
            if not (metrics := evaluate(instance, Decision(options, tuple(map(tuple, weights))))).breaches
        ]
        bests.append(min(values, default=np.inf))
    parting = Parting(chain, 0.0)
    weights = np.zeros(len(chain.limits))
    weights[0] = 1.0
    bounds = parting.bounded(those, weights, 1)
    for bound, best in zip(bounds * parting.columns.unit, bests, strict=True):
        assert bound <= max(best, parting.value) * (1 + 1e-9)
    parting.part_all(those, bounds, len(those))
    assert parting.value == pytest.approx(min(bests), rel=1e-9)
    decision = parting.decision()
    assert decision is not None
    assert evaluate(instance, decision).cost_usd_per_request / chain.unit == pytest.approx(min(bests), rel=1e-9)


def test_it_stops_after_so_many_nodes() -> None:
    """A search that is allowed no node stops as if its time were over."""
    chain = Chain.of(Data(tiny.three_stages(accounting="reserved", rate_per_s=2.0, accuracy_min=0.9)), {"cost": 1.0})
    paths = list_paths(chain.data)
    assert paths is not None
    parting = Parting(chain, 0.0, most_nodes=0)
    weights = np.zeros(len(chain.limits))
    weights[0] = 1.0
    with pytest.raises(OutOfTime):
        parting.bounded(placed(chain, paths), weights, 1)
