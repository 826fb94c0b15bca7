"""Placements one by one, against the exact evaluator."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support import tiny

from serflow_opt.formulations.coefficients import Data
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import bracket, columns_of, placed
from serflow_opt.search.placements import list_paths


def every(instance: Instance) -> tuple[Chain, list[tuple[Decision, int, tuple[int, ...]]]]:
    """The chain of cost, and each plan with the number of its placement and its thresholds."""
    data = Data(instance)
    chain = Chain.of(data, {"cost": 1.0})
    paths = list_paths(data)
    assert paths is not None
    found = []
    for n, runners in enumerate(paths.runner.tolist()):
        options = tuple(data.runners[e].option for e in runners)
        for levels in itertools.product(*(range(len(menu.exit_rates)) for menu in instance.menus)):
            weights = tuple(
                tuple(float(k == level) for k in range(len(menu.exit_rates)))
                for menu, level in zip(instance.menus, levels, strict=True)
            )
            found.append((Decision(options, weights), n, levels))
    return chain, found


@pytest.mark.parametrize("accuracy_min", [0.0, 0.9])
def test_columns_and_brackets_are_those_of_all_plans(accuracy_min: float) -> None:
    """Money, minus the accuracy and the whole time are the evaluator's; no bound is above its placement's best."""
    instance = tiny.three_stages(accuracy_min=accuracy_min, latency_slo_s=100.0)
    chain, plans = every(instance)
    paths = list_paths(chain.data)
    assert paths is not None
    those = placed(chain, paths)
    best = dict.fromkeys(range(len(those)), np.inf)
    for decision, n, levels in plans:
        metrics = evaluate(instance, decision)
        column = columns_of(chain, those.rows(np.array([n])), np.array([levels]))[0]
        assert column[0] * chain.unit == pytest.approx(metrics.cost_usd_per_request, rel=1e-12)
        assert -column[-1] == pytest.approx(metrics.accuracy, rel=1e-12)
        assert those.whole[n] * chain.data.second == pytest.approx(metrics.latency_worst_ms / 1000, rel=1e-12)
        if not metrics.breaches:
            best[n] = min(best[n], column[0])
    found = bracket(chain, those, np.array([1.0, 0.0]))
    for n, value in best.items():
        assert found.bound[n] <= value + 1e-12
        assert found.value[n] >= value - 1e-12
    assert np.isfinite(found.value).all()
