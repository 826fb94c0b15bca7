"""The best rows of one setting, against every choice of rows."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from support.drawn_training import small
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.inner import BestRows, Setup, improved, relaxed
from serflow_opt.families.training.rows import LINEAR, rows_of


@pytest.mark.parametrize("seed", range(6))
def test_no_choice_of_rows_is_below_the_bound(seed: int, tmp_path: Path) -> None:
    """With and without a limit that couples the groups; a choice that is named keeps it and is worth what is said."""
    data = so.load(write(small(seed), tmp_path)).data
    rng = np.random.default_rng(seed)
    for setting in data.settings[:6]:
        rows = rows_of(data, setting)
        everything = np.ones(rows.offered.shape, dtype=bool)
        goal = {LINEAR[0]: 1.0, LINEAR[-1]: float(rng.uniform(0, 1))}
        ways = list(itertools.product(*(np.flatnonzero(own).tolist() for own in rows.offered)))
        free = Setup(rows, everything, goal, {})
        for limits in ({}, {LINEAR[-1]: 0.0}):
            if limits:
                at = np.arange(len(rows.offered))
                part = rows.parts[LINEAR[-1]]
                t = [free.value(np.array(way))[1] for way in ways]
                used = [
                    float(part[at, way].sum()) + rows.per_t[LINEAR[-1]] * own for way, own in zip(ways, t, strict=True)
                ]
                limits = {LINEAR[-1]: rows.fixed[LINEAR[-1]] + float(np.quantile(used, 0.4))}
            setup = Setup(rows, everything, goal, limits)
            least = min((setup.value(np.array(way))[0] for way in ways), default=math.inf)
            first = relaxed(setup)
            best = improved(setup, first, 1e-9) if not setup.empty and math.isfinite(first.bound) else first
            for found in (first, best):
                assert found.bound <= least + 1e-9 * abs(least) or math.isinf(least)
                if found.choice is not None:
                    assert setup.value(found.choice)[0] == pytest.approx(found.value)
                    assert found.value >= least - 1e-9 * abs(least)


def test_a_setting_is_done_when_its_plan_meets_its_bound() -> None:
    """Within the gap, or where there is proven to be none; a plan that nobody knows proves nothing."""
    assert BestRows(1.0, 0.99, None).closed(0.01)
    assert not BestRows(1.0, 0.98, None).closed(0.01)
    assert BestRows(math.inf, math.inf, None).closed(0.0)
    assert not BestRows(math.inf, 1.0, None).closed(0.5)
