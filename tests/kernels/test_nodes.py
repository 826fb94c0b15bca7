"""Trees over machines and ranges of thresholds, against all choices; mixed thresholds against linear programs."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from oracles.enumeration_draws import draw
from oracles.enumeration_questions import lots
from oracles.enumeration_reading import read
from oracles.mixed_thresholds import least
from support import tiny
from support.random_choices import best_of, drawn, kernel, with_bait

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


def test_a_tree_that_ends_has_the_best_plan() -> None:
    """Nothing waits, and what is proven is not above the best: stopped early, the bound still holds."""
    for seed in range(12):
        case = drawn(seed)
        for n in range(len(case.stages)):
            least = best_of(case, n)[0]
            whole = kernel(case)
            whole.open(n, -np.inf)
            whole.run(100_000)
            assert whole.waiting() == 0
            assert np.isclose(whole.found()[0], least, rtol=1e-9) or whole.found()[0] == least
            assert whole.proven() >= least * (1 - 1e-6) or np.isinf(least)
            short = kernel(case)
            short.open(n, -np.inf)
            short.run(2)
            known = min(short.least_waiting(), short.proven(), short.found()[0])
            assert known <= least * (1 + 1e-9) or known == least
            assert short.looked_at() <= 2


@pytest.mark.parametrize("seed", [*range(6), 266])  # the last: a mix whose exits differ by rounding alone
def test_no_part_reads_behind_a_menu(seed: int) -> None:
    """What stands behind a menu would be the best: no part is without thresholds, so none takes or is bounded by it."""
    case = with_bait(drawn(seed, stages=5))
    for n in range(len(case.stages)):
        least = best_of(case, n)[0]
        tree = kernel(case)
        tree.open(n, -np.inf)
        tree.run(100_000)
        assert tree.waiting() == 0
        assert tree.found()[0] == pytest.approx(least, rel=1e-9)
        assert min(tree.proven(), tree.found()[0]) >= least * (1 - 1e-6)
