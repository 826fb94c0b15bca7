"""Mixed thresholds by ranges of the menus, against linear programs over all rows, and by hand."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from oracles.enumeration_draws import draw, lots
from oracles.enumeration_reading import read
from oracles.mixed_thresholds import least
from support import tiny

import serflow_opt as so
from serflow_opt.problem.kinds import ThresholdMode

OPENED, CLOSE = 2e-6, 1e-5
"""What limits are opened or closed by, relative, in the programs that a plan's value lies between; how closely."""


@pytest.mark.parametrize("seed", [1, 2, 4, 5, 6, 8, 9])
def test_mixed_thresholds_cost_the_least_of_all_mixes(tmp_path: Path, seed: int) -> None:
    """Of neighbours or of any rows, paid per request or on whole machines, within limits and percentiles."""
    path = draw(seed, tmp_path, without=("tail", "extreme", "near", "weighted", "printed", "adapted"), change=lots)
    document, instance = read(path), so.load(path)
    plan = so.solve(instance, method="mixes")
    assert plan.status in ("optimal", "infeasible")
    value = math.inf if plan.objective.value is None else plan.objective.value
    assert least(document, instance.threshold_mode, OPENED) * (1 - CLOSE) <= value
    assert value <= least(document, instance.threshold_mode, -OPENED) * (1 + CLOSE)


@pytest.mark.parametrize("thresholds", ["interpolated", "randomized"])
def test_one_coin_meets_the_floor(thresholds: ThresholdMode) -> None:
    """Between R = 0.5 (0.88 right) and 0.75 (0.945) a mix meets 0.91 exactly; v alone costs 0.125 + 0.5 (1 + 2 R)."""
    menu = tiny.two_stages(accuracy_min=0.91)
    plan = so.solve(dataclasses.replace(menu, threshold_mode=thresholds), method="mixes")
    reach = 0.5 + 0.25 * (0.91 - 0.88) / (0.945 - 0.88)
    assert plan.metrics is not None
    assert plan.metrics.accuracy == pytest.approx(0.91, rel=1e-8)
    assert plan.objective.value == pytest.approx(0.625 + reach, rel=1e-8)
