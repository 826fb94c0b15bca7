"""Bounds on what each placement may add to a front, against all its plans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support import tiny

from serflow_opt.fronts.by_placement import front_by_placement
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance


def points(instance: Instance) -> set[tuple[float, float]]:
    """Cost and accuracy of every plan that nothing beats, listed one by one."""
    found = []
    menus = [np.eye(len(menu.exit_rates)).tolist() for menu in instance.menus]
    for options in itertools.product(range(len(instance.options)), repeat=len(instance.stages)):
        if list(options) != sorted(options):
            continue
        for weights in itertools.product(*menus):
            metrics = evaluate(instance, Decision(options, tuple(map(tuple, weights))))
            if not metrics.breaches and metrics.accuracy is not None:
                found.append((round(metrics.cost_usd_per_request, 9), round(-metrics.accuracy, 9)))
    return {p for p in found if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in found)}


@pytest.mark.parametrize("floor", [None, 0.85, 0.9])
def test_no_placement_that_adds_is_ruled_out(floor: float | None) -> None:
    """Three stages with two classifiers, where thresholds change both objectives: the front is that of all plans."""
    instance = tiny.three_stages(accuracy_min=floor)
    found = front_by_placement(instance, ("cost", "accuracy"), 100)
    assert found is not None
    made = [evaluate(instance, decision) for decision in found.decisions]
    assert {(round(m.cost_usd_per_request, 9), round(-(m.accuracy or 0.0), 9)) for m in made} == points(instance)
