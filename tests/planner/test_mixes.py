"""Mixes that are the best at any rate, valued by the exact evaluator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import tiny

from serflow_opt.ground.deadline import Deadline
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.planner.mixes import mixes_at_any_rate
from serflow_opt.planner.rated import HOUR, Rated


@pytest.mark.parametrize("mode", ["randomized", "interpolated"])
def test_they_are_what_they_say(mode: str) -> None:
    """`tiny.two_stages`: whatever of a machine a plan loads, it keeps that busy, pays the rest, and keeps the floor."""
    instance = replace(tiny.two_stages(accounting="reserved", rate_per_s=1.0, accuracy_min=0.9), threshold_mode=mode)
    told: list[tuple[int, int]] = []
    found = mixes_at_any_rate(instance, 1e-6, Deadline(), 1, lambda n, of: told.append((n, of)))
    assert told == [(1, 1)]
    assert found
    for mixes in found:
        for x in np.linspace(mixes.x[0], mixes.x[-1], 3).tolist():
            metrics = evaluate(instance, mixes.plan(x))
            terms = Rated.of(metrics, 1.0, instance.utilisation_cap)
            assert not metrics.breaches
            assert sum(terms.loads) == pytest.approx(x, abs=1e-12)
            assert terms.per_request * HOUR == pytest.approx(mixes.cost(x), rel=1e-9)


def test_a_mix_by_hand() -> None:
    """The floor 0.9 lies 20 of 65 from 0.88 to 0.945: 4 of 13 meet the stricter row, so R_2 = 0.5 + 0.25 x 4 / 13."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=1.0, accuracy_min=0.9)
    instance = replace(instance, threshold_mode="randomized", options=instance.options[:1])
    (mixes,) = mixes_at_any_rate(instance, 1e-6, Deadline(), 1, lambda n, of: None) or ()
    reach = 0.5 + 0.25 * 4 / 13
    assert mixes.plan(float(mixes.x[0])).weights[0] == pytest.approx((9 / 13, 4 / 13))
    assert mixes.x.tolist() == pytest.approx([(1 + 2 * reach) / instance.utilisation_cap])
