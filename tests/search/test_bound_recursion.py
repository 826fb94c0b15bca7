"""Sweeps over all placements at once, and the listing of what they leave, against plans enumerated one by one.

What a plan costs, takes and gets right is the oracle's (`oracles.adapted`); a Lagrangian of it is a weighted sum.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import tiny
from support.swept import (
    EACH,
    ROUNDING,
    case_of,
    keys_of,
    lanes_of,
)

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.dominance import staircase
from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.layered import Chain
from serflow_opt.search.prefixes import least_whole_before


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_least_of_all_plans(kind: str, seed: int) -> None:
    """Several multipliers side by side, and each alone; what attains the least is a placement that does."""
    case = case_of(kind, seed)
    if case is None:
        return
    lanes, before = lanes_of(case, seed), least_whole_before(case.chain)
    swept = sweep(case.chain, lanes, before)
    paths = keys_of(swept.paths()) if (swept.first >= 0).any() else []
    for n, weights in enumerate(lanes):
        expected = case.least(weights)
        size = ROUNDING * float(np.abs(weights) @ np.abs(case.columns).max(axis=0, initial=0.0)) + 1e-13
        alone = sweep(case.chain, weights[None], before).best[0]
        assert alone == pytest.approx(swept.best[n], rel=1e-12, abs=size)
        if case.tight:
            assert swept.best[n] <= min(expected.values(), default=math.inf) + size
        elif not expected:
            assert swept.best[n] == math.inf
            assert swept.first[n] == -1
        else:
            assert swept.best[n] == pytest.approx(min(expected.values()), rel=ROUNDING, abs=size)
            at = int((swept.first[:n] >= 0).sum())
            # where everybody leaves, a placement that goes on all the same is worth as much
            assert case.chain.data.ends or paths[at] in expected
            assert expected.get(paths[at], min(expected.values())) == pytest.approx(
                min(expected.values()), rel=ROUNDING, abs=size
            )


# ----------------------------------------------------------------------------------------------------
# What comes before a state, on documents without adaptations, memory and payload limits: any prefix can go on


# ----------------------------------------------------------------------------------------------------
# Staircases


@pytest.mark.parametrize("seed", range(18))
def test_staircase(seed: int) -> None:
    """What nothing else of the group is as good as in both; of equals one."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40))
    group = rng.integers(0, 4, count)
    value, whole = (rng.integers(0, 8, count).astype(float) for _ in range(2))
    found = staircase(group, value, whole).tolist()
    points = set(zip(group.tolist(), value.tolist(), whole.tolist(), strict=True))
    undominated = {
        (g, v, w)
        for g, v, w in points
        if not any(h == g and (x, y) != (v, w) and x <= v and y <= w for h, x, y in points)
    }
    kept = [(int(group[i]), float(value[i]), float(whole[i])) for i in found]
    assert kept == sorted(undominated)


def test_timed_where_there_is_no_limit() -> None:
    """`tiny.two_stages`: v takes 3.5 s, f 1 s; v then f takes 2.25 s and is dearer than f."""
    instance = tiny.two_stages()
    chain = Chain.of(Data(instance), {"cost": 1.0})
    weights, before = np.array([[1.0, 0.0]]), least_whole_before(chain)
    timed, plain = (sweep(chain, weights, before, timed=timed) for timed in (True, False))
    second, dollar = chain.data.second, chain.data.dollar
    # half leave: v costs 0.625 + 0.5, f 1.25 + 0.25
    expected = [(1.125, 3.5), (1.5, 1.0)]
    found = sorted(zip((timed.ends.value * dollar).tolist(), (timed.ends.whole * second).tolist(), strict=True))
    assert [pair for pair in found if pair in expected] == expected
    assert plain.best.tolist() == timed.best.tolist() == [1.125 / dollar]
